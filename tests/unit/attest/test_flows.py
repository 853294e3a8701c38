"""The stories of a badge and of its verification, with a scan made by hand."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from harness.badges import CARDED, NOW, RULES, write
from harness.scans import finding, receipt, scan_of
from pratique.artifacts.sources.base import SourceFile
from pratique.attest import folder as folders
from pratique.attest.placing import placeable
from pratique.cli import badging
from pratique.core.errors import (
    BugError,
    ChangedError,
    EvidenceError,
    MachineError,
    PratiqueError,
    UsageError,
)
from pratique.core.finding import Severity
from pratique.core.receipt import Coverage
from pratique.core.scan import Scan
from pratique.core.verdict import Verdict
from pratique.flows import keys as keyring
from pratique.flows.asked import Asked
from pratique.flows.badge import badge
from pratique.flows.verify import Demand, verify
from pratique.flows.wish import BadgeMade, Wish
from pratique.policy import pack

DAY = "2026-11-24"
APP = typer.Typer()
badging.register(APP)


@dataclass(frozen=True)
class Named:
    """A source of which only the name is asked."""

    name: str

    def files(self) -> Iterator[SourceFile]:
        yield from ()


@dataclass
class World:
    """A home with keys and a model, and what a scan of it says."""

    home: Path
    monkeypatch: pytest.MonkeyPatch

    def __post_init__(self) -> None:
        self.model, self.keys = write(self.home / "m", CARDED), self.home / "keys"
        keyring.init(self.keys, now=NOW)
        self.says(scan_of(CARDED))

    def says(self, scan: Scan | PratiqueError) -> None:
        def told(*_: object) -> Scan:
            if isinstance(scan, PratiqueError):
                raise scan
            return scan

        self.monkeypatch.setattr("pratique.flows.scan.scan", told)

    def badge(self, packed: str = "default", **wish: object) -> BadgeMade:
        asked = Wish(**({"keys": self.keys} | wish))  # type: ignore[arg-type]  # passed on
        return badge(Named(str(self.model)), Asked(), pack.load(packed), asked, now=NOW)

    def verify(self) -> str:
        return verify(self.model, Demand(trust=self.keys / "trust.json", at=NOW)).result

    def left(self) -> set[str]:
        return {path.name for path in self.home.iterdir()}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.delenv(keyring.PASSPHRASE, raising=False)
    monkeypatch.setattr("pratique.flows.badge.rules", lambda: RULES)
    return World(tmp_path, monkeypatch)


def test_a_badge_goes_beside_the_model_and_holds(world: World) -> None:
    made = world.badge()
    assert made.folder == world.home / "m.pratique"
    assert world.left() == {"m", "keys", "m.pratique"}
    assert world.verify() == "PASSED"
    assert (world.model / "README.md").read_bytes() == CARDED["README.md"]
    assert world.badge().folder == made.folder
    assert world.left() == {"m", "keys", "m.pratique"}


def test_a_badge_with_a_card(world: World) -> None:
    (world.model / "README.md").chmod(0o640)
    world.badge(card=True)
    assert world.verify() == "PASSED"
    assert b"pratique:begin" in (world.model / "README.md").read_bytes()
    assert (world.model / "README.md").stat().st_mode & 0o777 == 0o640
    assert {p.name for p in world.model.iterdir()} == {name.split("/")[0] for name in CARDED}


def test_a_bad_result_makes_no_badge_unless_asked_for(world: World) -> None:
    world.says(scan_of(CARDED, finding(Severity.CRITICAL)))
    made = world.badge()
    assert made.folder is None
    assert made.decision.verdict is Verdict.REJECT
    assert world.left() == {"m", "keys"}
    assert world.badge(always=True).headline.result == "FAILED"
    with pytest.raises(EvidenceError, match="the result is FAILED"):
        world.verify()
    world.says(scan_of(CARDED, receipt(Coverage.PARTIAL)))
    assert world.badge("lax").folder is None


@pytest.mark.parametrize(
    ("out", "says"),
    [("m/badge", "lies inside the model"), ("m", "lies inside"), ("keys", "is no badge")],
)
def test_where_a_badge_may_not_go(out: str, says: str, world: World) -> None:
    with pytest.raises(UsageError, match=says):
        world.badge(out=world.home / out)


def test_a_model_from_elsewhere_needs_a_place(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="say where the badge goes"):
        placeable(None, Path("hf://org/name@rev"))
    assert placeable(tmp_path / "b", Path("hf://org/name@rev")) == tmp_path / "b"


def test_a_badge_of_a_model_from_elsewhere(world: World) -> None:
    asked = Wish(keys=world.keys, out=world.home / "b")
    made = badge(Named("hf://o/n@r"), Asked(), pack.load("default"), asked, now=NOW)
    assert made.folder == world.home / "b"


def test_a_model_that_changed_since_gets_no_badge(world: World) -> None:
    (world.model / "config.json").write_bytes(b"{} ")
    with pytest.raises(ChangedError, match=r"'config\.json' is not as it was scanned"):
        world.badge()
    assert world.left() == {"m", "keys"}


def test_a_card_that_is_a_link_or_changed_leaves_everything(world: World) -> None:
    readme = world.model / "README.md"
    readme.rename(world.home / "elsewhere")
    readme.symlink_to(world.home / "elsewhere")
    with pytest.raises(EvidenceError, match="leads out"):
        world.badge(card=True)
    readme.unlink()
    (world.home / "elsewhere").rename(world.model / "config.json")
    readme.symlink_to("config.json")
    world.says(scan_of({**CARDED, "config.json": CARDED["README.md"]}))
    with pytest.raises(UsageError, match="is a link"):
        world.badge(card=True)
    assert world.left() == {"m", "keys"}


def test_a_card_that_changes_at_the_last_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = world.model / "README.md"
    monkeypatch.setattr("pratique.flows.badge.unchanged", lambda *_: readme.write_bytes(b"x"))
    with pytest.raises(ChangedError, match="changed while it was scanned"):
        world.badge(card=True)
    assert world.left() == {"m", "keys"}


def test_a_full_disk_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        world.badge()
    assert world.left() == {"m", "keys"}


def test_a_badge_lasts_90_days_at_most(world: World) -> None:
    with pytest.raises(UsageError, match="1 to 90 days"):
        world.badge(days=91)


def test_an_empty_scan_and_a_file_that_nobody_examined(world: World) -> None:
    world.says(scan_of({}))
    for path in sorted(world.model.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert world.badge(always=True).headline.result == "FAILED"
    write(world.model, {"a": b"x"})
    scan = scan_of({"a": b"x"})
    silent = replace(scan.files[0], inspection=replace(scan.files[0].inspection, receipts=()))
    world.says(replace(scan, files=(silent,)))
    world.badge(always=True)
    told = json.loads((world.home / "m.pratique/badge.json").read_bytes())["statement"]
    skipped = told["predicate"]["coverage"]["skipped"]
    assert {"path": "a", "rule": "", "reason": "nothing was examined"} in skipped


def test_a_statement_that_nobody_would_believe_is_our_fault(world: World) -> None:
    world.says(scan_of({**CARDED, "/abs": b"x"}))
    with pytest.raises(BugError, match="nobody would believe"):
        world.badge()


def test_what_is_not_there_is_said(world: World) -> None:
    with pytest.raises(UsageError, match="no badge at"):
        world.verify()


def test_folders_that_cannot_be_listed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MAX_FILES", 3)
    with pytest.raises(EvidenceError, match="more than 3 files"):
        folders.listing(world.model)

    def denied(path: object) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("os.scandir", denied)
    with pytest.raises(EvidenceError, match="cannot be listed: Permission denied"):
        folders.listing(world.model)


def run(*words: str) -> tuple[int, str]:
    told = CliRunner().invoke(APP, list(words))
    assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
    return told.exit_code, re.sub(r"\x1b\[[0-9;]*m", "", told.output)


@pytest.fixture
def shell(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(world.home / "config"))
    monkeypatch.setattr(badging, "open_source", Named)
    return world


def test_the_commands_from_keys_to_verification(shell: World) -> None:
    code, said = run("keys", "init")
    assert code == 0
    assert "trust.json" in said
    assert run("keys", "init")[0] == 2
    code, said = run("badge", str(shell.model), "--card")
    assert code == 0
    assert "PASSED, level L1" in said
    code, said = run("verify", str(shell.model), "--policy", "default")
    assert code == 0
    assert "VALID: PASSED" in said
    assert said.count("\n+ ") == 11
    code, said = run("verify", str(shell.model), "--format", "json")
    assert json.loads(said)["valid"] is True
    (shell.model / "model.safetensors").write_bytes(b"\x1b[2Jevil")
    code, said = run("verify", str(shell.model))
    assert code == 1
    assert "NOT VALID: files: 'model.safetensors' has changed" in said
    assert json.loads(run("verify", str(shell.model), "--format", "json")[1])["valid"] is False


def test_hostile_names_do_nothing_to_a_terminal(shell: World) -> None:
    run("keys", "init")
    run("badge", str(shell.model))
    (shell.model / "\x1b[2J[red]x").write_bytes(b"x")
    told = CliRunner().invoke(APP, ["verify", str(shell.model)])
    assert "\x1b[2J" not in told.output
    assert "[red]x" in told.output


@pytest.mark.parametrize(
    ("scan", "code", "says"),
    [
        (scan_of(CARDED, finding()), 1, "nothing-at-threshold"),
        (scan_of(CARDED, finding(Severity.CRITICAL)), 1, "nothing-critical"),
        (scan_of(CARDED, receipt(Coverage.PARTIAL)), 3, "full-coverage"),
        (MachineError("no workers"), 3, "no workers"),
        (EvidenceError("no"), 1, "treat the model as unverified"),
    ],
)
def test_exit_codes_of_badge(
    scan: Scan | PratiqueError, code: int, says: str, shell: World
) -> None:
    shell.says(scan)
    told = run("badge", str(shell.model), "--keys", str(shell.keys))
    assert told[0] == code
    assert says in told[1]
    assert shell.left() == {"m", "keys"}


def test_lax_and_incomplete_is_no_success(shell: World) -> None:
    shell.says(scan_of(CARDED, receipt(Coverage.PARTIAL)))
    words = ("badge", str(shell.model), "--keys", str(shell.keys), "--policy", "lax")
    assert run(*words)[0] == 3
    assert run(*words, "--always")[0] == 3


def test_waivers_are_told(shell: World) -> None:
    shell.says(scan_of(CARDED, finding()))
    path = shell.home / "waivers.yaml"
    day = datetime.now(UTC).date().replace(year=datetime.now(UTC).year + 1, day=1)
    path.write_text(
        f"waivers:\n  - {{rule: MAL001, reason: known, approver: ana, expires: {day}}}\n"
        "  - {rule: MAL002}\n"
    )
    words = ("badge", str(shell.model), "--keys", str(shell.keys), "--waivers", str(path))
    code, said = run(*words)
    assert code == 0
    assert "WARNED, level L1" in said
    assert "waived: MAL001 at **: known (ana)" in said
    assert "the waiver of MAL002 at ** has no effect: it lacks its reason and approver" in said
    code, said = run("verify", str(shell.model), "--trust", str(shell.keys / "trust.json"))
    assert code == 0
    assert "VALID: WARNED" in said


def test_what_a_lax_pack_admits_is_told_and_not_badged(shell: World) -> None:
    shell.says(scan_of(CARDED, finding(Severity.CRITICAL)))
    path = shell.home / "all.yaml"
    line = "{id: x, expr: 'true', reason: x, otherwise: review}"
    path.write_text(f"name: all\nversion: 1\ndescription: all\nthreshold: low\nrequire: [{line}]\n")
    code, said = run("badge", str(shell.model), "--keys", str(shell.keys), "--policy", str(path))
    assert code == 1
    assert "the pack admits it, but findings of low severity or above remain unwaived" in said
    assert "FAILED: no badge was written" in said


def test_a_terminal_is_shown_how_a_verification_goes(
    shell: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.badge()
    words = ("verify", str(shell.model), "--trust", str(shell.keys / "trust.json"), "--at", DAY)
    assert "hashing" not in run(*words)[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    code, said = run(*words)
    assert code == 0
    assert "hashing" in said


def test_wrong_use_of_verify(shell: World) -> None:
    assert run("verify", str(shell.model), "--at", "soon")[0] == 2
    assert run("verify", str(shell.model), "--at", "2026-11-24")[0] == 2
    assert run("verify", str(shell.model), "--policy", "nope")[0] == 2


def test_the_default_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert keyring.default_folder() == Path.home() / ".config/pratique/keys"
