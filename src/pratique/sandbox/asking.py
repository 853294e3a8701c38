"""Ask whoever is jailed one question, and believe nothing of how the answer comes."""

import contextlib
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pratique.core.errors import WorkerError
from pratique.sandbox import frames
from pratique.sandbox.frames import MAX_ANSWER, MAX_FRAMES

_MAX_SAYS = 500


def answers(
    channel: socket.socket,
    reader: frames.FrameReader,
    question: tuple[Mapping[str, Any], Sequence[int]],
    until: float,
) -> Iterator[dict[str, Any]]:
    """Send a request with descriptors and yield the frames of its answer, until `until`.

    Raises:
        WorkerError: `why` is "crashed", "memory" or "protocol".
        TimeoutError: the time `until` (monotonic) passed.
        ClosedError: the other end is gone.

    """
    if not reader.idle():
        raise WorkerError("the worker spoke before it was asked", "protocol")
    request, fds = question
    frames.send(channel, frames.encode(request), fds, until)
    taken = 0
    for _ in range(MAX_FRAMES):
        body = reader.next(until)
        taken += len(body)
        if taken > MAX_ANSWER:
            raise WorkerError(f"an answer of more than {MAX_ANSWER} bytes", "protocol")
        frame = frames.decode(body)
        if "error" in frame:
            why = "memory" if frame.get("why") == "memory" else "crashed"
            raise WorkerError(printable(frame["error"]), why)
        if frame.get("end") is True:
            return
        yield frame
    raise WorkerError(f"an answer of more than {MAX_FRAMES} frames", "protocol")


def printable(text: object) -> str:
    """Cut a worker's words and take what a terminal would obey out of them."""
    return "".join(c if c.isprintable() else "?" for c in str(text)[:_MAX_SAYS])


def ended(code: int) -> str:
    """Say an exit code as shells and bubblewrap tell it: 128 and the signal for a killed one."""
    if code > 128:  # noqa: PLR2004 - a shell's convention
        with contextlib.suppress(ValueError):
            return f"was killed by {signal.Signals(code - 128).name}"
    return f"ended with exit code {code}"
