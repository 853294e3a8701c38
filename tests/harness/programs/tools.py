"""A program that uses what readers and measures use, to show that the jail lets them work."""

import ast
import bz2
import hashlib
import io
import json
import lzma
import os
import re
import threading
import tomllib
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import yaml
import yara_x

RULES = yara_x.compile('rule canary { strings: $a = "harmless-canary-7f3a" condition: $a }')


def warm() -> None:
    """Use once what loads more when it is first used."""
    yara_x.Scanner(RULES).scan(b"")


def serve(
    request: Mapping[str, Any], fds: Sequence[int], send: Callable[[Mapping[str, Any]], None]
) -> None:
    """Put every tool to work on the file."""
    size = int(request["size"])
    buffer = bytearray(size)
    os.preadv(fds[0], [buffer], 0)
    scanner = yara_x.Scanner(RULES)
    scanner.set_timeout(20)
    told: list[str] = []
    thread = threading.Thread(target=lambda: told.append(hashlib.sha256(buffer).hexdigest()))
    thread.start()
    thread.join()
    body = bytes(buffer)
    send(
        {
            "sha256": told[0],
            "yara": [r.identifier for r in scanner.scan(body).matching_rules],
            "patterns": int(np.bincount(np.frombuffer(body, "<u2"), minlength=65536).sum()),
            "matrix": float((np.eye(300) @ np.eye(300)).sum()),
            "zlib": zlib.decompress(zlib.compress(body)) == body,
            "bz2": bz2.decompress(bz2.compress(body[:4096])) == body[:4096],
            "lzma": lzma.decompress(lzma.compress(body[:4096])) == body[:4096],
            "re": len(re.findall(rb"canary", body)),
            "ast": type(ast.parse("import os\nos.system('x')").body[0]).__name__,
            "yaml": yaml.safe_load("a: [1, 2]"),
            "toml": tomllib.loads("a = 1"),
            "json": json.loads('{"a": 1.5}'),
            "text": io.TextIOWrapper(io.BytesIO(b"a\xff"), "utf-8", "replace").read(),
        }
    )
