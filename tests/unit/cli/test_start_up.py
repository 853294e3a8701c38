"""What a command must not import before it is known to be needed: start-up is what users feel."""

import subprocess
import sys

IMPORTED = "print(*{name.partition('.')[0] for name in sys.modules})"


def imported(by: str) -> set[str]:
    """Return the packages that are imported after these words were run."""
    argv = [sys.executable, "-c", f"import sys; {by}; {IMPORTED}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_the_version_needs_nothing() -> None:
    heavy = {"typer", "rich", "pydantic", "yaml", "numpy", "sqlalchemy"}
    assert not heavy & imported("from pratique.cli.entry import main; main(['--version'])")


def test_a_scan_leaves_what_only_workers_need_to_workers() -> None:
    heavy = {"numpy", "jinja2", "yara_x", "sqlalchemy", "alembic", "httpx", "cryptography"}
    assert not heavy & imported("import pratique.cli.app, pratique.flows.scan")


def test_a_zygote_is_launched_before_the_rest_is_imported() -> None:
    heavy = {"typer", "rich", "pydantic", "yaml", "numpy", "sqlalchemy", "cryptography", "jinja2"}
    assert not heavy & imported("from pratique.flows import early; early.head_start()")


def test_a_zygote_does_without_what_only_the_parent_needs() -> None:
    heavy = {"typer", "rich", "pydantic", "sqlalchemy", "cryptography", "cel", "httpx"}
    assert not heavy & imported("from pratique.engine import worker; worker.warm()")
