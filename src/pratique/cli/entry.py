"""Where the process starts: what is quick first, then the app; every error ends as one line."""

import signal
import sys
import threading
from collections.abc import Sequence

from pratique import __version__

INTERRUPTED, TERMINATED = 130, 143


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 admitted, 1 needs review or rejected, 2 wrong use, 3 incomplete, 130 interrupted.
    """
    args = list(sys.argv[1:] if argv is None else argv)
    if args in (["--version"], ["-V"]):
        print(f"pratique {__version__}")  # noqa: T201 - before Rich is imported: 0.3 s
        return 0
    _speak_utf8()
    _end_in_order()
    begins = args[:1] in (["scan"], ["badge"], ["detonate"])
    if begins and not {"--no-jail", "-h", "--help"} & set(args):
        # before Typer, Rich and all rules are imported: both take their time side by side
        from pratique.flows.early import head_start  # noqa: PLC0415

        head_start()
    try:
        return _run(args)
    except KeyboardInterrupt:
        return _interrupted()


def _run(args: list[str]) -> int:
    # Typer and Rich take 0.3 s to import: not before `--version` was answered
    from pratique.cli.trouble import told  # noqa: PLC0415

    try:
        from pratique.cli.app import app, whole  # noqa: PLC0415

        code = (app if args[:1] in (["scan"], ["detonate"]) else whole())(
            args, standalone_mode=False, prog_name="pratique"
        )
    except Exception as e:  # noqa: BLE001 - whatever it is, the operator gets one line
        line, code = told(e)
        if {"--verbose", "-v"} & set(args):
            sys.excepthook(type(e), e, e.__traceback__)
        _say(line)
    if code == INTERRUPTED:  # Typer turns a Ctrl-C into this code, and says nothing
        return _interrupted()
    return code if isinstance(code, int) else 0


def _interrupted() -> int:
    _say("interrupted; nothing was written")
    return INTERRUPTED


def _say(line: str) -> None:
    print(f"pratique: {line}", file=sys.stderr)  # noqa: T201 - the one line of an error


def _end_in_order() -> None:
    """Let a termination unwind, so that no half-written file and no worker is left behind."""
    here = threading.current_thread() is threading.main_thread()
    if here and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))


def _speak_utf8() -> None:
    """Write what a terminal's encoding lacks as escapes, rather than fail in mid-report."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
