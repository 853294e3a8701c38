"""An audit hook of Python that tells, with the Python stack, what a loaded program is about to do.

It enriches what the recorder outside sees and proves nothing: the program can forge or stop it.
"""

import sys
import threading
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any, Optional, cast

MAX_EVENTS = 2_000
MAX_PER_EVENT = 300
MAX_FRAMES = 12
MAX_ARGS = 4
MAX_TEXT = 200
_OWN = "pratique.sandbox"
_LOUD = frozenset(
    (
        *("marshal.loads", "pickle.find_class", "code.__new__", "sys.settrace", "sys.setprofile"),
        *("sys.addaudithook", "pty.spawn", "webbrowser.open", "ensurepip.bootstrap"),
    )
)
_FAMILIES = (
    *("socket.", "subprocess.", "os.", "ctypes.", "shutil.", "ftplib.", "smtplib.", "telnetlib."),
    *("urllib.", "http.", "imaplib.", "poplib.", "nntplib.", "syslog."),
)
_QUIET = frozenset(("os.listdir", "os.scandir", "os.walk", "os.fwalk", "os.putenv", "os.unsetenv"))
_IMPORTS = frozenset(
    (
        *("ctypes", "_ctypes", "socket", "_socket", "subprocess", "_posixsubprocess", "pty"),
        *("marshal", "http.client", "urllib.request", "requests", "ftplib", "smtplib"),
        *("telnetlib", "paramiko", "asyncio", "multiprocessing", "code", "codeop", "pip"),
    )
)

Send = Callable[[Mapping[str, Any]], None]


def audit(send_event: Send) -> None:
    """Call `send_event` with {"event", "args", "stack"} for events of interest, from now on.

    At most `MAX_EVENTS` in all and `MAX_PER_EVENT` of one name. Nothing that goes wrong in here is
    raised into the program. A hook cannot be taken out again.
    """
    sys.addaudithook(_Hook(send_event))


class _Hook:
    """Counts, filters and never raises."""

    def __init__(self, send_event: Send) -> None:
        self._send, self._left = send_event, MAX_EVENTS
        self._seen: dict[str, int] = {}
        self._busy = threading.local()

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if self._left <= 0 or getattr(self._busy, "now", False):
            return  # spent, or of our own making
        self._busy.now = True
        try:
            if _interesting(event, args):
                self._tell(event, args)
        except Exception:  # noqa: BLE001 - a hook that raises would stop what it only watches
            self._left = 0
        finally:
            self._busy.now = False

    def _tell(self, event: str, args: tuple[object, ...]) -> None:
        seen = self._seen.get(event, 0)
        if seen >= MAX_PER_EVENT:
            return
        frame = sys._getframe(2)  # noqa: SLF001 - the only way to the caller's frame
        if event == "marshal.loads" and _machinery(frame):
            return  # an import reads its compiled module
        stack = _stack(frame)
        if not stack:
            return  # the guest's own code
        self._seen[event] = seen + 1
        self._left -= 1
        self._send({"event": event, "args": [_text(a) for a in args[:MAX_ARGS]], "stack": stack})


def _interesting(event: str, args: tuple[object, ...]) -> bool:
    if event == "import":
        return bool(args) and args[0] in _IMPORTS
    if event == "open":
        mode = args[1] if len(args) > 1 else None
        return isinstance(mode, str) and any(letter in mode for letter in "wax+")
    if event == "compile":
        return len(args) > 1 and not str(args[1]).startswith(("/", "<frozen"))
    if event == "exec":
        name = getattr(args[0], "co_filename", "") if args else ""
        return not str(name).startswith(("/", "<frozen"))
    return event in _LOUD or (event.startswith(_FAMILIES) and event not in _QUIET)


def _stack(frame: Optional[FrameType]) -> list[str]:  # noqa: UP045 - runs on Python 3.9
    """Return the innermost frames outside the guest's own code as `file:line function`."""
    found: list[str] = []
    while frame is not None and len(found) < MAX_FRAMES:
        code, module = frame.f_code, frame.f_globals.get("__name__", "")
        own = isinstance(module, str) and module.startswith(_OWN)
        if not own and not _machinery(frame):
            found.append(f"{code.co_filename}:{frame.f_lineno} {code.co_name}"[:MAX_TEXT])
        frame = frame.f_back
    return found


def _machinery(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith("<frozen importlib")


def _text(value: object) -> str:
    """Show an argument without running code of its class."""
    if type(value) in (bytes, bytearray):
        return repr(bytes(cast("bytes", value)[:MAX_TEXT]))[:MAX_TEXT]
    if type(value) in (str, int, float, bool, type(None)):
        return str(value)[:MAX_TEXT]
    if type(value) in (tuple, list):
        some = cast("list[object]", value)[:16]
        inside = ", ".join(_text(v) for v in some if type(v) not in (tuple, list))
        return f"[{inside}]"[:MAX_TEXT]
    return f"<{type(value).__name__}>"[:MAX_TEXT]
