"""A chain of audit records shows every change, loss and insertion."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pratique.attest import audit
from pratique.attest.tlog import merkle
from pratique.attest.tlog.note import Checkpoint
from pratique.core.errors import EvidenceError

AT = "2026-11-27T10:00:00Z"


def chain(count: int) -> list[bytes]:
    lines, before = [], audit.FIRST
    for number in range(count):
        by = ("acme", f"person:{number % 3}", "model.submit", f"model:{number}")
        record = audit.Record(number, AT, *by, before, {"files": number, "name": "caf\u00e9"})
        lines.append(record.line())
        before = record.digest()
    return lines


def checkpoint(lines: list[bytes]) -> Checkpoint:
    tree = merkle.Growing()
    for line in lines:
        tree.add(merkle.leaf(line))
    return Checkpoint("example.com/audit", tree.size, tree.root())


def test_a_record_comes_back_as_it_was_kept() -> None:
    lines = chain(3)
    assert [audit.read(line).line() for line in lines] == lines
    assert [record.number for record, _ in audit.follow(lines)] == [0, 1, 2]


def test_a_whole_chain_holds_and_says_how_far_it_is_signed() -> None:
    lines = chain(20)
    assert audit.verify(lines).signed == 0
    told = audit.verify(lines, [checkpoint(lines[:13]), checkpoint([]), checkpoint(lines[:7])])
    assert (told.records, told.signed, told.root) == (20, 13, checkpoint(lines).root)
    assert told.last == audit.read(lines[-1]).digest()
    assert audit.verify([]).last == audit.FIRST


CHANGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "one left out": lambda rows: rows[:4] + rows[5:],
    "the first left out": lambda rows: rows[1:],
    "one twice": lambda rows: [*rows[:4], rows[3], *rows[4:]],
    "two changed places": lambda rows: [*rows[:2], rows[3], rows[2], *rows[4:]],
    "another name in one": lambda rows: [*rows[:4], rows[4].replace(b"person:1", b"person:2")],
    "one spelt otherwise": lambda rows: [*rows[:4], rows[4].replace(b":", b": ", 1)],
    "one with a key more": lambda rows: [*rows[:4], rows[4][:-1] + b',"x":1}'],
    "one that is no JSON": lambda rows: [*rows[:4], b"{"],
    "one that is a list": lambda rows: [*rows[:4], b"[]"],
}


@pytest.mark.parametrize("how", list(CHANGES))
def test_a_broken_chain_is_told(how: str) -> None:
    lines = chain(6)
    changed = CHANGES[how](lines)
    with pytest.raises(EvidenceError):
        audit.verify([*changed, *lines[len(changed) :]])


def test_a_chain_made_anew_is_told_by_a_checkpoint() -> None:
    """Who can write all lines can make them follow one another: not under the old root."""
    lines, before = chain(6), audit.FIRST
    signed = checkpoint(lines)
    forged = []
    for line in lines:
        record = replace(audit.read(line), tenant="other", before=before)
        forged.append(record.line())
        before = record.digest()
    audit.verify(forged)
    with pytest.raises(EvidenceError, match="over others"):
        audit.verify(forged, [signed])


def test_the_end_cut_off_is_told_by_a_checkpoint() -> None:
    lines = chain(6)
    audit.verify(lines[:4])
    with pytest.raises(EvidenceError, match="there are 4"):
        audit.verify(lines[:4], [checkpoint(lines)])


@pytest.mark.parametrize(
    "change",
    [
        {"verb": "Model Submit"},
        {"at": "yesterday"},
        {"tenant": ""},
        {"before": "abc"},
        {"number": -1},
        {"detail": {"x": {1, 2}}},
        {"detail": {"x": float("nan")}},
        {"detail": {"x": 1.5}},
        {"detail": {"x": "\ud800"}},
        {"detail": {"x": "y" * 70_000}},
        {"actor": "x" * 301},
    ],
)
def test_what_is_no_record_is_not_kept(change: dict[str, Any]) -> None:
    record = audit.Record(0, AT, "acme", "person:1", "model.submit", "model:1")
    with pytest.raises(EvidenceError):
        replace(record, **change).line()


@given(st.binary(max_size=200) | st.dictionaries(st.text(), st.integers()).map(
    lambda told: json.dumps(told).encode()))  # fmt: skip
def test_no_bytes_break_it(line: bytes) -> None:
    with pytest.raises(EvidenceError):
        audit.read(line)


@given(st.integers(0, 300))
def test_growing_is_the_same_tree(count: int) -> None:
    leaves = [merkle.leaf(bytes([n % 256, n // 256])) for n in range(count)]
    tree = merkle.Growing()
    for one in leaves:
        tree.add(one)

    def whole(level: int, index: int) -> bytes:
        row = leaves[index << level : (index + 1) << level]
        while len(row) > 1:
            row = [merkle.node(a, b) for a, b in zip(row[::2], row[1::2], strict=True)]
        return row[0]

    assert tree.root() == merkle.root(whole, count)
