"""Hostile lists of components, records, versions and statements: named, bounded, never a crash."""

import json
from contextlib import closing, suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from harness.advised import inventory_of, matched_with
from harness.fuzzing import examples
from pratique.advisories.osv_record import record_of
from pratique.advisories.ranges import contains
from pratique.advisories.vex import apply, read
from pratique.core.advisory import Matched, Snapshot, State
from pratique.core.component import Inventory
from pratique.core.errors import MalformedError
from pratique.core.inventory_json import dump, load
from pratique.store.inventories import kept_after
from pratique.store.packed import shut
from pratique.store.ports import Kept, Unread
from pratique.store.sql import open_store
from pratique.store.tables import inventory

EXAMPLES = settings(max_examples=examples(60), deadline=None)
PARTS = st.sampled_from(
    ["a", "==", "1.0", ">=2", "\\\n", "#x", " ; ", "python_version", "'3'", "-r ", "-e ",
     "git+https:", "//h/x.git", "#egg=", "@", "[x]", ",", "--hash=sha256:", "0" * 64, "FROM ",
     "RUN pip install ",
     "&&", "$X", "dependencies:", "- ", "\n", "[[package]]", "name = 'x'", "version", "*", "Name: "]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=300), st.lists(PARTS, max_size=40).map("".join))
NAMES = st.sampled_from(
    ["requirements.txt", "Dockerfile", "conda.yaml", "MLmodel", "pyproject.toml", "poetry.lock",
     "python_env.yaml", "README.md", "package.json", "config.json", "a.dist-info/METADATA", "m.py"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["id", "affected", "package", "ecosystem", "name", "ranges", "events", "introduced",
             "fixed", "type", "versions", "aliases", "severity", "score", "statements", "status",
             "vulnerability", "products", "@id", "@context", "vulnerabilities", "analysis", "state",
             "bomFormat", "metadata", "component", "hashes", "components", "expires"]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=20,
)  # fmt: skip


@EXAMPLES
@given(st.dictionaries(NAMES, TEXTS, max_size=4))
def test_any_package_has_an_inventory_that_can_be_kept(files: dict[str, str]) -> None:
    told = inventory_of({k: v.encode("utf-8", "replace") for k, v in files.items()})
    assert load(dump(told)) == told
    assert all(component.purl.startswith("pkg:") for component in told.components)


@EXAMPLES
@given(JSON)
def test_any_record_is_taken_or_refused(told: object) -> None:
    if not isinstance(told, dict):
        return
    try:
        record_of({"id": "X", **told})
    except MalformedError:
        return


@EXAMPLES
@given(
    st.sampled_from(["PyPI", "npm", "Go", "crates.io", "Debian:12", "", "x"]),
    st.text(max_size=40) | st.from_regex(r"[0-9v.~+:a-z-]{1,12}", fullmatch=True),
    st.lists(
        st.dictionaries(
            st.sampled_from(["introduced", "fixed", "last_affected", "limit"]),
            st.from_regex(r"[0-9.a-z*]{1,8}", fullmatch=True),
            max_size=2,
        ),
        max_size=5,
    ),
)
def test_any_range_has_an_answer(
    ecosystem: str, version: str, events: list[dict[str, str]]
) -> None:
    assert contains(ecosystem, version, events) in State


@EXAMPLES
@given(JSON | st.binary(max_size=100))
def test_any_statement_is_read_or_refused(told: Any) -> None:  # noqa: ANN401 - whatever
    body = told if isinstance(told, bytes) else json.dumps(told).encode("utf-8", "replace")
    from datetime import UTC, datetime  # noqa: PLC0415 - only here

    try:
        found = read(body)
    except MalformedError:
        return
    matched = Matched(inventory=Inventory(), snapshot=Snapshot())
    _, ignored = apply(matched, found, "sha256:" + "0" * 64, datetime.now(UTC))
    assert bool(ignored) == bool(found)


SHAPES = st.one_of(
    st.fixed_dictionaries(
        {"@context": st.just("https://openvex.dev/ns/v0.2.0"), "statements": st.lists(JSON)}
    ),
    st.fixed_dictionaries(
        {
            "bomFormat": st.just("CycloneDX"),
            "metadata": JSON,
            "components": st.lists(JSON, max_size=3),
            "vulnerabilities": st.lists(JSON, max_size=3),
        }
    ),
)


@EXAMPLES
@given(SHAPES)
def test_any_document_of_the_right_sort_is_read_or_refused(told: object) -> None:
    with suppress(MalformedError):
        read(json.dumps(told).encode("utf-8", "replace"))


@EXAMPLES
@given(st.binary(max_size=60) | JSON, st.binary(max_size=60) | JSON)
def test_any_kept_inventory_is_read_or_told(body: Any, states: Any) -> None:  # noqa: ANN401
    def packed(value: object) -> bytes:
        return value if isinstance(value, bytes) else shut(json.dumps(value))

    with closing(open_store(None)) as store, store._engine.begin() as db:  # noqa: SLF001
        values = {"owner": "o", "root": "r", "name": "n"}
        rows = {"body": packed(body), "states": packed(states)}
        db.execute(insert(inventory).values(**values, **rows))
        ((_, kept),) = kept_after(db, 0)
        assert isinstance(kept, Kept | Unread)


@EXAMPLES
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_version_meets_any_range(version: str, spec: str) -> None:
    files = {"requirements.txt": f"a=={version}\nb{spec}\n".encode("utf-8", "replace")}
    record = {
        "id": "X-1",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": name},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}],
            }
            for name in ("a", "b")
        ],
    }
    told = matched_with(inventory_of(files), [record])
    assert {match.state for match in told.matches} <= set(State)
