"""Runs inside a peer's own environment: paths on standard input, one JSON verdict per line out.

Each tool judges as its command line does by default; `docs/evaluation.md` says what counts. Only
the standard library and the peer itself are there.
"""

import contextlib
import importlib
import io
import json
import logging
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FLAGGED, CLEAN, UNREAD = "flagged", "clean", "unread"
Judge = Callable[[Path], str]


class TooSlowError(Exception):
    """One path took longer than it may."""


def load(name: str) -> Any:  # noqa: ANN401 - a peer's module has no types that we know
    """Import a peer's module: it exists only in the peer's environment."""
    return importlib.import_module(name)


def picklescan(*, strict: bool = False) -> Judge:
    """Flag what its command line ends with 1 for; a file that it skips is unread."""
    scanner = load("picklescan.scanner")

    def judge(path: Path) -> str:
        scan = scanner.scan_directory_path if path.is_dir() else scanner.scan_file_path
        told = scan(str(path), strict=strict)
        if told.issues_count:
            return FLAGGED
        return UNREAD if told.scan_err or not told.scanned_files else CLEAN

    return judge


def picklescan_strict() -> Judge:
    """Flag with --strict, which denies every name that is not on its list."""
    return picklescan(strict=True)


def aisbom() -> Judge:
    """Flag a critical artifact, for which its command line ends with 2; `medium` is not flagged.

    A file of which it makes no artifact, or an error, is unread.
    """
    scanner = load("aisbom.scanner").DeepScanner

    def judge(path: Path) -> str:
        told = scanner(str(path)).scan()
        risks = [str(a.get("risk_level", "")).upper() for a in told["artifacts"]]
        if any("CRITICAL" in risk for risk in risks):
            return FLAGGED
        read = risks and not told["errors"]
        return CLEAN if read and not any("UN" in r for r in risks) else UNREAD

    return judge


def modelscan() -> Judge:
    """Flag any issue; errors and skipped files are unread."""
    made = load("modelscan.modelscan").ModelScan

    def judge(path: Path) -> str:
        told = made().scan(path)
        if told["summary"]["total_issues"]:
            return FLAGGED
        read = told["summary"]["scanned"]["total_scanned"]
        return UNREAD if told["errors"] or not read else CLEAN

    return judge


def fickling() -> Judge:
    """Flag any pickle above `likely safe`, as `fickling --check-safety` does."""
    fickle, analysis = load("fickling.fickle"), load("fickling.analysis")

    def one(path: Path) -> str:
        with path.open("rb") as file:
            stacked = fickle.StackedPickle.load(file, fail_on_decode_error=False)
        likely_safe = analysis.Severity.LIKELY_SAFE
        bad = any(analysis.check_safety(p).severity > likely_safe for p in stacked)
        return FLAGGED if bad else CLEAN

    def judge(path: Path) -> str:
        if not path.is_dir():
            return one(path)
        told = set()
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            try:
                told.add(one(file))
            except Exception:  # noqa: BLE001 - one file it cannot parse does not speak for the rest
                told.add(UNREAD)
        return FLAGGED if FLAGGED in told else UNREAD if UNREAD in told else CLEAN

    return judge


def modelaudit() -> Judge:
    """Flag what its command line calls a security finding; any other exit than 0 is unread."""
    core, results = load("modelaudit.core"), load("modelaudit.core_results")

    def judge(path: Path) -> str:
        told = core.scan_model_directory_or_file(str(path))
        if results.results_have_security_findings(told):
            return FLAGGED
        return UNREAD if results.determine_exit_code(told) else CLEAN

    return judge


def hayward() -> Judge:
    """Flag a finding at `high` or above (its default --fail-on); coverage gaps are unread."""
    peer = load("hayward")
    scanner = peer.ModelFileScanner()

    def judge(path: Path) -> str:
        told = scanner.scan_directory(path) if path.is_dir() else scanner.scan_file(path)
        if any(f.severity.value in {"critical", "high"} for f in told):
            return FLAGGED
        return UNREAD if any(peer.is_coverage_gap(f) for f in told) else CLEAN

    return judge


TOOLS: dict[str, Callable[[], Judge]] = {
    "picklescan": picklescan,
    **{
        f.__name__: f for f in (picklescan_strict, modelscan, fickling, modelaudit, hayward, aisbom)
    },
}


def expired(_signal: int, _frame: object) -> None:
    """Turn the alarm into an exception."""
    raise TooSlowError


def main() -> int:
    """Judge every path that comes in: `driver.py TOOL SECONDS_PER_PATH`."""
    name, seconds = sys.argv[1], int(sys.argv[2])
    out = sys.stdout
    logging.disable(logging.CRITICAL)
    judge = TOOLS[name]()
    signal.signal(signal.SIGALRM, expired)
    for line in sys.stdin:
        path, start, why = Path(line.rstrip("\n")), time.perf_counter(), ""
        signal.alarm(seconds)
        try:
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                verdict = judge(path)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            verdict, why = UNREAD, f"{type(error).__name__}: {error}"[:200]
        finally:
            signal.alarm(0)
        row = {"path": str(path), "verdict": verdict, "why": why}
        row["seconds"] = round(time.perf_counter() - start, 4)  # type: ignore[assignment]
        print(json.dumps(row), file=out, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
