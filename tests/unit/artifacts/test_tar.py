"""The tar reader sees every header, whichever dialect, and says where dialects differ."""

import io
import tarfile
import time
from dataclasses import replace

import pytest

from harness.inspecting import subject_of
from harness.make_archives import patched, short, tar_entry, tarred
from harness.reading import Read
from pratique.artifacts.readers.tar.reader import TarReader
from pratique.core.errors import LimitExceededError, MalformedError
from pratique.core.limits import Limits

FILES = {"a.txt": b"alpha" * 50, "b/c.bin": bytes(range(256)) * 4, "empty": b""}
LONG = {"d/" * 80 + "é.txt": b"x", "n" * 180: b"y"}


def read_tar(body: bytes, limits: Limits | None = None) -> Read:
    return Read(body, TarReader(), limits)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_an_honest_tar_is_read_whole(form: int) -> None:
    files = FILES if form == tarfile.USTAR_FORMAT else FILES | LONG
    read = read_tar(tarred(files, form))
    assert read.members == files
    assert (read.kinds, read.gaps, read.raised) == (set(), [], None)
    assert read.view
    assert read.view.partial == ""


def test_a_tar_with_whole_records_is_claimed_whole() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        t.addfile(tarfile.TarInfo("a"))
    assert read_tar(out.getvalue()).claims[-1][1] == 10240


def test_a_v7_tar_is_recognised_by_its_checksum() -> None:
    block = bytearray(tar_entry("old", tarfile.REGTYPE, body=b"hi"))
    block[156:157] = b"\0"
    block[257:512] = bytes(255)
    total = sum(block[:148]) + 8 * 32 + sum(block[156:512])
    block[148:156] = b"%06o\0 " % total
    assert read_tar(bytes(block) + bytes(1024)).members == {"old": b"hi"}


def test_links_and_devices_are_shown() -> None:
    body = tar_entry("l", tarfile.SYMTYPE, "/etc/passwd") + tar_entry("h", tarfile.LNKTYPE, "../x")
    body += tar_entry("d", tarfile.CHRTYPE) + tar_entry("f", tarfile.FIFOTYPE)
    read = read_tar(body + tar_entry("dir", tarfile.DIRTYPE) + bytes(1024))
    assert read.view
    assert [(e.kind, e.link) for e in read.view.entries] == [
        ("symlink", "/etc/passwd"),
        ("hardlink", "../x"),
        ("device", ""),
        ("fifo", ""),
        ("directory", ""),
    ]
    assert read.members == {}


def test_entries_after_the_end_are_found() -> None:
    read = read_tar(tarred({"a": b"1"}) + tarred({"b": b"2"}))
    assert read.members == {"a": b"1", "b": b"2"}
    assert read.kinds == {"hidden"}


def test_bytes_after_the_end_stay_unclaimed() -> None:
    body = tarred({"a": b"1"})
    read = read_tar(body + b"payload")
    assert read.gaps == [(len(body), len(body) + 7)]


def test_a_broken_block_hides_nothing_after_it() -> None:
    body = tar_entry("a", b"0", body=b"1") + b"?" * 512 + tar_entry("b", b"0", body=b"2")
    read = read_tar(body + bytes(1024))
    assert read.members == {"a": b"1", "b": b"2"}
    assert isinstance(read.raised, MalformedError)
    assert read.kinds == {"directory", "hidden"}


def test_a_wrong_header_checksum_is_said() -> None:
    read = read_tar(patched(tarred(FILES), 0, b"A"))
    assert read.kinds == {"checksum"}
    assert read.members["A.txt"] == FILES["a.txt"]


def test_a_pax_size_that_differs_is_a_contradiction() -> None:
    pax = tar_entry("pax", tarfile.XHDTYPE, body=b"12 size=512\n")
    inner = tar_entry("smuggled", b"0")
    read = read_tar(pax + tar_entry("outer", b"0") + inner + bytes(1024))
    assert read.kinds == {"contradiction"}
    assert read.members == {"outer": inner}


def test_a_truncated_tar_is_partial() -> None:
    read = read_tar(tarred(FILES)[:700])
    assert read.members == {"a.txt": (b"alpha" * 50)[:188]}
    assert read.kinds == {"corrupt"}
    assert read.view
    assert "ends early" in read.view.partial


def test_a_sparse_entry_is_partial() -> None:
    block = bytearray(tar_entry("holes", b"S", body=b"12345"))
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block[:512])
    read = read_tar(bytes(block) + bytes(1024))
    assert read.members == {"holes": b"12345"}
    assert read.kinds == {"sparse"}


def test_millions_of_headers_are_bounded() -> None:
    body = tar_entry("a", b"0") * 100_000
    begun = time.process_time()
    read = read_tar(body, replace(Limits(), members=1000))
    assert isinstance(read.raised, LimitExceededError)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("body", [b"", bytes(1024), b"ustar" * 300, bytes(range(256)) * 4])
def test_other_bytes_are_not_taken_for_a_tar(body: bytes) -> None:
    assert not TarReader().recognises(subject_of(body))


def test_short_keeps_the_end_mark() -> None:
    assert short(tarred({"a": b"1"})).endswith(bytes(1024))


def test_long_names_are_bounded() -> None:
    body = tarred({"n" * 5000 + str(i): b"" for i in range(40)}, tarfile.PAX_FORMAT)
    read = read_tar(body, replace(Limits(), text_bytes=50_000))
    assert isinstance(read.raised, LimitExceededError)
    assert len(read.members) < 15
