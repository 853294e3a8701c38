"""The head start of a scan: its zygote gets warm while the rest of the command is imported."""

from typing import Final

from pratique.core.limits import Limits
from pratique.sandbox.workers import Zygote

PROGRAM: Final = "pratique.engine.worker"


def head_start() -> None:
    """Launch the zygote that a scan with the usual settings will ask for, if one is asked for."""
    Zygote.launch(PROGRAM, heap=Limits().heap_bytes)
