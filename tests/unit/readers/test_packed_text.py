"""Pickles and programs that stand in texts and headers in disguise are read for what they are."""

import base64
import json
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.inspecting import inspect_bytes
from harness.make_pickles import call, stream, text
from pratique.artifacts.readers.packed_text import MOST, MOST_TRIED, packed
from pratique.artifacts.readers.safetensors import MOST_TEXTS
from pratique.core.errors import LimitExceededError

EVIL = stream(call("os", "system", text("touch pratique-canary")))
OLD = b"cos\nsystem\n(S'touch pratique-canary'\ntR."
PACKED = {
    "base64": base64.b64encode(EVIL).decode(),
    "base64 of protocol 0": base64.b64encode(OLD).decode(),
    "for addresses": base64.urlsafe_b64encode(EVIL).decode(),
    "in lines": base64.encodebytes(EVIL * 3).decode(),
    "hex": EVIL.hex(),
    "zlib": base64.b64encode(zlib.compress(EVIL)).decode(),
}


def safetensors(**metadata: str) -> bytes:
    head = {"__metadata__": metadata, "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    body = json.dumps(head).encode()
    return len(body).to_bytes(8, "little") + body + bytes(4)


@pytest.mark.parametrize("how", list(PACKED))
def test_a_pickle_in_a_text_is_found(how: str) -> None:
    for body in (
        json.dumps({"model_type": "x", "state": PACKED[how]}),
        f"state: {PACKED[how]}\n".replace("\n", "\n  "),
        f"Some words, then {PACKED[how]} and more.\n",
    ):
        told = inspect_bytes(body.encode())
        assert "MAL001" in told.rules, body[:80]


@pytest.mark.parametrize("how", list(PACKED))
def test_a_pickle_in_metadata_is_found(how: str) -> None:
    assert "MAL001" in inspect_bytes(safetensors(state=PACKED[how])).rules


def test_a_pickle_that_is_metadata_is_found() -> None:
    assert "MAL001" in inspect_bytes(safetensors(state=EVIL.decode("latin-1"))).rules
    assert "MAL001" in inspect_bytes(safetensors(state=OLD.decode())).rules


def test_other_words_are_no_members() -> None:
    image = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(400)).decode()
    digests = " ".join(f"{n:064x}" for n in range(200))
    words = {"image": image, "digests": digests, "gAIN": "gAINgAINgAINgAINgAINgAINgAINgAIN"}
    told = inspect_bytes(json.dumps(words).encode())
    assert not told.findings
    assert {f.chain for f in told.facts} == {()}


@given(st.text(alphabet="gAIKeJ8002+/=\\n \n", max_size=300))
def test_no_text_breaks_it(words: str) -> None:
    with suppress(LimitExceededError):
        list(packed(words))


def test_decoys_hide_nothing_in_silence() -> None:
    """Who fills a text with what looks packed gets a check that is not full."""
    few = "gASVabcdefghijklmnopqrstuvwxyz " * (MOST + 1) + PACKED["base64"]
    many = "gASVabcdefghijklmnopqrstuvwxyz " * (MOST_TRIED + 2) + PACKED["base64"]
    for words in (few, many):
        told = inspect_bytes(words.encode())
        assert not told.full or "MAL001" in told.rules


def test_lists_of_numbers_before_it_hide_no_pickle() -> None:
    decoys = (str([40, *range(100, 160)]), str([40, *[999] * 20]))
    words = {"rows": [*decoys * 10_000], "state": list(EVIL)}
    assert "MAL001" in inspect_bytes(json.dumps(words).encode()).rules


def test_many_settings_hide_no_program() -> None:
    """An honest model has thousands of labels: they are read, and what stands after them too."""
    labels = {f"{n}": f"a label of number {n}" for n in range(5_000)}
    config = {"model_type": "x", "id2label": labels}
    assert inspect_bytes(json.dumps(config).encode()).full
    rows = {"names": [*labels.values(), "os.system('touch pratique-canary')"]}
    told = inspect_bytes(json.dumps(config | rows).encode())
    assert told.full
    assert "MAL100" in told.rules


def test_more_metadata_than_is_judged_is_told() -> None:
    many = {f"k{n}": "a word of metadata" for n in range(2_000)}
    evil = safetensors(**many, last="os.system('touch pratique-canary')")
    assert "MAL100" in inspect_bytes(evil).rules


def test_no_number_of_metadata_texts_hides_a_pickle() -> None:
    many = {f"k{n:04}": "a word of metadata" for n in range(2_000)}
    assert "MAL001" in inspect_bytes(safetensors(**many, last=PACKED["base64"])).rules
    more = {f"k{n:04}": "" for n in range(MOST_TEXTS)}
    told = inspect_bytes(safetensors(**more, last=PACKED["base64"]))
    assert not told.full
