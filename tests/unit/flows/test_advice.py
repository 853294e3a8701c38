"""What is noticed while a package is matched with advisories: which model, and what is odd."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.advised import inventory_of, packed, record
from pratique.advisories import vex
from pratique.advisories.install import Given, install
from pratique.core.fact import Fact
from pratique.core.finding import Digest
from pratique.core.inventory_json import value
from pratique.core.ports import Quiet
from pratique.core.scan import FileReport, Inspection
from pratique.engine.bounds import INVENTORY
from pratique.flows.advice import advised
from pratique.flows.asked import Asked
from pratique.store.memory import MemoryStore

STATEMENT = vex.Statement(names=frozenset({"CVE-1"}), status="affected", artifacts=frozenset())


class Heard(Quiet):
    def __init__(self) -> None:
        self.says: list[str] = []

    def noticed(self, says: str) -> None:
        self.says.append(says)


def heard(folder: Path, digest: str, days: int) -> list[str]:
    inventory = inventory_of({"requirements.txt": "a==1\n"})
    repository = Inspection(facts=(Fact(INVENTORY, (), value(inventory)),))
    files = [FileReport("requirements.txt", Digest(digest), 5, Inspection())]
    watcher = Heard()
    asked = Asked(advisories=folder, vex=(STATEMENT,), max_age_days=days, watcher=watcher)
    matched, _ = advised("models/one", files, repository, asked, MemoryStore())
    assert matched is not None
    return watcher.says


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    archive = packed(tmp_path / "all.zip", [record("A-1", "a", {"introduced": "0"})])
    now = datetime.now(UTC) - timedelta(hours=1)
    install(tmp_path / "db", [Given("PyPI", archive, "x")], now=now)
    return tmp_path / "db"


def test_what_a_statement_does_not_do_names_the_model(folder: Path) -> None:
    says = heard(folder, "sha256:" + "0" * 64, 100_000)
    assert says == ["models/one: VEX about CVE-1: says 'affected', which silences nothing"]


def test_statements_about_what_has_no_digest_are_told(folder: Path) -> None:
    (says,) = heard(folder, "", 100_000)
    assert says == "models/one: no VEX counts: a file could not be read, so no digest"


def test_old_data_is_noticed(folder: Path) -> None:
    assert "however lately it was taken in" in heard(folder, "", 30)[0]
