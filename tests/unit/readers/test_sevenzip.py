"""7z archives: every file is seen, whatever the list says; what cannot be unpacked is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.inspecting import Told, inspect_bytes
from harness.make_sevenzip import AES, COPY, LZMA2, framed, number, sevenzip
from pratique.artifacts.readers.sevenzip.header import Bytes
from pratique.core.errors import MalformedError
from pratique.core.limits import Limits

EVIL = b"\x80\x02cposix\nsystem\nX\x07\x00\x00\x00canary1\x85R."
QUIET = {"a/notes.txt": b"nothing to see\n", "b.json": b'{"a": 1}'}


def chains(told: Told) -> set[tuple[str, ...]]:
    return {f.chain for f in told.facts if f.kind == "format"}


@pytest.mark.parametrize("method", [COPY, LZMA2])
@pytest.mark.parametrize("pack_list", [False, True])
def test_an_honest_archive_is_read_in_full(method: bytes, pack_list: bool) -> None:  # noqa: FBT001
    told = inspect_bytes(sevenzip(QUIET, method=method, pack_list=pack_list))
    assert chains(told) == {(), ("a/notes.txt",), ("b.json",)}
    assert not told.findings
    assert not [r.why for r in told.receipts if r.why]


@pytest.mark.parametrize("method", [COPY, LZMA2])
def test_a_pickle_inside_is_found(method: bytes) -> None:
    told = inspect_bytes(sevenzip({**QUIET, "model.bin": EVIL}, method=method, pack_list=True))
    assert "MAL001" in {f.rule for f in told.findings if f.at.chain == ("model.bin",)}


def rules(body: bytes) -> set[str]:
    return {f.rule for f in inspect_bytes(body).findings}


def test_links_and_paths_that_lead_out_are_told() -> None:
    assert rules(sevenzip({"../../x": b"1"}, links={"l": "/etc/passwd"})) == {"INT060", "INT061"}


def test_an_encrypted_archive_is_told() -> None:
    told = inspect_bytes(sevenzip({"x.bin": b"x" * 64}, method=AES))
    assert "INT070" in {f.rule for f in told.findings}
    assert any("encrypted" in r.why for r in told.receipts)


def test_content_that_the_list_does_not_name_is_read() -> None:
    assert {"INT069", "MAL001"} <= rules(sevenzip({"a.txt": b"x\n", "b": EVIL}, names=["a.txt"]))


def test_a_wrong_checksum_is_told() -> None:
    body = bytearray(sevenzip({"a.txt": b"quiet words\n"}))
    body[32] ^= 1
    assert rules(bytes(body)) == {"INT065"}


@pytest.mark.parametrize("pack_list", [False, True])
def test_every_truncation_ends_in_order(pack_list: bool) -> None:  # noqa: FBT001
    whole = sevenzip({**QUIET, "m": EVIL}, method=LZMA2, pack_list=pack_list)
    for end in range(6, len(whole)):
        told = inspect_bytes(whole[:end])
        assert [r for r in told.receipts if r.why], end


def test_a_bomb_ends_at_its_limit() -> None:
    body = sevenzip({"zeros": bytes(32 << 20)}, method=LZMA2)
    told = inspect_bytes(body, limits=Limits(expanded_bytes=1 << 20))
    assert any("unpacks to more" in r.why for r in told.receipts)


@pytest.mark.parametrize(
    "listed",
    [
        b"\x01\x05" + number(1 << 40) + b"\0\0",
        b"\x01\x04\x06\0" + number(1 << 60),
        b"\x17\x06\0\x01\x09\x01\0\x07\x0b\x01\0\xff\0\0\0\0\0\0\0\x7f",
        b"\x01\x04\x07\x0b\x01\0\x01\x11\x21\x02\x02",
        b"\x02",
        b"\x01\x63",
    ],
)
def test_a_list_that_lies_is_refused_in_time(listed: bytes) -> None:
    told = inspect_bytes(framed(b"x", listed))
    assert [r for r in told.receipts if r.why]


@given(st.integers(0, (1 << 63) - 1))
def test_numbers_are_read_as_they_are_written(value: int) -> None:
    assert Bytes(number(value)).number() == value


def test_a_number_that_ends_early_is_malformed() -> None:
    with pytest.raises(MalformedError):
        Bytes(b"\xff\x01").number()
