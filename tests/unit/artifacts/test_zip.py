"""The zip reader sees every entry, believes no header, and accounts for every byte."""

import io
import struct
import tempfile
import time
import zipfile
import zlib
from dataclasses import replace

import pytest

from harness.inspecting import subject_of
from harness.make_archives import (
    centrals,
    locals_of,
    patched,
    tarred,
    without_central,
    zipped,
)
from harness.make_pickles import state_dict
from harness.reading import Read
from pratique.artifacts.blob import FdBlob, Scratch
from pratique.artifacts.reader import Budget, Member, Subject, TensorRole
from pratique.artifacts.readers.zip.reader import ZipReader
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.limits import Limits, MiB


def read_zip(body: bytes, limits: Limits | None = None) -> Read:
    return Read(body, ZipReader(), limits)


FILES = {"a.txt": b"alpha" * 50, "b/c.bin": bytes(range(256)), "empty": b""}


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_an_honest_zip_is_read_whole(method: int) -> None:
    read = read_zip(zipped(FILES, method))
    assert read.members == FILES
    assert (read.kinds, read.gaps, read.raised) == (set(), [], None)
    assert read.view
    assert read.view.partial == ""


def test_a_streamed_zip_with_descriptors_is_read_whole() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, body in FILES.items():
            z.writestr(name, body)
        z.comment = b"a comment"
    read = read_zip(out.getvalue())
    assert (read.members, read.kinds, read.gaps) == (FILES, set(), [])


def test_zip64_is_read_whole() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z, z.open("big", "w", force_zip64=True) as f:
        f.write(b"x" * 1000)
    read = read_zip(out.getvalue())
    assert (read.members, read.kinds, read.gaps) == ({"big": b"x" * 1000}, set(), [])


def test_bytes_before_and_after_stay_unclaimed() -> None:
    body = zipped(FILES)
    read = read_zip(b"#!/bin/sh\n" + body + b"tail")
    assert read.members == FILES
    assert read.gaps == [(0, 10), (len(body) + 10, len(body) + 14)]


def test_a_hidden_entry_is_found() -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        read = read_zip(without_central(zipped(FILES, method), 1))
        assert read.members == FILES
        assert read.kinds == {"hidden"}


def test_names_that_differ_are_a_contradiction() -> None:
    body = zipped(FILES)
    read = read_zip(patched(body, locals_of(body)[0] + 30, b"z.txt"))
    assert read.kinds == {"contradiction"}
    assert read.members == FILES


def test_a_false_encryption_flag_hides_nothing() -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        body = zipped(FILES, method)
        body = patched(body, locals_of(body)[0] + 6, b"\1")
        read = read_zip(patched(body, centrals(body)[0] + 8, b"\1"))
        assert read.members == FILES
        assert read.kinds == {"false-encrypted"}


def test_a_wrong_checksum_hides_nothing() -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        body = zipped(FILES, method)
        body = patched(body, locals_of(body)[0] + 14, b"\1\2\3\4")
        read = read_zip(patched(body, centrals(body)[0] + 16, b"\1\2\3\4"))
        assert read.members == FILES
        assert read.kinds == {"checksum"}


def test_an_unknown_method_is_partial() -> None:
    body = zipped(FILES)
    for at in (locals_of(body)[0] + 8, centrals(body)[0] + 10):
        body = patched(body, at, b"\x62\0")
    read = read_zip(body)
    assert read.kinds == {"method"}
    assert read.view
    assert "ppmd" in read.view.partial
    assert "a.txt" not in read.members


def test_a_zip_without_directory_is_walked() -> None:
    body = zipped(FILES, zipfile.ZIP_DEFLATED)
    read = read_zip(body[: centrals(body)[0]])
    assert read.members == FILES
    assert isinstance(read.raised, MalformedError)
    assert read.kinds == {"directory"}


def test_two_zips_in_a_row_are_both_read() -> None:
    one, two = zipped({"one": b"1"}), zipped({"two": b"2"})
    read = read_zip(one + two)
    assert read.members == {"one": b"1", "two": b"2"}
    assert "directory" in read.kinds


