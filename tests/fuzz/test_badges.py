"""Whatever a badge, a trust root or a signature holds: it verifies, or is refused in words."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.badges import CARDED, Case, case, hexes
from harness.fuzzing import examples
from pratique.attest import card, claims, dsse, keys, model_signing
from pratique.attest.publisher import Signature, signed_by_key
from pratique.core.errors import EvidenceError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)
EDITS = st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(max_size=3)), min_size=1, max_size=4)
NAMES = ("badge.json", "scan.intoto.json", "model.sig", "badge.svg", "scan.json")


@pytest.fixture(scope="module")
def held() -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as home:
        yield case(Path(home), CARDED, card=True)


def edited(body: bytes, edits: list[tuple[int, bytes]]) -> bytes:
    for at, graft in edits:
        at %= len(body) + 1  # noqa: PLW2901 - a place inside
        body = body[:at] + graft + body[at + 1 :]
    return body


@pytest.mark.parametrize("name", NAMES)
@given(edits=EDITS)
@settings(max_examples=examples(60), deadline=None)
def test_a_damaged_badge_holds_or_is_refused(
    name: str, edits: list[tuple[int, bytes]], held: Case
) -> None:
    path = held.badge / name
    body = path.read_bytes()
    try:
        path.write_bytes(edited(body, edits))
        said = held.refused()
    finally:
        path.write_bytes(body)
    same = path.read_bytes() == edited(body, edits)
    assert said or same or name.endswith(("json", ".sig"))  # spaces in JSON carry no meaning


@given(edits=EDITS)
@settings(max_examples=examples(60), deadline=None)
def test_a_damaged_trust_root_holds_or_is_refused(
    edits: list[tuple[int, bytes]], held: Case
) -> None:
    body = held.trust.read_bytes()
    try:
        held.trust.write_bytes(edited(body, edits))
        held.refused()
    finally:
        held.trust.write_bytes(body)


@given(edits=EDITS)
@settings(max_examples=examples(60), deadline=None)
def test_a_damaged_card_is_refused(edits: list[tuple[int, bytes]], held: Case) -> None:
    path = held.model / "README.md"
    body = path.read_bytes()
    try:
        path.write_bytes(edited(body, edits))
        assert held.refused() or edited(body, edits) == body
    finally:
        path.write_bytes(body)


@given(value=JSON)
@settings(max_examples=examples(100), deadline=None)
def test_any_json_is_refused_as_a_statement_that_was_signed(value: object) -> None:
    body = json.dumps(value).encode()
    with pytest.raises(EvidenceError):
        claims.read(body)
    with pytest.raises(EvidenceError):
        model_signing.manifest(body)
    with pytest.raises(EvidenceError):
        dsse.read(value, "envelope")
    with pytest.raises(EvidenceError):
        keys.read_trust(body, "trust root")


@given(where=st.integers(0, 10_000), value=JSON)
@settings(max_examples=examples(150), deadline=None)
def test_a_signed_statement_with_one_odd_value_is_no_crash(
    where: int, value: object, held: Case
) -> None:
    statement = held.get("badge.json")["statement"]
    places = list(leaves(statement))
    holder, key = places[where % len(places)]
    holder[key] = value  # type: ignore[index, call-overload]  # a list or a mapping
    try:
        claims.read(json.dumps(statement).encode())
    except EvidenceError:
        return


def leaves(value: object) -> Iterator[tuple[dict[str, object] | list[object], object]]:
    """Yield (holder, key) for everything inside a JSON value."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from leaves(value[key])


@given(body=st.binary(max_size=400))
@settings(max_examples=examples(100), deadline=None)
def test_any_bytes_are_no_signature_and_no_key(body: bytes, held: Case) -> None:
    pem = keys.public_pem(held.signers.model_sig.public)
    with pytest.raises(EvidenceError):
        signed_by_key(Signature(body), pem, hexes(CARDED))
    with pytest.raises(EvidenceError):
        keys.read_public(body, "key")


@given(body=st.binary(max_size=200))
@settings(max_examples=examples(100), deadline=None)
def test_any_bytes_are_a_card_or_refused(body: bytes) -> None:
    try:
        card.split(body)
    except EvidenceError:
        return
