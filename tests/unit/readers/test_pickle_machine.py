"""The machine against CPython's own pickler: benign objects, every protocol, every opcode."""

import collections
import datetime as dt
import io
import pickle
import pickletools
import random
import re
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.make_pickles import call, glob, stream, text
from pratique.artifacts.blob import MemoryBlob
from pratique.artifacts.readers.pickle import patterns, runs
from pratique.artifacts.readers.pickle.machine import TABLE, Machine
from pratique.artifacts.readers.pickle.opcodes import follower
from pratique.artifacts.readers.pickle.record import Record
from pratique.artifacts.readers.pickle.values import Box
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.limits import Limits

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 80), 1 << 80)
    | st.floats(allow_nan=False)
    | st.text(max_size=300)
    | st.binary(max_size=300),
    lambda inner: (
        st.lists(inner, max_size=40)
        | st.dictionaries(st.text(max_size=10) | st.integers(), inner, max_size=40)
        | st.tuples(inner, inner)
        | st.frozensets(st.integers(), max_size=40)
        | st.sets(st.text(max_size=4), max_size=40)
    ),
    max_leaves=200,
)


def follow(body: bytes, limits: Limits | None = None) -> tuple[Machine, Record, int]:
    record = Record()
    machine = follower(MemoryBlob(body), 0, record, limits or Limits())
    return machine, record, machine.run()