def test_an_inner_stored_zip_is_no_second_end() -> None:
    read = read_zip(zipped({"inner.zip": zipped(FILES)}))
    assert read.kinds == set()


def test_duplicates_are_both_read() -> None:
    read = read_zip(zipped([("a", b"1"), ("a", b"2")]))
    assert read.members == {"a": b"1", "a#2": b"2"}


def test_junk_after_a_deflate_stream_is_unclaimed() -> None:
    raw = zlib.compressobj(wbits=-15)
    packed = raw.compress(b"hello") + raw.flush()
    body = zipped({"a": packed + b"JUNK"})
    for at in (locals_of(body)[0] + 8, centrals(body)[0] + 10):
        body = patched(body, at, b"\x08\0")
    read = read_zip(body)
    assert read.members["a"] == b"hello"
    assert len(read.gaps) == 1
    assert read.gaps[0][1] - read.gaps[0][0] == 4


def bomb(size: int) -> bytes:
    return zipped({"bomb": bytes(size), "small": b"seen"}, zipfile.ZIP_DEFLATED)


def test_a_bomb_does_not_hide_its_neighbours() -> None:
    limits = replace(Limits(), expanded_bytes=20 * MiB)
    read = read_zip(bomb(40 * MiB), limits=limits)
    assert read.members["small"] == b"seen"
    assert len(read.members["bomb"]) == 8 * MiB
    assert isinstance(read.raised, LimitExceededError)
    assert "limit" in read.kinds


def overlapping(count: int) -> bytes:
    """Return a zip whose entries all point at one local header."""
    body = zipped({"kernel": bytes(2_000_000)}, zipfile.ZIP_DEFLATED)
    at, end = centrals(body)[0], body.rindex(b"PK\5\6")
    record = body[at:end]
    tail = patched(body[end:], 8, 2 * count.to_bytes(2, "little"))
    tail = patched(tail, 12, (count * len(record)).to_bytes(4, "little"))
    return body[:at] + record * count + tail


def test_overlapping_entries_cost_linear_time() -> None:
    begun = time.process_time()
    read = read_zip(overlapping(5000))
    assert "overlap" in read.kinds
    assert isinstance(read.raised, LimitExceededError)
    assert time.process_time() - begun < 5


def test_a_directory_of_millions_is_bounded() -> None:
    limits = replace(Limits(), members=1000)
    record = b"PK\1\2" + bytes(42)
    count = 300_000
    end = b"PK\5\6" + bytes(4) + b"\xff\xff\xff\xff"
    end += (count * 46).to_bytes(4, "little") + bytes(6)
    begun = time.process_time()
    read = read_zip(record * count + end, limits=limits)
    assert isinstance(read.raised, LimitExceededError)
    assert time.process_time() - begun < 5


def test_storages_get_their_roles() -> None:
    role = TensorRole("w", "f32", (2,))

    def roles(body: bytes, _limits: Limits) -> dict[str, TensorRole]:
        assert body == b"PICKLE"
        return {"0": role}

    body = zipped({"m/data/0": b"8 bytes!", "m/data.pkl": b"PICKLE", "m/version": b"3\n"})
    read = Read(body, ZipReader(roles))
    assert read.roles == {"m/data/0": role, "m/data.pkl": None, "m/version": None}
    assert read.view
    assert read.view.flavour == "torch"


def test_torchscript_code_is_shown() -> None:
    files = {"m/code/__torch__/x.py": b"def f():\n  pass\n", "m/bytecode.pkl": b"aten::add"}
    read = read_zip(zipped(files))
    assert [(c.member, c.bytecode) for c in read.code] == [
        ("m/code/__torch__/x.py", False),
        ("m/bytecode.pkl", True),
    ]


@pytest.mark.parametrize(
    "body",
    [b"", b"PK\5\6", b"PK\5\6" + b"x" * 30, bytes(30) + b"PK\5\6" + bytes(18), tarred(FILES)],
)
def test_other_bytes_are_not_taken_for_a_zip(body: bytes) -> None:
    assert not ZipReader().recognises(subject_of(body))


