"""What the pure rooms need from the world, as protocols that flows fill in."""

from typing import Protocol

from pratique.core.scan import FileReport


class Signer(Protocol):
    """Signs bytes with a key that never leaves it."""

    @property
    def keyid(self) -> str:
        """Return the hex SHA-256 of the key's DER SubjectPublicKeyInfo."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature of `message`."""


class Watcher(Protocol):
    """Is told how a scan goes, from several threads; a terminal shows it, a pipe ignores it."""

    def planned(self, files: int, size: int) -> None:
        """Hear how many files and bytes there are to read."""

    def started(self, path: str, size: int) -> None:
        """Hear that a file is being read."""

    def read(self, step: str, count: int) -> None:
        """Hear that `count` more bytes went through `step`: `hash` or `inspect`."""

    def done(self, report: FileReport) -> None:
        """Hear how a file came out."""

    def ran(self, done: int, planned: int, says: str) -> None:
        """Hear how many runs of a detonation are done, and what the last or next one is."""

    def noticed(self, says: str) -> None:
        """Hear what the operator should know, though no verdict hangs on it."""


class Quiet:
    """A watcher that says nothing."""

    def planned(self, files: int, size: int) -> None:
        """Ignore the plan."""

    def started(self, path: str, size: int) -> None:
        """Ignore a start."""

    def read(self, step: str, count: int) -> None:
        """Ignore bytes."""

    def done(self, report: FileReport) -> None:
        """Ignore a file's end."""

    def ran(self, done: int, planned: int, says: str) -> None:
        """Ignore runs."""

    def noticed(self, says: str) -> None:
        """Ignore a remark."""
