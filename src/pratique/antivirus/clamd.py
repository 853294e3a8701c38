"""ClamAV's daemon, spoken to over its socket: the version, and one stream for each file.

Protocol: https://docs.clamav.net/manual/Usage/Scanning.html#clamd (z commands, INSTREAM).
"""

import re
import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from pratique.core.errors import MachineError, UsageError
from pratique.core.limits import KiB

BLOCK = 256 * KiB
MOST_ANSWER = 4 * KiB
MOST_SENT = 100_000_000
"""ClamAV's own MaxFileSize unless somebody set another: it passes larger files unseen."""
ANSWER_S = 300.0
_FOUND = re.compile(r"stream: (?P<name>[^\x00-\x1f]{1,300}) FOUND\Z")
_LIMITS = re.compile(r"Heuristics\.Limits\.Exceeded")
_VERSION = re.compile(
    r"ClamAV (?P<engine>[\w.+-]{1,60})/(?P<signatures>\d{1,9})/[^\x00-\x1f]{1,60}\Z"
)


class Status(StrEnum):
    """How a file came out; `unseen` is never clean."""

    CLEAN = "clean"
    FOUND = "found"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the daemon says of one file: a signature's name, or why it did not look."""

    status: Status
    says: str = ""


@dataclass(frozen=True, slots=True)
class Clamd:
    """A daemon at `address`: a path of a Unix socket, or HOST:PORT."""

    address: str
    answer_s: float = field(default=ANSWER_S)

    def version(self) -> str:
        """Return `ENGINE/SIGNATURES`, the version of its database.

        Raises:
            MachineError: it is not there, or no clamd, or has no signatures.
            UsageError: the address is none.

        """
        try:
            with self._connected() as link:
                link.sendall(b"zVERSION\0")
                told = _answer(link)
        except OSError as e:
            raise MachineError(f"--clamd {self.address!r}: {_words(e)}") from e
        match = _VERSION.match(told)
        if match is None:
            why = "has no signatures" if told.startswith("ClamAV ") else "is no clamd"
            raise MachineError(f"--clamd {self.address!r}: it {why}; it answers {told[:80]!r}")
        return f"{match['engine']}/{match['signatures']}"

    def scan(self, pieces: Iterator[bytes], size: int) -> Answer:
        """Return what it says of a file of `size` bytes, sent piece by piece; never raises."""
        if size > MOST_SENT:
            says = f"larger than the {MOST_SENT} bytes that ClamAV looks at"
            return Answer(Status.UNSEEN, says)
        try:
            with self._connected() as link:
                return read_answer(self._stream(link, pieces))
        except OSError as e:
            return Answer(Status.UNSEEN, _words(e))

    def _stream(self, link: socket.socket, pieces: Iterator[bytes]) -> str:
        """Send a file; a daemon that has enough of it says so while it is still sent."""
        try:
            link.sendall(b"zINSTREAM\0")
            for piece in pieces:
                link.sendall(struct.pack(">I", len(piece)) + piece)
            link.sendall(struct.pack(">I", 0))
        except (BrokenPipeError, ConnectionResetError):
            told = _answer(link)
            return told or "the connection was cut off"
        return _answer(link)

    @contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        host, colon, port = self.address.rpartition(":")
        local = "/" in self.address or not colon
        if not local and not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
            raise UsageError(f"--clamd {self.address!r}: neither a socket's path nor HOST:PORT")
        if local:
            link = socket.socket(socket.AF_UNIX)
            with closing(link):
                link.settimeout(self.answer_s)
                link.connect(self.address)
                yield link
            return
        with socket.create_connection((host.strip("[]"), int(port)), self.answer_s) as link:
            yield link


def _answer(link: socket.socket) -> str:
    body = b""
    while len(body) < MOST_ANSWER and b"\0" not in body:
        got = link.recv(MOST_ANSWER)
        if not got:
            break
        body += got
    return body.partition(b"\0")[0].decode("utf-8", "replace").strip()


def read_answer(told: str) -> Answer:
    """Return what a daemon's line amounts to; whatever is not known is `unseen`."""
    if told == "stream: OK":
        return Answer(Status.CLEAN)
    match = _FOUND.match(told)
    if match is None:
        return Answer(Status.UNSEEN, f"it answers {told[:200]!r}" if told else "no answer")
    if _LIMITS.match(match["name"]):
        return Answer(Status.UNSEEN, f"over its limits: {match['name']}")
    return Answer(Status.FOUND, match["name"])


def _words(error: OSError) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else str(error.strerror or error)
