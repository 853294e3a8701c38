"""The misbehaving program on a machine without pidfd."""

import errno

from harness.denying import deny
from harness.programs.misbehave import serve

__all__ = ["serve", "warm"]


def warm() -> None:
    """Let the calls fail that such a machine does not have."""
    deny({"pidfd_open": errno.ENOSYS})
