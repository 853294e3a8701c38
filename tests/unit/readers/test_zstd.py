"""Zstandard streams: their content is read, in bounded memory; without the decoder that is told."""

import struct

import pytest
import zstandard

from harness.inspecting import Told, inspect_bytes
from pratique.artifacts.readers import zstd
from pratique.core.limits import Limits

EVIL = b"\x80\x02cposix\nsystem\nX\x07\x00\x00\x00canary1\x85R."
SKIPPED = b"\x53\x2a\x4d\x18" + struct.pack("<I", 5) + b"words"


def packed(body: bytes, *, write_checksum: bool = False, write_content_size: bool = True) -> bytes:
    made = zstandard.ZstdCompressor(
        write_checksum=write_checksum, write_content_size=write_content_size
    )
    return made.compress(body)


def rules(body: bytes) -> set[str]:
    return {f.rule for f in inspect_bytes(body).findings}


def whole(told: Told) -> bool:
    return not told.findings and told.full


@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize("sized", [False, True])
@pytest.mark.parametrize("size", [0, 1, 400, 300_000])
def test_an_honest_stream_is_read_in_full(checked: bool, sized: bool, size: int) -> None:  # noqa: FBT001
    text = b"nothing to see here\n" * (size // 20) or b"x" * size
    body = packed(text, write_checksum=checked, write_content_size=sized)
    assert whole(inspect_bytes(body))


def test_frames_in_a_row_are_one_content() -> None:
    half = len(EVIL) // 2
    body = packed(EVIL[:half]) + SKIPPED + packed(EVIL[half:])
    assert "MAL001" in rules(body)
    assert "MAL001" in rules(SKIPPED + body)


def test_what_stands_behind_the_last_frame_is_told() -> None:
    assert "INT001" in rules(packed(b"quiet\n") + b"\0\1\2\3" * 40)


def test_every_truncation_ends_in_order() -> None:
    body = packed(b"some words, and " * 400 + bytes(range(256)), write_checksum=True)
    for end in range(6, len(body)):
        assert not inspect_bytes(body[:end]).full, end


def test_a_broken_checksum_is_told() -> None:
    body = packed(b"quiet words\n" * 40, write_checksum=True)
    assert "INT065" in rules(body[:-1] + bytes([body[-1] ^ 1]))


def test_a_bomb_ends_at_its_limit() -> None:
    told = inspect_bytes(packed(bytes(64 << 20)), limits=Limits(expanded_bytes=1 << 20))
    assert any("unpacks to more" in r.why for r in told.receipts)


def test_many_empty_blocks_end_at_their_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zstd, "MAX_BLOCKS", 1_000)
    body = b"\x28\xb5\x2f\xfd\x00\x58" + bytes(3) * 2_000 + b"\x01\0\0"
    assert any("blocks" in r.why for r in inspect_bytes(body).receipts)


def test_without_the_decoder_the_stream_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zstd, "_library", lambda: None)
    told = inspect_bytes(packed(EVIL))
    assert "INT070" in {f.rule for f in told.findings}
    assert any("pratique[zstd]" in r.why for r in told.receipts)
