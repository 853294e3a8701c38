import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness import accounts
from harness.hub_endpoint import Hub, serving
from harness.publishing import outcome
from pratique.artifacts.sources.base import Source
from pratique.artifacts.sources.opening import open_source
from pratique.attest import keys, model_signing
from pratique.attest.publisher import Signature
from pratique.cli import judging
from pratique.cli.app import limits
from pratique.cli.caching import default_cache
from pratique.cli.entry import main
from pratique.cli.intended import expected, publisher
from pratique.cli.judging import Judge, load_baseline
from pratique.cli.output import written
from pratique.cli.reports.schema import schema
from pratique.core.errors import (
    BugError,
    EvidenceError,
    MachineError,
    MalformedError,
    PratiqueError,
    UsageError,
)
from pratique.core.limits import GiB
from pratique.core.scan import Scan
from pratique.flows import scan as flow
from pratique.flows.asked import Asked
from pratique.sandbox.selftest import Probe

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def scans(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Replace the flow and the policy; files named `evil` hold what the hand-made scan holds."""
    seen: dict[str, Any] = {"asked": []}

    def scan(source: Source, asked: Asked) -> Scan:
        seen["asked"].append(asked)
        if isinstance(seen.get("raise"), BaseException):
            raise seen["raise"]
        return _scanned(source, asked)

    def pack(name: str, waivers: Path | None = None) -> object:
        if name != "default":
            raise UsageError(f"--policy {name!r}: no such pack")
        return waivers

    def decide(judge: Judge, scan: Scan) -> object:
        return accounts.decided(scan, known=judge.known)

    monkeypatch.setattr(flow, "scan", scan)
    monkeypatch.setattr("pratique.cli.app.load_pack", pack)
    monkeypatch.setattr(judging.Judge, "decide", decide)
    monkeypatch.setattr(judging.Judge, "max_age_days", None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("good", "evil", "bare"):
        (tmp_path / name).write_bytes(name.encode())
    monkeypatch.chdir(tmp_path)
    return seen


def _scanned(source: Source, asked: Asked) -> Scan:
    files = list(source.files())
    asked.watcher.planned(len(files), 0)
    if any("evil" in file.path for file in files):
        return accounts.evil()
    if any("bare" in file.path for file in files):
        return accounts.a_scan(accounts.a_file("bare", receipts=(_gap(),)), target=source.name)
    return accounts.a_scan(accounts.a_file("good"), target=source.name)


def _gap() -> Any:  # noqa: ANN401 - a receipt
    return accounts.receipt(accounts.Dangerous, "over the limit")


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["good"], 0),
        (["evil"], 1),
        (["bare"], 3),
        (["good", "bare"], 3),
        (["bare", "evil", "good"], 1),
        (["good", "--no-jail"], 3),
        (["evil", "--no-jail"], 1),
        (["nothing"], 2),
        (["good", "nothing"], 2),
        ([], 2),
        (["good", "--format", "xml"], 2),
        (["good", "--policy", "nothing"], 2),
        (["good", "--jobs", "0"], 2),
        (["good", "--max-expanded", "lots"], 2),
        (["good", "--expect-digest", "md5:1"], 2),
        (["good", "evil", "--expect-digest", "sha256:" + "0" * 64], 2),
        (["good", "--signature", "x"], 2),
        (["good", "--baseline", "nothing"], 2),
        (["good", "--baseline", "good"], 2),
        (["good", "-o", "no/such/folder"], 2),
        (["good", "-o", "."], 2),
        (["good", "-o", "good"], 2),
        (["s3://bucket"], 2),
        (["--what"], 2),
    ],
)
def test_exit_codes(args: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", *args]) == code
    said = capsys.readouterr()
    if code == 2:
        assert said.out == ""
        assert said.err.startswith("pratique: ")
        assert said.err.count("\n") == 1
        assert "; " in said.err
    else:
        assert said.err == ""


@pytest.mark.parametrize(
    ("error", "code", "hint"),
    [
        (MachineError("no workers"), 3, "self-test"),
        (EvidenceError("no match"), 1, "unverified"),
        (MalformedError("the hub lists no files"), 1, "publisher"),
        (BugError("out of shape"), 3, "report this"),
        (ZeroDivisionError("x\x1b[2J"), 3, "report this"),
        (PermissionError(13, "Permission denied", "a\nb"), 2, "Permission denied"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (PratiqueError("\u202ex"), 3, "\\u202e"),
    ],
)
def test_errors_are_one_line(
    scans: dict[str, Any],
    error: BaseException,
    code: int,
    hint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    scans["raise"] = error
    assert main(["scan", "good", "-o", "report.json", "--format", "json"]) == code
    said = capsys.readouterr()
    assert hint in said.err
    assert said.err.strip().count("\n") == 0
    assert "\x1b" not in said.err
    assert sorted(path.name for path in Path().iterdir()) == ["bare", "cache", "evil", "good"]


def test_verbose_shows_where(scans: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    scans["raise"] = BugError("out of shape")
    main(["scan", "good", "--verbose"])
    assert "Traceback" in capsys.readouterr().err


def test_what_is_asked(scans: dict[str, Any], tmp_path: Path) -> None:
    digest = "sha256:" + "0" * 64
    args = ["--jobs", "3", "--deadline", "9", "--max-expanded", "1GiB", "--cache", "here"]
    assert main(["scan", "good", *args, "--expect-digest", digest]) == 0
    asked = scans["asked"].pop()
    assert (asked.jobs, asked.limits.deadline_s, asked.limits.expanded_bytes) == (3, 9, GiB)
    assert (asked.cache, asked.expect, asked.jail) == (Path("here"), digest, True)
    assert main(["scan", "good"]) == 0
    assert scans["asked"].pop().cache == tmp_path / "cache/pratique"
    assert (tmp_path / "cache/pratique").stat().st_mode & 0o777 == 0o700
    assert main(["scan", "good", "--no-cache"]) == 0
    assert scans["asked"].pop().cache is None


@pytest.mark.parametrize("by_nul", [True, False])
def test_a_list_on_standard_input(by_nul: bool, tmp_path: Path) -> None:  # noqa: FBT001
    (tmp_path / "list").write_bytes(b"good\0evil\0" if by_nul else b"good\nevil\n\n")
    out = tmp_path / "out.json"
    with (tmp_path / "list").open() as names, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", names)
        args = ["scan", "-", "-f", "json", "-o", str(out), *(["-0"] if by_nul else [])]
        assert main(args) == 1
    assert len(json.loads(out.read_text())["targets"]) == 2


def test_baseline_counts_only_what_is_new(tmp_path: Path) -> None:
    assert main(["scan", "evil", "-f", "json", "-o", "before.json"]) == 1
    assert len(load_baseline(Path("before.json"))) == 14
    assert main(["scan", "evil", "--baseline", "before.json", "-o", "after.txt"]) == 3
    assert "14 in the baseline" in (tmp_path / "after.txt").read_text()


def test_a_report_is_whole_or_not_there(tmp_path: Path) -> None:
    place = tmp_path / "report"
    place.write_text("before")
    broken = contextlib.ExitStack()
    broken.enter_context(written(place)).write("half")
    assert not broken.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert place.read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 4
    with written(place) as out:
        out.write("after")
    assert place.read_text() == "after"
    assert place.stat().st_mode & 0o777 == 0o666 & ~0o022


@pytest.mark.parametrize("form", ["text", "json", "sarif", "markdown"])
def test_every_format_is_written(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "evil", "--format", form]) == 1
    said = capsys.readouterr().out
    assert "MAL001" in said
    assert "\x1b" not in said
    assert main(["scan", "evil", "--format", form, "-o", "report"]) == 1
    assert Path("report").read_text() == said


def test_a_hub(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(Hub(files={"good.bin": b"x"})) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        assert main(["scan", "hf://org/name"]) == 0
        assert "hf://org/name@0123456789abcdef" in capsys.readouterr().out
        hub.token = "x"
        assert main(["scan", "hf://org/name"]) == 2
        assert "HF_TOKEN" in capsys.readouterr().err


def test_progress_is_drawn_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "good", "--progress"]) == 0
    assert main(["scan", "good", "--no-progress"]) == 0
    assert "Admitted" in capsys.readouterr().out


def test_rules_and_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0
    assert "pickle-dangerous-global" in capsys.readouterr().out
    assert main(["rules", "--format", "json"]) == 0
    assert [r["id"] for r in json.loads(capsys.readouterr().out)] == ["INT001", "MAL001"]
    for name in ("MAL001", "mal001", "pickle-dangerous-global"):
        assert main(["explain", name]) == 0
        said = capsys.readouterr().out
        assert "What it cannot see" in said
        assert "CWE-502" in said
    assert main(["explain", "pickle-dangerous"]) == 2
    assert "did you mean pickle-dangerous-global" in capsys.readouterr().err
    assert main(["rules", "--format", "xml"]) == 2


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema()


SOUND = (
    Probe("machine: landlock", held=True, says="ABI 7"),
    Probe("jail: landlock-7", held=True, says="holds"),
    Probe("jail: seccomp", held=True, says="holds"),
    Probe("attempt: fork", held=True, says="EPERM"),
    Probe("allowed: sleep", held=True, says="holds"),
)


@pytest.mark.parametrize(
    ("lost", "code", "says"),
    [
        (None, 0, "can be complete"),
        (Probe("attempt: mount", held=False, says="done\x1b[2J"), 3, "'mount' did not"),
        (Probe("jail: user-namespace", held=False, says="forbidden"), 0, "forbidden"),
        ("jail: seccomp", 3, "seccomp cannot hold"),
        ("jail: landlock-7", 3, "landlock cannot hold"),
    ],
)
def test_self_test(
    lost: Probe | str | None,
    code: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    probes = [probe for probe in SOUND if probe.name != lost]
    if isinstance(lost, Probe):
        probes.append(lost)
    monkeypatch.setattr("pratique.sandbox.selftest.self_test", lambda: tuple(probes))
    for args in ([], ["--verbose"]):
        assert main(["self-test", *args]) == code
        said = capsys.readouterr().out
        assert says in said
        assert "\x1b" not in said
        assert ("EPERM" in said) == bool(args)


def test_version_help_and_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert main(["--help"]) == 0
    assert "self-test" in capsys.readouterr().out
    assert main(["scan", "--help"]) == 0
    assert main([]) == 2


def test_limits_and_digests() -> None:
    assert limits(None, "16 GB").expanded_bytes == 16 * GiB
    assert limits(None, "12").expanded_bytes == 12
    assert expected(None) is None
    assert publisher(open_source("good"), None, None) is None


def test_a_publishers_signature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def by_key(signature: Signature, pem: bytes, digests: dict[str, str], *, single: bool) -> None:
        seen.append((signature, pem, digests, single))

    def by_identity(*_: object, single: bool) -> None:
        raise EvidenceError(f"signed by another \udcff {single}")

    monkeypatch.setattr("pratique.attest.publisher.signed_by_key", by_key)
    monkeypatch.setattr("pratique.attest.publisher.signed_by_identity", by_identity)
    (tmp_path / "key.pem").write_bytes(b"key")
    (tmp_path / "m").mkdir()
    (tmp_path / "m/model.sig").write_bytes(b"sig")
    source = open_source("m")
    told = {"by": "key.pem", "verified": True, "why": ""}
    assert outcome(source, "key.pem") == told
    digest = hashlib.sha256(b"sig").hexdigest()
    whole = (Signature(b"sig", "model.sig"), b"key", {"model.sig": digest}, False)
    assert seen.pop() == whole
    outcome(open_source("good"), "key.pem", Path("m/model.sig"))
    assert seen.pop()[::3] == (Signature(b"sig", ""), True)
    said = outcome(source, "me@example.com,https://issuer.example")
    assert said["why"] == "signed by another \\xff False"
    (tmp_path / "m/model.sig").unlink()
    assert "no model.sig" in outcome(source, "key.pem")["why"]
    with pytest.raises(UsageError, match="https://ISSUER"):
        publisher(source, "nobody.pem", None)


def test_a_real_signature_and_a_flipped_byte(tmp_path: Path) -> None:
    keys.init(tmp_path / "keys", now=datetime.now(UTC))
    signer = keys.signer(tmp_path / "keys", keys.MODEL_SIG)
    (tmp_path / "m").mkdir()
    (tmp_path / "m/a.bin").write_bytes(b"weights")
    digests = {"a.bin": hashlib.sha256(b"weights").hexdigest()}
    body = model_signing.sign("m", digests, signer, single=False)
    (tmp_path / "m/model.sig").write_bytes(body)
    whose = str(tmp_path / "keys" / f"{keys.MODEL_SIG}.pub.pem")

    def verified() -> object:
        return outcome(open_source("m"), whose)["verified"]

    assert verified() is True
    (tmp_path / "m/a.bin").write_bytes(b"weightz")
    assert verified() is False


def test_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/nowhere")
    assert default_cache() is None


def run(*args: str, **more: Any) -> subprocess.CompletedProcess[str]:  # noqa: ANN401 - subprocess's
    env = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "pratique", *args]
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False, **more)


def test_version_comes_before_everything_else() -> None:
    code = (
        "import sys; from pratique.cli.entry import main; main(['--version']);"
        "sys.exit(any(m in sys.modules for m in ('typer', 'rich', 'httpx', 'numpy', 'pydantic')))"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    assert subprocess.run([sys.executable, "-c", code], env=env, check=False).returncode == 0
    assert run("--version").stdout.startswith("pratique ")


def test_the_process_speaks_in_one_line() -> None:
    done = run("explain", "nothing-here")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


def test_a_reader_that_leaves_early() -> None:
    code = (
        "import sys\nfrom harness import accounts\nfrom pratique.cli import scanning, judging\n"
        "from pratique.cli import app\nfrom pratique.flows import scan as flow\n"
        "flow.scan = lambda *_: accounts.evil()\napp.load_pack = lambda *_: None\n"
        "judging.Judge.decide = lambda _, scan: accounts.decided(scan)\n"
        "judging.Judge.max_age_days = None\n"
        "from pratique.cli.entry import main\nsys.exit(main(sys.argv[1:]))\n"
    )
    env = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"}
    near, far = os.pipe()
    os.close(near)
    command = [sys.executable, "-c", code, "scan", "good"]
    done = subprocess.run(command, stdout=far, stderr=subprocess.PIPE, env=env, check=False)
    os.close(far)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 1


def test_interrupted_by_a_person(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "list")
    env = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    code = (
        "import signal, sys\n"  # a suite in the background of a shell inherits SIGINT ignored
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pratique.cli import app, judging\napp.load_pack = lambda *_: None\n"
        "judging.Judge.max_age_days = None\n"
        "from pratique.flows import scan as flow\nimport time\n"
        "def slow(*_):\n    print('ready', file=sys.stderr, flush=True)\n    time.sleep(60)\n"
        "flow.scan = slow\n"
        "from pratique.cli.entry import main\nsys.exit(main(sys.argv[1:]))\n"
    )
    out = tmp_path / "out.json"
    command = [sys.executable, "-c", code, "scan", "good", "-f", "json", "-o", str(out)]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        assert child.stderr.readline() == "ready\n"
        child.send_signal(signal.SIGINT)
        said = child.stderr.read()
        assert child.wait(20) == 130
    assert "interrupted; nothing was written" in said
    assert not list(tmp_path.glob("*out.json*"))
