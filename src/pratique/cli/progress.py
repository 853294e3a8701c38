"""Tells a terminal how a scan goes: bytes through each step, the file at hand, what was found."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from pratique.cli.reports.safe import plain
from pratique.core.finding import Severity
from pratique.core.ports import Quiet, Watcher
from pratique.core.scan import FileReport

STEPS = {"hash": "hashing", "inspect": "inspecting"}
MOST_NAME = 48


@contextmanager
def watched(console: Console, *, shown: bool) -> Iterator[Watcher]:
    """Give a watcher: one that draws on `console` while the block runs, or a quiet one."""
    if not shown:
        yield Quiet()
        return
    bars = Progress(
        SpinnerColumn(style="cyan"),
        TextColumn("{task.description}", style="bold"),
        BarColumn(bar_width=None, complete_style="cyan", finished_style="green"),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[note]}", style="dim", markup=False),
        console=console,
        transient=True,
        expand=True,
        refresh_per_second=8,
    )
    with bars:
        yield Drawn(bars)


class Drawn:
    """A watcher that draws a bar for each step; every method may be called from any thread."""

    def __init__(self, bars: Progress) -> None:
        self._bars, self._lock = bars, threading.Lock()
        self._steps: dict[str, TaskID] = {}
        self._files = self._done = self._findings = 0
        self._worst = Severity.INFO
        self._open: dict[str, None] = {}

    def planned(self, files: int, size: int) -> None:
        """Hear how many files and bytes there are to read."""
        with self._lock:
            self._files += files
            for step, words in STEPS.items():
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
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            name = next(iter(self._open), "")
            count = f"{self._done:,} of {self._files:,} files"
            found = f", {self._findings:,} findings" if self._findings else ""
        notes = {"hash": count + found, "inspect": _short(name)}
        for step, task in self._steps.items():
            self._bars.update(task, note=Text(notes[step]).plain)


def _short(path: str) -> str:
    text = plain(path)
    return text if len(text) <= MOST_NAME else f"…{text[-MOST_NAME:]}"
