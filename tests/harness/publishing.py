"""Ask for a publisher's signature as a scan does, with digests of this process's own."""

import hashlib
import os
from pathlib import Path
from typing import Any

from pratique.artifacts.sources.base import Source
from pratique.artifacts.sources.opening import open_source
from pratique.cli.intended import publisher


def outcome(source: Source | Path, by: str, at: Path | None = None) -> dict[str, Any]:
    if isinstance(source, Path):
        source = open_source(str(source))
    check = publisher(source, by, at)
    assert check is not None
    digests = {}
    for file in source.files():
        with os.fdopen(file.open(), "rb") as opened:
            digests[file.path] = hashlib.file_digest(opened, "sha256").hexdigest()
    kind, data = check.said(digests)
    assert kind == "publisher-signature"
    assert isinstance(data, dict)
    return data
