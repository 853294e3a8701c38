"""A small endpoint that speaks like the Hugging Face Hub, on this machine, and can lie."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def git_sha1(body: bytes) -> str:
    """Return the digest that git gives a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class Hub:
    """What the endpoint serves, and the lies it tells, each by a file's name.

    `truncate` cuts the first answers short, `fail` answers with a status some times, `redirect`
    sends elsewhere, `endless` never stops, `rows` replaces what the listing says of a file.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    large: set[str] = field(default_factory=set)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    truncate: dict[str, int] = field(default_factory=dict)
    fail: dict[str, list[int]] = field(default_factory=dict)
    redirect: dict[str, str] = field(default_factory=dict)
    endless: set[str] = field(default_factory=set)
    ranges: bool = True
    token: str = ""
    listing: bytes | None = None
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def siblings(self) -> list[dict[str, Any]]:
        """Return the listing as the hub tells it with `blobs=true`."""
        rows = []
        for name, body in self.files.items():
            row: dict[str, Any] = {"rfilename": name, "size": len(body), "blobId": git_sha1(body)}
            if name in self.large:
                row["blobId"] = "0" * 40
                row["lfs"] = {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
            rows.append(row | self.rows.get(name, {}))
        return rows


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serve `hub` on a loopback port until the block ends."""
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_GET(self) -> None:
        hub, path = self.hub, unquote(urlsplit(self.path).path)
        hub.seen.append((path, dict(self.headers)))
        if hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
            self._answer(401, b"")
        elif path.startswith("/api/models/"):
            told = {"sha": COMMIT, "siblings": hub.siblings()}
            self._answer(200, hub.listing if hub.listing is not None else json.dumps(told).encode())
        else:
            self._file(path.partition(f"/resolve/{COMMIT}/")[2] or path.lstrip("/"))

    def _file(self, name: str) -> None:
        hub = self.hub
        if hub.fail.get(name):
            self._answer(hub.fail[name].pop(0), b"")
        elif name in hub.redirect:
            self.send_response(302)
            self.send_header("Location", hub.redirect[name])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif name in hub.endless:
            self._endless()
        elif name in hub.files:
            self._body(name, hub.files[name])
        else:
            self._answer(404, b"")

    def _body(self, name: str, body: bytes) -> None:
        asked = self.headers.get("Range", "")
        at = int(asked[6:-1]) if asked and self.hub.ranges else 0
        self.send_response(206 if at else 200)
        self.send_header("Content-Length", str(len(body) - at))
        if at:
            self.send_header("Content-Range", f"bytes {at}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        cut = self.hub.truncate.pop(name, None)
        self.wfile.write(body[at:] if cut is None else body[at:cut])
        self.close_connection = True

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(10_000):
                self.wfile.write(b"x" * 65536)
        except OSError:
            pass
        self.close_connection = True

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""
