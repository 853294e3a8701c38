"""Fetch an archive over HTTP(S), whole or not at all."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

from pratique.core.errors import MachineError, UsageError
from pratique.core.limits import GiB

OSV: Final = "https://osv-vulnerabilities.storage.googleapis.com"
KEV: Final = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"
EPSS: Final = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"
MOST: Final = 4 * GiB
REDIRECTS: Final = 5
SECONDS: Final = 30.0
CONNECT_S: Final = 10.0
LONGEST_S: Final = 1800.0
"""For all of it: a server that sends a byte now and then never runs out of `SECONDS`."""


def archive_of(ecosystem: str, mirror: str = "") -> str:
    """Return where OSV, or a mirror of it, keeps the records of an ecosystem."""
    return f"{(mirror or OSV).rstrip('/')}/{ecosystem}/all.zip"


class FetchError(MachineError):
    """An archive cannot be had from where it was asked for."""

    def hint(self) -> str:
        """Say what the operator can do about it."""
        return (
            "the old database stays in use; without a network take a file (--from FILE), "
            "or name another place or a proxy (--mirror URL, --proxy URL)"
        )


def fetch(address: str, to: IO[bytes], *, proxy: str = "") -> None:
    """Write what is at an address into a file.

    Raises:
        UsageError: the address is no http or https one.
        FetchError: it cannot be had whole.

    """
    import httpx  # noqa: PLC0415 - takes 0.1 s, and a scan never fetches advisories

    if not address.startswith(("https://", "http://")):
        raise UsageError(f"{address!r}: advisories come from https:// or http://, or from a file")
    try:
        with (
            httpx.Client(
                proxy=proxy or None,
                follow_redirects=True,
                max_redirects=REDIRECTS,
                timeout=httpx.Timeout(SECONDS, connect=CONNECT_S),
            ) as client,
            client.stream("GET", address, headers={"Accept-Encoding": "identity"}) as answer,
        ):
            answer.raise_for_status()
            told = answer.headers.get("Content-Length", "")
            size = _copied(answer.iter_raw(), to, address)
    except httpx.HTTPStatusError as e:
        raise FetchError(f"{address}: answered {e.response.status_code}") from e
    except (httpx.HTTPError, httpx.InvalidURL) as e:
        raise FetchError(f"{address}: cannot be fetched: {e}") from e
    if told.isdigit() and int(told) != size:
        raise FetchError(f"{address}: only {size} of {told} bytes came")


def _copied(blocks: Iterable[bytes], to: IO[bytes], address: str) -> int:
    size, until = 0, time.monotonic() + LONGEST_S
    for block in blocks:
        size += len(block)
        if size > MOST:
            raise FetchError(f"{address}: is larger than {MOST} bytes")
        if time.monotonic() > until:
            raise FetchError(f"{address}: did not come whole within {LONGEST_S:g} s")
        to.write(block)
    to.flush()
    return size


def is_address(word: str) -> bool:
    """Tell an address from the name of a file."""
    return "://" in word and not Path(word).exists()
