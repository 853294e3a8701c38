"""Whatever the bytes, readers of text raise only what they promise, and rules never crash."""

import json
from collections.abc import Iterator

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.fuzzing import examples
from harness.inspecting import inspect_bytes, subject_of
from harness.seeds import TEXTS
from pratique.artifacts.readers.catalog import READERS
from pratique.core.errors import ArtifactError

FAST = settings(
    max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    body = bytearray(draw(st.sampled_from(TEXTS)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, max(0, len(body) - 1)))
        piece = draw(st.one_of(st.binary(max_size=4), st.sampled_from([s[:20] for s in TEXTS])))
        body[at : at + draw(st.integers(0, 4))] = piece
    return bytes(body[: draw(st.integers(0, len(body)))] if draw(st.booleans()) else body)


def check(body: bytes) -> None:
    for reader in READERS:
        subject = subject_of(body)
        if reader.recognises(subject):
            _drain(reader.read(subject))
    told = inspect_bytes(body)
    assert not [r.why for r in told.receipts if "crashed" in r.why]


def _drain(items: Iterator[object]) -> None:
    try:
        for _ in items:
            pass
    except ArtifactError:
        pass


@FAST
@given(st.one_of(st.binary(max_size=400), mutated()))
def test_any_bytes(body: bytes) -> None:
    check(body)


@FAST
@given(st.text(alphabet="{}%[]()|~'\"_ab.*+19 \n:-!&,", max_size=120))
def test_any_punctuation(text: str) -> None:
    check(text.encode())
    check(("{{ " + text + " }}").encode())
    check(("import os\n" + text).encode())
    check(json.dumps({"chat_template": text}).encode())
