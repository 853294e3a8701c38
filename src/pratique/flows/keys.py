"""The story of keys: made once, in one go, never overwritten."""

import os
from datetime import datetime
from pathlib import Path

from pratique.attest import keys
from pratique.attest.keys import MODEL_SIG, STATEMENT, KeySigner
from pratique.attest.making import Signers

PASSPHRASE = "PRATIQUE_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable


def default_folder() -> Path:
    """Return where keys are kept when nobody says otherwise."""
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home, "pratique", "keys")


def init(folder: Path, *, now: datetime, days: int = keys.DAYS) -> dict[str, KeySigner]:
    """Make both key pairs and `trust.json`; return the signers by their role.

    Raises:
        UsageError: the folder holds something already.

    """
    keys.init(folder, now=now, days=days, passphrase=_passphrase())
    return {role: keys.signer(folder, role, _passphrase()) for role in (STATEMENT, MODEL_SIG)}


def signers(folder: Path) -> Signers:
    """Return the signers of a folder that `init` made.

    Raises:
        UsageError: a key is missing, can be read by others or cannot be opened.

    """
    one, two = (keys.signer(folder, role, _passphrase()) for role in (STATEMENT, MODEL_SIG))
    return Signers(one, two)


def _passphrase() -> bytes | None:
    return os.environ.get(PASSPHRASE, "").encode() or None
