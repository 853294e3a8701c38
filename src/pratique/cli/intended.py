"""What the caller says was intended: a digest, a publisher's signature; asked before the scan."""

import re
from importlib import import_module
from pathlib import Path

from pratique.core.errors import UsageError
from pratique.core.finding import Digest

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def expected(text: str | None) -> Digest | None:
    """Return the digest that `--expect-digest` names.

    Raises:
        UsageError: it is none.

    """
    if text is None:
        return None
    if not _DIGEST.fullmatch(text):
        raise UsageError(f"--expect-digest {text!r}: write sha256: and 64 lower-case hex digits")
    return Digest(text)


def publisher(
    address: str, signed_by: str | None, signature: Path | None
) -> tuple[tuple[str, object], ...]:
    """Return what is found out about the publisher's signature, for rules over the repository.

    Raises:
        UsageError: `--signature` without `--signed-by`, or an identity that cannot be checked.

    """
    if signed_by is None:
        if signature is not None:
            raise UsageError("--signature says where, not whose: add --signed-by")
        return ()
    try:
        module = import_module("pratique.attest.publisher")
    except ModuleNotFoundError as e:
        raise UsageError("--signed-by: this build cannot check a publisher's signature") from e
    facts: tuple[tuple[str, object], ...] = module.facts(address, signed_by, signature)
    return facts
