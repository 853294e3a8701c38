"""An OSV server on loopback: answers `POST /v1/query` out of one archive, by OSV's own code.

Runs in an environment that has Google's `osv` package (`prove_pins.py` makes it), never in ours.
A version is affected where a record lists it or where `osv` finds it in one of the record's ranges:
https://ossf.github.io/osv-schema/#evaluation
"""

import importlib
import json
import sys
import types
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.machinery import PathFinder
from typing import Any


def main() -> None:
    """Serve the archive named by the first argument; print the port that was given."""
    records = _Records(sys.argv[1])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told = records.about(asked["package"]["name"], asked["version"])
            body = json.dumps({"vulns": told} if told else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


class _Records:
    def __init__(self, archive: str) -> None:
        self._pypi = _ecosystem()
        self._by_name: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = {}
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                record = json.loads(opened.read(name))
                record.pop("published", None)  # OSV's servers write it in one form, archives in two
                for affected in record.get("affected", ()):
                    package = affected.get("package", {})
                    if package.get("ecosystem") == "PyPI":
                        row = self._by_name.setdefault(package["name"], [])
                        row.append((record, affected))

    def about(self, name: str, version: str) -> list[dict[str, Any]]:
        """Return the records that affect a version, each once."""
        told: dict[str, dict[str, Any]] = {}
        for record, affected in self._by_name.get(name, ()):
            if self._hits(affected, version):
                told[record["id"]] = record
        return list(told.values())

    def _hits(self, affected: dict[str, Any], version: str) -> bool:
        key = self._pypi.sort_key
        if any(key(version) == key(listed) for listed in affected.get("versions", ())):
            return True
        for one in affected.get("ranges", ()):
            if one["type"] != "ECOSYSTEM":
                continue
            events = one["events"]
            limits = [event["limit"] for event in events if "limit" in event]
            for introduced, word, end in _spans(events, key):
                ends = {"fixed": None, "last_affected": None} | ({word: end} if word else {})
                found = self._pypi._get_affected_versions(  # noqa: SLF001 - the peer's own judgement
                    [version], introduced, ends["fixed"], ends["last_affected"], limits
                )
                if found:
                    return True
        return False


def _spans(events: list[dict[str, str]], key: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401
    """Return each introduced version with the event that ends it, in the order of versions."""

    def order(event: tuple[str, str]) -> Any:  # noqa: ANN401 - a key to compare by
        return (event[1] != "0", key("0" if event[1] == "0" else event[1]))

    flat = sorted((e for event in events for e in event.items() if e[0] != "limit"), key=order)
    spans: list[tuple[str, str, str]] = []
    begun = ""
    for word, version in flat:
        if word == "introduced":
            begun = begun or version
        elif begun:
            spans.append((begun, word, version))
            begun = ""
    return [*spans, (begun, "", "")] if begun else spans


def _ecosystem() -> Any:  # noqa: ANN401 - of a package that is not installed here
    """Return OSV's notion of PyPI; the package's top imports clients of Google's cloud."""
    for name in ("osv", "osv.ecosystems"):
        where = sys.modules["osv"].__path__ if "." in name else None
        spec = PathFinder.find_spec(name, where)
        if spec is None or spec.submodule_search_locations is None:
            raise SystemExit("osv_server: the package osv is not installed")
        module = types.ModuleType(name)
        module.__path__ = list(spec.submodule_search_locations)
        sys.modules[name] = module
    return importlib.import_module("osv.ecosystems.pypi").PyPI()


if __name__ == "__main__":
    main()
