"""Archives that torch.save wrote one after another, as distributed checkpoints hold them."""

import io
import zipfile

from harness.inspecting import subject_of
from pratique.artifacts.blob import MemoryBlob
from pratique.artifacts.reader import Claim, Member
from pratique.artifacts.readers.zip.reader import ZipReader
from pratique.artifacts.readers.zip.row import row


def saved(content: bytes, root: str = "archive") -> bytes:
    """Return a zip with one `data.pkl` in a folder called `root`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr(f"{root}/data.pkl", content)
    return out.getvalue()


def test_each_archive_of_a_row_is_a_member() -> None:
    parts = [saved(b"a" * n) for n in (1, 20, 300)]
    items = list(ZipReader().read(subject_of(b"".join(parts))))
    blobs = [i.blob for i in items if isinstance(i, Member)]
    assert [b.read(0, b.size) for b in blobs] == parts
    claims = [i for i in items if isinstance(i, Claim)]
    assert sum(c.end - c.start for c in claims) == sum(map(len, parts))


def test_only_a_row_without_gaps_is_one() -> None:
    one, two = saved(b"a"), saved(b"b")
    assert row(MemoryBlob(one + two)) == [(0, len(one)), (len(one), len(one) + len(two))]
    assert not row(MemoryBlob(one))
    assert not row(MemoryBlob(one + b"\0" + two))
    assert not row(MemoryBlob(b"\0" + one + two))
    assert not row(MemoryBlob(one + two + b"\0"))
    assert not row(MemoryBlob(one + two), most=1)


def test_archives_with_other_roots_are_no_row() -> None:
    assert not row(MemoryBlob(saved(b"a", "model") + saved(b"b")))
