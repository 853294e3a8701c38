"""Whatever a package and an advisory say, both documents are what their readers take."""

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st
from spdx_python_model import v3_0_1 as spdx3

from harness.fuzzing import REPEATABLE, examples
from pratique.attest.bom.cyclonedx import cyclonedx
from pratique.attest.bom.spdx3 import spdx
from pratique.core.advisory import Advisory, Match, Matched, Silence, Snapshot, State
from pratique.core.component import Component, Dataset, Inventory, Relation, Sure, Unreadable
from pratique.core.finding import Digest, Severity
from pratique.core.jail import JailReport
from pratique.core.scan import FileReport, Inspection, Scan

NOW = datetime(2026, 11, 26, tzinfo=UTC)
STRICT = JsonStrictValidator(SchemaVersion.V1_7)
PARTS = st.sampled_from(["https://", "a", ".", "/", "%", "?", "#", "@", ":", "[", "==", "1", ","])
WORDS = (
    st.text(st.characters(), max_size=12)
    | st.lists(PARTS, max_size=9).map("".join)
    | st.sampled_from(["https://a.b/c", ">=1,<2", "mit", "MIT OR ISC", "\ud800", "0" * 5_000])
)
PATHS = st.text(st.characters(exclude_categories=["Cs"]), max_size=9) | st.just("\udcff")
COMPONENTS = st.builds(
    Component,
    ecosystem=st.sampled_from(["", "PyPI", "npm", "Debian:12"]),
    name=WORDS,
    sure=st.sampled_from(Sure),
    relation=st.sampled_from(Relation),
    path=PATHS,
    via=WORDS,
    version=WORDS,
    spec=WORDS,
    line=st.integers(0, 9),
    marker=WORDS,
    url=WORDS,
    digests=st.lists(WORDS, max_size=2).map(tuple),
)
ADVISORIES = st.builds(
    Advisory,
    id=WORDS,
    summary=WORDS,
    severity=st.sampled_from(Severity),
    aliases=st.lists(WORDS, max_size=2).map(tuple),
    records=st.lists(WORDS, max_size=2).map(tuple),
    score=st.sampled_from([0.0, 7.5]),
    vector=st.sampled_from(["", "CVSS:3.1/AV:N", "CVSS:4.0/AV:N"]),
    exploited=st.booleans(),
    likely=st.sampled_from([-1.0, 0.0, 1e-9]),
    references=st.lists(WORDS, max_size=3).map(tuple),
)
MATCHES = st.builds(
    Match,
    component=st.just(0),
    advisory=st.just(0),
    state=st.sampled_from([State.AFFECTED, State.UNKNOWN]),
    why=WORDS,
    fixed=st.lists(WORDS, max_size=2).map(tuple),
    silenced=st.none()
    | st.builds(
        Silence,
        status=st.sampled_from(["fixed", "not_affected"]),
        author=WORDS,
        expires=WORDS,
        document=WORDS,
        justification=WORDS,
        impact=WORDS,
    ),
)


@st.composite
def scans(draw: st.DrawFn) -> Scan:
    several = st.lists(WORDS, max_size=2, unique=True).map(tuple)
    inventory = Inventory(
        components=tuple(draw(st.lists(COMPONENTS, min_size=1, max_size=3))),
        unreadable=(Unreadable(draw(PATHS), 1, draw(WORDS)),),
        lost=draw(st.integers(0, 1)),
        lineage=draw(several),
        datasets=tuple(Dataset(name, draw(PATHS)) for name in draw(several)),
        licences=draw(several),
    )
    matched = Matched(
        inventory,
        Snapshot(digest=draw(WORDS), trouble=draw(WORDS)),
        (draw(ADVISORIES),),
        tuple(draw(st.lists(MATCHES, max_size=3))),
        unmatched=((0, draw(WORDS)),),
    )
    paths = draw(st.lists(PATHS, max_size=2, unique=True))
    files = tuple(FileReport(path, Digest("sha256:" + "0" * 64), 1, Inspection()) for path in paths)
    return Scan("m", files, Inspection(), JailReport(), "", "", "pratique 0.1", matched=matched)


@settings(max_examples=examples(25), deadline=None, derandomize=REPEATABLE)
@given(scans(), WORDS)
def test_any_words_make_documents_that_are_taken(seen: Scan, name: str) -> None:
    body = json.dumps(cyclonedx(seen, name, NOW, "0.1", "1.7"), ensure_ascii=False)
    body.encode()
    error = STRICT.validate_str(body)
    assert error is None, str(error)[:500]
    objects: Any = spdx3.SHACLObjectSet()
    written = json.dumps(spdx(seen, name, NOW, "0.1"), ensure_ascii=False).encode()
    spdx3.JSONLDDeserializer().read(BytesIO(written), objects)
    spdx3.JSONLDSerializer().write(objects, BytesIO())
    assert not objects.missing_ids
