"""Once the catalog is imported, reading text opens no file: the jail forbids it."""

import sys

from harness.inspecting import subject_of
from pratique.artifacts.readers.catalog import READERS
from pratique.artifacts.readers.template_tree import parse_template
from pratique.core.errors import ArtifactError
from pratique.engine.worker import warm

BODIES = [
    b'{"chat_template": "{{ x }}", "a": "\\u00e9", "b": 1e5, "nbformat": 4, "cells": []}',
    b'{"broken": ',
    "a: !!python/name:x é\nb: [1, *c]\n".encode(),
    b"a: [\n  broken: {",
    b"[a]\nb = 1979-05-27T07:32:00Z\nc = '''x'''\n",
    "import os\nclassé = '\\N{BULLET}' + f'{os.name!r:>{3}}'\nprint(classé)\n".encode(),
    b"import os\nprint 'x'\nif:\n",
    "{% for é in messages %}{{ é.content | tojson }}{% endfor %}".encode(),
    b"{% broken",
    "caf\u00e9 \u20ac, and words to tell the encoding by\n".encode("cp1252"),
    "caf\u00e9\n".encode("utf-16"),
    "caf\u00e9 // plain\n".encode("utf-16-be"),
]
_seen: list[str] = []
_watching = False


def _hook(event: str, args: tuple[object, ...]) -> None:
    if _watching and event in {"open", "import", "exec", "os.listdir"}:
        _seen.append(f"{event} {args[0]!r}")


def test_reading_opens_nothing() -> None:
    global _watching  # noqa: PLW0603 - an audit hook cannot be taken back
    warm()
    sys.addaudithook(_hook)
    for body in BODIES:
        for reader in READERS:
            subject = subject_of(body)
            _watching = True
            try:
                if reader.recognises(subject):
                    for _ in reader.read(subject):
                        pass
                parse_template(body.decode("latin-1"))
            except ArtifactError:
                pass
            finally:
                _watching = False
    # CPython looks for the source of a syntax error under this name; being refused is no harm.
    assert [event for event in _seen if event != "open '<unknown>'"] == []
