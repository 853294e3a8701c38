import io
import threading

from rich.console import Console

from harness import accounts
from pratique.cli.progress import HASHING, watched
from pratique.core.ports import Quiet


def test_draws_steps_bytes_and_the_file_at_hand() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=160)
    with watched(console, shown=True) as watcher:
        watcher.planned(2, 1_000_000)

        def one(name: str) -> None:
            watcher.started(name, 500_000)
            for _ in range(500):
                watcher.read("hash", 1000)
                watcher.read("inspect", 1000)
            watcher.read("unknown", 1)

        threads = [threading.Thread(target=one, args=(n,)) for n in ("a\x1b[2Jb.bin", "c.bin")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        watcher.done(accounts.a_file("c.bin"))
    said = out.getvalue()
    assert "hashing" in said
    assert "inspecting" in said
    assert "1.0/1.0 MB" in said
    assert "1 of 2 files" in said
    assert "\x1b[2Jb" not in said


def test_quiet() -> None:
    with watched(Console(file=io.StringIO()), shown=False) as watcher:
        assert isinstance(watcher, Quiet)


def test_draws_only_the_steps_that_there_are() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=160)
    with watched(console, shown=True, steps=HASHING) as watcher:
        watcher.planned(1, 1000)
        watcher.read("hash", 1000)
        watcher.done(accounts.a_file("c.bin"))
    assert "hashing" in out.getvalue()
    assert "1 of 1 files" in out.getvalue()
    assert "inspecting" not in out.getvalue()


def test_draws_runs_beside_bytes() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=160)
    with watched(console, shown=True) as watcher:
        watcher.planned(1, 1000)
        watcher.ran(0, 0, "learning what torch does")
        watcher.ran(1, 14, "torch over a\x1b[2Jb.bin, now: finished")
        watcher.ran(2, 14, "torch over c.bin, now: finished")
    said = out.getvalue()
    assert "2/14 runs" in said
    assert "c.bin, now: finished" in said
    assert "\x1b[2Jb" not in said


def test_runs_are_no_remarks() -> None:
    out = io.StringIO()
    with watched(Console(file=out), shown=False) as watcher:
        watcher.ran(1, 2, "torch over c.bin")
    assert out.getvalue() == ""
