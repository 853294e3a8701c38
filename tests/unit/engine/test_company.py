"""Small files share a worker, and what it says of a later one is kept for this company only."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.examining import source
from harness.working import InProcess
from pratique.artifacts.sources.base import SourceFile
from pratique.core.errors import WorkerError
from pratique.core.limits import Limits
from pratique.core.ports import Quiet
from pratique.core.receipt import Coverage
from pratique.core.scan import FileReport
from pratique.engine.company import MOST, MOST_BYTES, SMALL, companies
from pratique.engine.examine import Examiner
from pratique.engine.ports import Asking
from pratique.store.sql import open_store

_FILES = st.lists(
    st.tuples(st.text(max_size=8), st.integers(-1, 2 * SMALL)), max_size=200, unique_by=lambda t: t
)


def named(path: str, size: int) -> SourceFile:
    return SourceFile(path, size, lambda: -1)


@given(_FILES)
def test_every_file_has_its_company_in_order_and_within_bounds(rows: list[tuple[str, int]]) -> None:
    files = [named(*row) for row in rows]
    told = list(companies(files))
    assert [f for one in told for f in one] == files
    for one in told:
        assert 0 < len(one) <= MOST
        assert sum(f.size for f in one) <= MOST_BYTES or len(one) == 1
        assert all(0 <= f.size <= SMALL for f in one) or len(one) == 1


def test_a_new_file_leaves_most_companies_as_they_were() -> None:
    files = [named(f"{at:04}.json", 100) for at in range(500)]
    before = {tuple(f.path for f in one) for one in companies(files)}
    after = {tuple(f.path for f in one) for one in companies([named("0000-new", 1), *files])}
    assert len(before - after) <= 2


@pytest.fixture
def three(tmp_path: Path) -> list[SourceFile]:
    found = []
    for at in range(3):
        path = tmp_path / f"{at}.txt"
        path.write_text(f"nothing to see in {at}\n" * 40)
        found.append(source(path))
    return found


class Counting(InProcess):
    """Counts the workers that were made."""

    def __init__(self) -> None:
        super().__init__()
        self.made = 0

    def worker(self) -> AbstractContextManager[Asking]:
        self.made += 1
        return super().worker()


def together(files: list[SourceFile], workers: InProcess, store: Path) -> list[FileReport]:
    with closing(open_store(store)) as kept:
        examiner = Examiner(kept, workers, Limits(), Quiet())
        with closing(examiner), examiner.company() as company:
            return [examiner.file(file, (), company) for file in files]


def test_small_files_share_a_worker_and_are_not_read_again(
    three: list[SourceFile], tmp_path: Path
) -> None:
    workers = Counting()
    first = together(three, workers, tmp_path / "s")
    again = together(three, workers, tmp_path / "s")
    assert workers.made == 1
    assert [r.cached for r in again] == [True] * 3
    assert [r.inspection for r in again] == [r.inspection for r in first]


def test_what_a_worker_says_of_a_later_file_is_not_believed_elsewhere(
    three: list[SourceFile], tmp_path: Path
) -> None:
    """A worker taken over by the first file calls the second one clean: nobody else hears it."""
    together(three, Counting(), tmp_path / "s")
    workers = Counting()
    alone = together([three[1]], workers, tmp_path / "s")
    other = together([three[2], three[1]], workers, tmp_path / "s")
    assert not alone[0].cached
    assert [r.cached for r in other] == [False, True]  # what was read alone holds everywhere


def test_a_file_of_other_company_is_read_again(three: list[SourceFile], tmp_path: Path) -> None:
    together(three, Counting(), tmp_path / "s")
    told = together([three[0], three[2]], Counting(), tmp_path / "s")
    assert [r.cached for r in told] == [True, False]


def test_a_file_whose_worker_dies_is_read_alone(three: list[SourceFile], tmp_path: Path) -> None:
    class Dying(Counting):
        def ask(
            self, request: Mapping[str, Any], fds: Sequence[int], deadline_s: float
        ) -> Iterator[dict[str, Any]]:
            if len(self.asked) == 1:
                self.asked.append(dict(request))
                raise WorkerError("gone", "crashed")
            yield from InProcess.ask(self, request, fds, deadline_s)

    workers = Dying()
    told = together(three, workers, tmp_path / "s")
    for report in told:
        assert all(r.coverage is Coverage.FULL for r in report.inspection.receipts)
    assert workers.made == 3  # the shared one, one for the file alone, one for those after it


def test_a_file_that_kills_each_worker_is_named(three: list[SourceFile], tmp_path: Path) -> None:
    class Dying(Counting):
        def ask(
            self, request: Mapping[str, Any], fds: Sequence[int], deadline_s: float
        ) -> Iterator[dict[str, Any]]:
            if len(self.asked) in {1, 2}:
                self.asked.append(dict(request))
                raise WorkerError("gone", "crashed")
            yield from InProcess.ask(self, request, fds, deadline_s)

    told = together(three, Dying(), tmp_path / "s")
    kinds = [all(r.coverage is Coverage.FULL for r in t.inspection.receipts) for t in told]
    assert kinds == [True, False, True]
