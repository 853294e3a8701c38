"""A small client of the Hugging Face Hub's HTTP interface, written to distrust the other side.

Answers are bounded in bytes and time; a redirect may only go to https, or back to the endpoint's
own host; the token is sent to the endpoint alone, and never over plain http except to this machine.
"""

import errno
import ipaddress
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import httpx

from pratique.core.errors import LimitExceededError, MachineError, UsageError
from pratique.core.limits import MiB

DEFAULT_ENDPOINT = "https://huggingface.co"
LISTING_BYTES = 64 * MiB
TRIES = 4
MOST_REDIRECTS = 5
LONGEST_WAIT = 30.0
SLOWEST = 128 * 1024
"""Bytes a second; a transfer that stays below it is given up."""

T = TypeVar("T")

_AGAIN = {408, 429, 500, 502, 503, 504}
_SEEN = {301, 302, 303, 307, 308}


class Sink(Protocol):
    """Takes the bytes of one file."""

    def start(self, at: int) -> None:
        """Hear that the next bytes belong at `at`: 0, or where the last transfer broke off."""

    def take(self, chunk: bytes) -> None:
        """Take the next bytes; raise ArtifactError when there are more than promised."""

    @property
    def size(self) -> int:
        """Return how many bytes were taken."""


class HubClient:
    """Asks one endpoint. The token and the endpoint come from `HF_TOKEN` and `HF_ENDPOINT`."""

    def __init__(
        self, endpoint: str = "", token: str = "", sleep: Callable[[float], None] = time.sleep
    ) -> None:
        given = endpoint or os.environ.get("HF_ENDPOINT", "") or DEFAULT_ENDPOINT
        self._endpoint = httpx.URL(given.rstrip("/"))
        if self._endpoint.scheme not in {"http", "https"} or not self._endpoint.host:
            raise UsageError(f"HF_ENDPOINT {given!r}: not an http or https address")
        self._token = token or os.environ.get("HF_TOKEN", "")
        self._sleep = sleep
        timeout = httpx.Timeout(30, connect=10)
        self._http = httpx.Client(timeout=timeout, follow_redirects=False)

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def json(self, path: str) -> Any:  # noqa: ANN401 - foreign JSON has any shape
        """Return the JSON that the endpoint answers at `path`.

        Raises:
            UsageError: the endpoint refuses (401, 403, 404).
            MachineError: it does not answer, or not in JSON, or with more than it may.

        """

        def read() -> bytes:
            body = bytearray()
            with self._answer(path, {}) as response:
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > LISTING_BYTES:
                        raise MachineError(f"{path}: the answer is longer than {LISTING_BYTES}")
            return bytes(body)

        try:
            return json.loads(self._retried(path, read))
        except (ValueError, RecursionError) as e:
            raise MachineError(f"{path}: the endpoint did not answer in JSON") from e

    def fetch(self, path: str, sink: Sink, expected: int) -> None:
        """Stream what is at `path` into `sink`; go on where a broken transfer ended.

        Raises:
            UsageError: the endpoint refuses.
            MachineError: it does not answer, breaks off each time, or is too slow.

        """
        until = time.monotonic() + 120 + expected / SLOWEST

        def read() -> None:
            at = sink.size
            headers = {"Range": f"bytes={at}-"} if at else {}
            with self._answer(path, headers) as response:
                sink.start(at if _goes_on(response, at) else 0)
                for chunk in response.iter_raw():
                    sink.take(chunk)
                    if time.monotonic() > until:
                        raise LimitExceededError("the transfer is too slow; it was given up")
            if 0 <= sink.size < expected:
                says = f"the body ends after {sink.size} of {expected} bytes"
                raise httpx.RemoteProtocolError(says)

        self._retried(path, read)

    def _retried(self, path: str, read: Callable[[], T]) -> T:
        wait, says = 0.5, ""
        for left in reversed(range(TRIES)):
            try:
                return read()
            except _Again as e:
                says, wait = str(e), max(wait, e.after)
            except (httpx.TransportError, httpx.DecodingError) as e:
                says = str(e) or type(e).__name__
            if left:
                self._sleep(min(wait, LONGEST_WAIT))
                wait *= 2
        raise MachineError(f"{self._endpoint}{path}: {says} ({TRIES} tries)")

    @contextmanager
    def _answer(self, path: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
        url = httpx.URL(f"{self._endpoint}{path}")
        for _ in range(MOST_REDIRECTS):
            sent = {"Accept-Encoding": "identity", **headers, **self._credentials(url)}
            with self._http.stream("GET", url, headers=sent) as response:
                if response.status_code not in _SEEN:
                    _refuse(path, response)
                    yield response
                    return
                url = self._redirected(url, response)
        raise MachineError(f"{path}: more than {MOST_REDIRECTS} redirects")

    def _credentials(self, url: httpx.URL) -> dict[str, str]:
        same = (url.scheme, url.host, url.port) == (
            self._endpoint.scheme,
            self._endpoint.host,
            self._endpoint.port,
        )
        private = url.scheme == "https" or _is_loopback(url.host)
        return (
            {"Authorization": f"Bearer {self._token}"} if self._token and same and private else {}
        )

    def _redirected(self, url: httpx.URL, response: httpx.Response) -> httpx.URL:
        try:
            target = url.join(response.headers.get("location", ""))
        except httpx.InvalidURL as e:
            raise MachineError(f"{url}: redirects to an address that is none") from e
        plain = target.scheme == "http" and url.scheme == "http"
        near = target.host == self._endpoint.host or _is_loopback(target.host)
        if target.scheme == "https" or (plain and near and _is_near(self._endpoint, target)):
            return target
        raise MachineError(f"{url}: redirects to {str(target)!r}, which is not https")


class _Again(Exception):  # noqa: N818 - it asks, it does not blame
    """The endpoint asks to come back later."""

    def __init__(self, says: str, after: float) -> None:
        super().__init__(says)
        self.after = after


def _refuse(path: str, response: httpx.Response) -> None:
    """Raise what a status that is no success means."""
    status = response.status_code
    if status in {200, 206}:
        return
    if status in _AGAIN:
        after = response.headers.get("retry-after", "")
        raise _Again(f"the endpoint answers {status}", float(after) if after.isdecimal() else 0.0)
    words = {
        401: "the hub asks who you are (401); set HF_TOKEN to a token that may read it",
        403: "the hub refuses (403); accept the model's terms there, or use another HF_TOKEN",
        404: "no such repository, revision or file on the hub (404)",
        416: "the hub cannot go on where the transfer broke off (416)",
    }
    raise UsageError(f"{path}: {words.get(status, f'the hub answers {status}')}")


def _goes_on(response: httpx.Response, at: int) -> bool:
    """Tell whether a partial answer starts at `at` (RFC 9110, section 14.4)."""
    return response.status_code == 206 and response.headers.get(  # noqa: PLR2004 - partial content
        "content-range", ""
    ).startswith(f"bytes {at}-")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_near(endpoint: httpx.URL, target: httpx.URL) -> bool:
    """Tell whether plain http may be spoken: to the endpoint, or from loopback to loopback."""
    return target.host == endpoint.host or _is_loopback(endpoint.host)


def no_room(needed: int, free: int) -> OSError:
    """Return the error for a file that does not fit on the disk."""
    return OSError(
        errno.ENOSPC, f"needs {needed} bytes, {free} are free where files are fetched to"
    )