def imports_of(body: bytes) -> set[tuple[str, str]]:
    """Return what CPython's own unpickler would import."""
    found: set[tuple[str, str]] = set()

    class Spy(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - its signature
            found.add((module, name))
            return super().find_class(module, name)

    Spy(io.BytesIO(body)).load()
    return found


def test_every_opcode_has_a_function() -> None:
    known = {ord(op.code) for op in pickletools.opcodes}
    named = {code for code in range(256) if TABLE[code].__name__ != "_unknown"}
    assert named == known


@settings(max_examples=150, deadline=None)
@given(PLAIN, st.integers(0, 5))
def test_benign_objects_end_at_their_stop(value: object, protocol: int) -> None:
    body = pickle.dumps(value, protocol)
    machine, record, end = follow(body)
    assert end == len(body)
    assert not machine.stack
    assert not record.oddities
    assert {(i.module, i.name) for i in record.imports.values()} == imports_of(body)


@pytest.mark.parametrize("protocol", range(6))
def test_large_objects_read_in_bulk_are_followed_exactly(protocol: int) -> None:
    chance = random.Random(protocol)  # noqa: S311 - a repeatable object
    shared = ["shared", (1, 2), {"k": 1.5}]
    value = [
        {
            "id": n,
            "xs": [chance.randrange(1 << 20) for _ in range(9)],
            "f": [chance.random(), -1.0],
            "s": f"word {n}",
            "t": (n, (n, None), True, shared),
            "z": set(range(3)),
        }
        for n in range(3000)
    ]
    value.append({"when": dt.date(2020, 1, 1), "c": collections.Counter("ab")})
    body = pickle.dumps(value, protocol)
    machine, record, end = follow(body)
    memo = sum(
        op.name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE")
        for op, _, _ in pickletools.genops(body)
    )
    assert end == len(body)
    assert len(machine.memo) == memo
    assert not record.oddities
    assert {(i.module, i.name) for i in record.imports.values()} == imports_of(body)
    assert isinstance(machine.result, Box)
    assert machine.result.count == len(value)


@pytest.mark.parametrize("protocol", range(6))
def test_bulk_and_single_steps_agree(protocol: int, monkeypatch: pytest.MonkeyPatch) -> None:
    value = [[n, str(n), {n: [n] * 3}, (n, n)] for n in range(500)] + [dt.date(2020, 1, 1)] * 2
    body = pickle.dumps(value, protocol)
    bulk, bulk_record, _ = follow(body)
    monkeypatch.setattr(runs, "MIN_RUN", 1 << 30)
    single, record, _ = follow(body)
    assert len(bulk.memo) == len(single.memo)
    assert bulk_record.imports == record.imports
    assert bulk_record.calls == record.calls


def test_a_repeated_group_ends_where_its_last_good_try_ended() -> None:
    """Debian 12 has Python 3.11.2, whose possessive groups keep what a failed try had eaten."""
    found = patterns.pattern("run").match(b"](K\1eK\2I12")
    assert found is not None
    assert (found.span(1), found.span()) == ((0, 5), (0, 7))
    every = [patterns.pattern(n).pattern for n in patterns.NAMES]
    every += [p.pattern for p in vars(runs).values() if isinstance(p, re.Pattern)]
    groups = [g for p in every for g in re.findall(rb".{5}\)(?:[*+?]|\{[0-9,]+\})\+", p)]
    assert len(groups) > 8
    assert all(group.startswith(b"|(?!)") for group in groups)


def tables(chance: random.Random) -> Any:  # noqa: ANN401 - whatever a pickler takes
    """Return what vocabularies, merges and score tables look like, with traps among the words."""
    traps = ["__class__", "gASV", "8004xx", "\x80\x02", "eJwzzzz", "H4sIzz", "", "x" * 60, "\n"]
    size = chance.randrange(20, 6000)
    words = [f"token-{chance.randrange(10**6)}" for _ in range(size)]
    for _ in range(chance.randrange(3)):
        words[chance.randrange(size)] = chance.choice(traps)
    shapes: list[Callable[[], Any]] = [
        lambda: {w: n * chance.choice([1, 1, 1, 7]) for n, w in enumerate(words)},
        lambda: {w: -n for n, w in enumerate(words)},
        lambda: words,
        lambda: dict(zip(words, reversed(words), strict=True)),
        lambda: [chance.random() for _ in words],
        lambda: [chance.choice([1, 300, 70_000, 0.5, None, True]) for _ in words],
        lambda: dict(enumerate(words)),
        lambda: {w: {"n": n} for n, w in enumerate(words)},
        lambda: tuple(words),
        lambda: [(w, n) for n, w in enumerate(words)],
        lambda: set(words),
    ]
    return [chance.choice(shapes)() for _ in range(chance.randrange(1, 5))] + [dt.date(2020, 1, 1)]


@pytest.mark.parametrize("protocol", range(6))
def test_tables_read_in_groups_leave_the_same_stack_and_memo(
    protocol: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(6):
        body = pickle.dumps(tables(random.Random(seed * 10 + protocol)), protocol)  # noqa: S311 - repeatable
        bulk, told, end = follow(body)
        with monkeypatch.context() as slowly:
            slowly.setattr(runs, "MIN_RUN", 1 << 30)
            single, record, _ = follow(body)
        assert end == len(body)
        assert len(bulk.memo) == len(single.memo)
        assert bulk.sparse.keys() == single.sparse.keys()
        assert told.imports == record.imports
        # a call's arguments may be shown in less detail
        assert {k[:2] for k in told.calls} == {k[:2] for k in record.calls}
        assert isinstance(bulk.result, Box)
        assert isinstance(single.result, Box)
        assert bulk.result.count == single.result.count
        for at in random.Random(seed).sample(range(len(single.memo)), min(40, len(single.memo))):  # noqa: S311 - repeatable
            ours, theirs = bulk.resolved(bulk.get(at)), single.memo[at]
            assert type(ours) is not str or ours == theirs
            assert (type(ours) is str) == (type(theirs) is str)


def test_a_frame_longer_than_the_file_breaks_a_run_where_a_loader_fails() -> None:
    pairs = b"".join(text(f"word{n}") + b"\x94K\x05" for n in range(200))
    frame = b"\x95" + struct.pack("<Q", 100_000)
    with pytest.raises(MalformedError, match="frame of 100000 bytes"):
        follow(stream(b"}(", pairs, frame, pairs, b"u"))
    fits = b"\x95" + struct.pack("<Q", 40)
    machine, _, end = follow(body := stream(b"}(", pairs, fits, pairs, b"u"))
    assert end == len(body)
    assert isinstance(machine.result, Box)
    assert machine.result.count == 800
    assert len(machine.memo) == 400


def test_values_of_groups_that_no_container_takes_stay_on_the_stack() -> None:
    pairs = b"".join(text(f"word{n}") + b"\x94K\x05" for n in range(200))
    machine, _, _ = follow(stream(b"(]", pairs, b"](K\x01e" + b"0" * 400 + b"K\x01" * 399, b"at"))
    assert isinstance(machine.result, tuple)


def test_memo_entries_of_a_run_are_found_again() -> None:
    names = [f"name{n:03d}" for n in range(100)]
    listed = b"](" + b"".join(text(n) + b"\x94" for n in names) + b"e0"
    for index in (0, 57, 99):
        body = stream(listed, b"h" + bytes([index]), text("x"), b"\x93")
        record = follow(body)[1]
        assert [i.module for i in record.imports.values()] == [names[index]]


def test_calls_are_told_in_order_with_their_arguments() -> None:
    record = follow(stream(call("a.b", "c", text("x"), b"K\x05"), glob("d", "e"), b")\x81}b0"))[1]
    told = [(c.kind, c.callee, c.args) for c in record.calls.values()]
    assert told == [("REDUCE", "a.b.c", "'x', 5"), ("NEWOBJ", "d.e", "")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x80",
        b"\x80\x04",
        b"\x80\x09.",
        b"0.",
        b"t.",
        b"R.",
        b"b.",
        b"K\x01\x94.\xff"[:3],
        b"(u.",
        b"}(K\x01u.",
        b"h\x00.",
        b"g-5\n.",
        b"gx\n.",
        b"Ix\n.",
        b"Fx\n.",
        b"Sabc\n.",
        b"I" + b"1" * 100,
        b"\x8b\xff\xff\xff\xff.",
        b"T\xff\xff\xff\xff.",
        b"\x8d" + b"\xff" * 8 + b".",
        b"\x8e" + struct.pack("<Q", 1 << 40) + b".",
        b"\x95" + b"\xff" * 8 + b".",
        b"N" + b"r\xff\xff\xff\xff" + b"\x94j\xff\xff\xff\x7f.",
        b"\xff.",
        b"o.",
        b"(o.",
        b"iposix\nsystem\n.",
        b"\x82\x00.",
    ],
)
def test_what_a_loader_refuses_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedError):
        follow(body)