def test_stored_content_is_never_copied() -> None:
    with tempfile.TemporaryFile() as f, tempfile.TemporaryFile() as scratch:
        f.write(zipped({"w": bytes(100_000)}))
        f.flush()
        size = f.tell()
        blob = FdBlob(f.fileno(), 0, size)
        room = Scratch(scratch.fileno(), 1)
        subject = Subject((), blob, Budget(Limits(), size), room)
        members = [i for i in ZipReader().read(subject) if isinstance(i, Member)]
        assert isinstance(members[0].blob, FdBlob)
        assert members[0].blob.fd == f.fileno()
        assert subject.budget.expanded == 0


def test_a_real_pickle_names_its_storages_and_their_byte_order() -> None:
    body = state_dict(("w", "0", "FloatStorage", 2))
    files = {"m/data.pkl": body, "m/data/0": b"8 bytes!", "m/byteorder": b"little"}
    assert read_zip(zipped(files)).roles["m/data/0"] == TensorRole("w", "f32", (2,))
    files["m/byteorder"] = b"big"
    assert read_zip(zipped(files)).roles["m/data/0"] == TensorRole("w", "f32-be", (2,))


def test_what_is_stashed_in_comments_and_extra_fields_stays_unclaimed() -> None:
    body = patched(zipped({"a": b"x"}), len(zipped({"a": b"x"})) - 2, (256).to_bytes(2, "little"))
    assert read_zip(body + bytes(range(256))).gaps == [(len(body), len(body) + 256)]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        info = zipfile.ZipInfo("a")
        info.extra = b"FB" + (600).to_bytes(2, "little") + b"Z" * 600
        z.writestr(info, b"padded")
        info = zipfile.ZipInfo("b")
        info.extra = b"FB" + (600).to_bytes(2, "little") + bytes(range(200)) * 3
        z.writestr(info, b"stashed")
    local = locals_of(out.getvalue())[1] + 31
    assert read_zip(out.getvalue()).gaps == [(local, local + 604)]


def test_the_code_that_is_kept_is_bounded() -> None:
    files = {f"m/code/{i}.py": b"x = 1\n" * 100 for i in range(9)}
    read = read_zip(zipped(files), replace(Limits(), text_bytes=1500))
    assert sum(len(c.source) for c in read.code) == 1500
    assert any(c.partial for c in read.code)


def with_zip64_end(body: bytes) -> bytes:
    """Return the zip with a zip64 end record before its end record, as PyTorch writes it."""
    at = body.rindex(b"PK\5\6")
    count, size, offset = struct.unpack_from("<HII", body, at + 10)
    wide = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)
    return body[:at] + wide + struct.pack("<4sIQI", b"PK\6\7", 0, at, 1) + body[at:]


def test_a_zip64_end_record_is_read() -> None:
    body = with_zip64_end(zipped(FILES))
    read = read_zip(body)
    assert (read.members, read.kinds, read.gaps) == (FILES, set(), [])
    full = patched(body, body.rindex(b"PK\5\6") + 8, b"\xff" * 12)
    read = read_zip(full)
    assert (read.members, read.kinds, read.gaps) == (FILES, set(), [])


def test_end_records_that_differ_are_a_contradiction() -> None:
    body = with_zip64_end(zipped(FILES))
    read = read_zip(patched(body, body.rindex(b"PK\5\6") + 8, b"\1\0\1\0"))
    assert read.members == FILES
    assert read.kinds == {"directory"}


def test_two_zip64_records_are_both_followed() -> None:
    other = with_zip64_end(zipped({"other": b"2"}))
    mine = zipped({"mine": b"1"})
    whole = with_zip64_end(other + mine)
    where = other.index(b"PK\6\6").to_bytes(8, "little")
    read = read_zip(patched(whole, whole.rindex(b"PK\6\7") + 8, where))
    assert read.members == {"mine": b"1", "other": b"2"}
    assert "directory" in read.kinds
