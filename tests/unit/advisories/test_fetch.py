"""An archive comes whole or not at all, from a loopback server that does its worst."""

import io
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pratique.advisories import fetch
from pratique.core.errors import MachineError, UsageError

BODY = b"PK" + bytes(1000)


class Server(BaseHTTPRequestHandler):
    """Answers by the name of what is asked for."""

    def do_GET(self) -> None:
        name = self.path.strip("/")
        if name == "loop":
            self._head(302, Location="/loop")
        elif name == "file":
            self._head(302, Location="file:///etc/passwd")
        elif name == "gone":
            self._head(404)
        elif name == "drip":
            self._head(200)
            for _ in range(100):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.05)
        else:
            length = len(BODY) + (50 if name == "short" else 0)
            self._head(200, **{"Content-Length": str(length)})
            self.wfile.write(BODY)

    def _head(self, status: int, **fields: str) -> None:
        self.send_response(status)
        for word, value in fields.items():
            self.send_header(word, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_is_there_comes_whole(address: str) -> None:
    to = io.BytesIO()
    fetch.fetch(f"{address}/whole", to)
    assert to.getvalue() == BODY


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gone", "answered 404"),
        ("short", "cannot be fetched"),
        ("loop", "redirect"),
        ("file", "cannot be fetched"),
    ],
)
def test_what_does_not_come_whole_is_told(address: str, name: str, says: str) -> None:
    with pytest.raises(MachineError, match=says):
        fetch.fetch(f"{address}/{name}", io.BytesIO())


def test_a_server_that_drips_is_left(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "LONGEST_S", 0.3)
    began = time.monotonic()
    with pytest.raises(MachineError, match=r"within 0\.3 s"):
        fetch.fetch(f"{address}/drip", io.BytesIO())
    assert time.monotonic() - began < 3


def test_more_than_the_most_is_left(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "MOST", 10)
    with pytest.raises(MachineError, match="larger than 10 bytes"):
        fetch.fetch(f"{address}/whole", io.BytesIO())


@pytest.mark.parametrize("odd", ["ftp://127.0.0.1/x", "file:///etc/passwd", "x"])
def test_other_addresses_are_refused(odd: str) -> None:
    with pytest.raises(UsageError, match="https://"):
        fetch.fetch(odd, io.BytesIO())


def test_a_mirror_has_the_layout_of_osv() -> None:
    assert fetch.archive_of("PyPI").startswith("https://osv-vulnerabilities.")
    assert fetch.archive_of("npm", "https://m.example/osv/") == "https://m.example/osv/npm/all.zip"