@pytest.mark.parametrize(
    "body",
    [
        b"(" * 300_000 + b"t" * 300_000 + b".",
        b"]" * 300_000 + b"a" * 299_999 + b".",
        b"N" + b"\x85" * 300_000 + b".",
        b"N" + b"\x94" * 300_000 + b".",
        b"N" + b"2" * 300_000 + b".",
        b"](" + b"K\x01" * 300_000 + b"t\x85R0.",
        glob("a", "b") + b")R" * 100_000 + b".",
        b"I" + b"9" * 300_000 + b"\n.",
        b"\x8b" + struct.pack("<i", 300_000) + b"\x01" * 300_000 + b".",
        b"(" + (b"(" + b"K\x01" * 100 + b"t") * 2000 + b"t.",
        b"}(" + b"\x8c\x03abc" * 100_000 + b"u.",
    ],
)
def test_bombs_end_quickly(body: bytes) -> None:
    try:
        follow(body)
    except (MalformedError, LimitExceededError):
        return


def test_opcodes_are_limited() -> None:
    with pytest.raises(LimitExceededError):
        follow(b"](" + b"N0" * 100_000 + b"e.", Limits(opcodes=50_000))


@pytest.mark.parametrize("size", [300, 5_000, 2_000_000])
def test_long_strings_stay_in_the_file(size: int) -> None:
    for protocol in range(6):
        for value in ("x" * size, b"\x00\xff" * (size // 2)):
            body = pickle.dumps([value, 1, value[:-1]], protocol)
            assert follow(body)[2] == len(body)
