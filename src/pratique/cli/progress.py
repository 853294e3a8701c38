"""Tells a terminal how a scan goes: bytes through each step, the file at hand, what was found."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Column
from rich.text import Text
from rich.theme import Theme

from pratique.cli.reports.safe import plain
from pratique.core.ports import Quiet, Watcher
from pratique.core.scan import FileReport

STEPS = {"hash": "hashing", "inspect": "inspecting"}
HASHING = {"hash": "hashing"}
MOST_NAME = 48

_CALM = Theme(
    {"progress.download": "default", "progress.data.speed": "dim", "progress.remaining": "dim"}
)


@contextmanager
def watched(
    console: Console, *, shown: bool, steps: Mapping[str, str] = STEPS
) -> Iterator[Watcher]:
    """Give a watcher: one that draws on `console` while the block runs, or only remarks.

    `steps` are those that the bytes go through, each with the word it is shown by.
    """
    if not shown:
        yield Remarks(console)
        return
    with console.use_theme(_CALM), _bars(console) as bars:
        yield Drawn(bars, steps)


class Remarks(Quiet):
    """A watcher that only writes what the operator should know."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def noticed(self, says: str) -> None:
        """Write a remark, one line."""
        self._console.print(f"pratique: {plain(says)}", markup=False, soft_wrap=True)


def _bars(console: Console) -> Progress:
    whole = partial(Column, no_wrap=True)
    return Progress(
        SpinnerColumn(style="cyan"),
        TextColumn("{task.description}", table_column=whole()),
        BarColumn(bar_width=24, complete_style="cyan", finished_style="green"),
        _Amount(table_column=whole()),
        _Speed(table_column=whole()),
        TimeRemainingColumn(compact=True, table_column=whole()),
        TextColumn(
            "{task.fields[note]}",
            style="dim",
            markup=False,
            table_column=whole(ratio=1, overflow="ellipsis"),
        ),
        console=console,
        transient=True,
        expand=True,
        refresh_per_second=8,
    )


class _Amount(DownloadColumn):
    """Bytes, or runs of a detonation."""

    def render(self, task: Task) -> Text:
        """Return how much is done."""
        if not task.fields.get("runs"):
            return super().render(task)
        whole = "?" if task.total is None else f"{task.total:.0f}"
        return Text(f"{task.completed:.0f}/{whole} runs")


class _Speed(TransferSpeedColumn):
    """Bytes in a second; runs are too few to have a speed."""

    def render(self, task: Task) -> Text:
        """Return how fast it goes."""
        return Text("") if task.fields.get("runs") else super().render(task)


class Drawn:
    """A watcher that draws a bar for each step; every method may be called from any thread."""

    def __init__(self, bars: Progress, steps: Mapping[str, str] = STEPS) -> None:
        self._bars, self._lock, self._words = bars, threading.Lock(), steps
        self._steps: dict[str, TaskID] = {}
        self._files = self._done = self._findings = 0
        self._open: dict[str, None] = {}
        self._running: TaskID | None = None

    def planned(self, files: int, size: int) -> None:
        """Hear how many files and bytes there are to read."""
        with self._lock:
            self._files += files
            for step, words in self._words.items():
                if step not in self._steps:
                    self._steps[step] = self._bars.add_task(words, total=0, note="")
                task = self._steps[step]
                total = self._bars.tasks[self._bars.task_ids.index(task)].total or 0
                self._bars.update(task, total=total + max(size, 0))
        self._tell()

    def started(self, path: str, size: int) -> None:  # noqa: ARG002 - the plan has the sizes
        """Hear that a file is being read."""
        with self._lock:
            self._open[path] = None
        self._tell()

    def read(self, step: str, count: int) -> None:
        """Hear that `count` more bytes went through `step`."""
        task = self._steps.get(step)
        if task is not None:
            self._bars.update(task, advance=count)

    def done(self, report: FileReport) -> None:
        """Hear how a file came out."""
        with self._lock:
            self._done += 1
            self._open.pop(report.path, None)
            self._findings += len(report.inspection.findings)
        if report.cached:
            self.read("inspect", max(report.size, 0))  # known already: nothing is left to do
        self._tell()

    def ran(self, done: int, planned: int, says: str) -> None:
        """Show how many runs of a detonation are done, and what the last one was."""
        with self._lock:
            if self._running is None:
                self._running = self._bars.add_task("running", total=None, note="", runs=True)
        total = planned or None
        self._bars.update(self._running, completed=done, total=total, note=_short(says))

    def noticed(self, says: str) -> None:
        """Write a remark, one line, above the bars."""
        self._bars.console.print(f"pratique: {plain(says)}", markup=False, soft_wrap=True)

    def _tell(self) -> None:
        with self._lock:
            name = next(iter(self._open), "")
            count = f"{self._done:,} of {self._files:,} files"
            found = f", {self._findings:,} findings" if self._findings else ""
        notes = {"hash": count + found, "inspect": _short(name)}
        for step, task in self._steps.items():
            self._bars.update(task, note=notes[step])


def _short(path: str) -> str:
    text = plain(path)
    return text if len(text) <= MOST_NAME else f"…{text[-MOST_NAME:]}"
