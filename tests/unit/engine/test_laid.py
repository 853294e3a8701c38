"""A file without a header is read as the file beside it says, and only where it does."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness import make_checkpoint
from harness.examining import look, source
from harness.working import InProcess
from pratique.artifacts.laid import MAX_FILES, MAX_ROWS, Laid, laid_of, rows_of, told
from pratique.core.limits import Limits
from pratique.core.receipt import Coverage
from pratique.core.scan import FileReport
from pratique.engine.repository import Rows
from pratique.store.sql import open_store

INDEX = make_checkpoint.index(w=make_checkpoint.entry(make_checkpoint.FLOAT, [2, 3], 0, 24))
DATA = bytes(range(24))
NAMES = ("m.index", "m.data-00000-of-00001")
W = Laid("w", "f32", (2, 3), 0, 24)


def whole(report: FileReport) -> bool:
    return {r.coverage for r in report.inspection.receipts} == {Coverage.FULL}


def files(folder: Path, bodies: Sequence[bytes] = (INDEX, DATA)) -> tuple[Path, Path]:
    paths = folder / NAMES[0], folder / NAMES[1]
    for path, body in zip(paths, bodies, strict=True):
        path.write_bytes(body)
    return paths


def test_an_index_tells_of_the_file_beside_it(tmp_path: Path) -> None:
    index, data = files(tmp_path)
    rows = Rows(Limits())
    rows.take(look(source(index)))
    assert rows.laid(NAMES[1]) == (W,)
    assert rows.laid("m.data-00001-of-00001") == ()
    assert whole(look(source(data), laid=rows.laid(NAMES[1])))
    assert not whole(look(source(data)))


def test_a_result_holds_only_as_it_was_told(tmp_path: Path) -> None:
    _, data = files(tmp_path)
    workers = InProcess()
    store = tmp_path / "s"
    for laid in ((W,), (), (W,), (W._replace(size=20, shape=(5,)),)):
        report = look(source(data), workers, store=open_store(store), laid=laid)
        assert whole(report) == (laid == (W,))
    assert [asked.get("laid", []) for asked in workers.asked] == [
        [["w", "f32", [2, 3], 0, 24]],
        [],
        [["w", "f32", [5], 0, 20]],
    ]


GOOD = ["w", "f32", [2, 3], 0, 24]
FILES = {".data-00000-of-00001": [GOOD]}


def test_names_take_the_place_of_an_ending_or_stand_beside() -> None:
    assert dict(told("a/m.index", {"ending": ".index", "files": FILES})) == {
        "a/m.data-00000-of-00001": (W,)
    }
    assert dict(told("a/model.json", {"ending": "", "files": {"./b/x.bin": [GOOD]}})) == {
        "a/b/x.bin": (W,)
    }
    assert not dict(told("m.other", {"ending": ".index", "files": FILES}))


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x"])
def test_files_outside_are_not_told_of(name: str) -> None:
    assert not dict(told("model.json", {"ending": "", "files": {name: [GOOD]}}))


@pytest.mark.parametrize(
    "row",
    [
        None,
        [],
        ["w", "f32", [2, 3], 0],
        ["w", "f32", "23", 0, 24],
        ["w", 1, [2, 3], 0, 24],
        ["w", "f32", [-2], 0, 24],
        ["w", "f32", [2], True, 24],
        ["w", "f32", [2], 1 << 70, 24],
        ["w", "f32", [1] * 65, 0, 24],
        ["w", "f32", [2], 0, -2],
    ],
)
def test_what_is_not_sound_tells_of_nothing(row: object) -> None:
    assert not dict(told("model.json", {"ending": "", "files": {"x": [GOOD, row]}}))
    assert laid_of([GOOD, row]) == (W,)


@pytest.mark.parametrize(
    "data", [None, [], {}, {"ending": 1, "files": {}}, {"ending": "", "files": []}]
)
def test_a_fact_of_another_shape_tells_of_nothing(data: object) -> None:
    assert not dict(told("model.json", data))


def test_what_is_told_is_bounded() -> None:
    many: dict[str, list[object]] = {str(n): [] for n in range(MAX_FILES + 1)}
    assert not dict(told("model.json", {"ending": "", "files": many}))
    rows = [GOOD] * (MAX_ROWS + 1)
    assert len(laid_of(rows)) == MAX_ROWS
    assert laid_of(rows_of((W,))) == (W,)
    assert laid_of("rows") == ()
