"""The program that does nothing: to see whether a sandbox holds, and what starting one costs."""

from collections.abc import Callable, Mapping
from typing import Any


def serve(request: Mapping[str, Any], send: Callable[[Mapping[str, Any]], None]) -> None:
    """Send the request's `echo` back, where there is one."""
    if "echo" in request:
        send({"echo": request["echo"]})
