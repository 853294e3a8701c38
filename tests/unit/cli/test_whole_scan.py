"""The command with the real flow, workers and policy."""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pratique.cli.reports.schema import schema

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are jailed on Linux")


def scan(where: Path, *args: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {
        "PYTHONPATH": str(ROOT / "src"),
        "XDG_CACHE_HOME": str(where.parent / "cache"),
    }
    command = [sys.executable, "-m", "pratique", "scan", *args]
    return subprocess.run(
        command, cwd=where, env=env, capture_output=True, text=True, check=False, timeout=100
    )


@pytest.fixture
def model(tmp_path: Path) -> Path:
    where = tmp_path / "model"
    where.mkdir()
    head = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    head += b" " * (-len(head) % 8)
    body = struct.pack("<Q", len(head)) + head + struct.pack("<2f", 0.25, -0.5)
    (where / "model.safetensors").write_bytes(body)
    return where


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    report = json.loads(done.stdout)
    jsonschema.validate(report, schema())
    target: dict[str, Any] = report["targets"][0]
    return target


def test_every_file_is_accounted_for_whatever_it_is(model: Path) -> None:
    os.mkfifo(model / "fifo")
    (model / "dangling").symlink_to("nothing")
    with (model / "sparse").open("wb") as sparse:
        sparse.truncate(1 << 41)
    with open(os.fsencode(model) + b"/\xff\x1b[2J", "wb") as odd:  # noqa: PTH123 - a path of bytes
        odd.write(b"text")
    done = scan(model, ".", "--format", "json", "--no-cache")
    assert done.returncode in {1, 3}, done.stderr
    assert done.stderr == ""
    target = told(done)
    assert len(target["files"]) == 5
    missed = {gap["path"] for gap in target["not_examined"]}
    assert {"fifo", "dangling", "sparse"} <= missed
    assert [f["digest"] for f in target["files"] if f["path"] == "model.safetensors"] != [""]


def test_a_second_scan_says_the_same_from_the_cache(model: Path) -> None:
    first = scan(model, ".", "--format", "json")
    second = scan(model, ".", "--format", "json")
    assert first.returncode == second.returncode
    one, two = told(first), told(second)
    assert one["findings"] == two["findings"]
    assert one["digest"] == two["digest"]
    assert [f["cached"] for f in two["files"]] == [True]


def test_without_a_jail_nothing_is_admitted(model: Path) -> None:
    assert scan(model, ".", "--no-jail", "--no-cache").returncode != 0


def test_a_model_with_a_configuration_is_judged_inside_the_jail(tmp_path: Path) -> None:
    """Rules that import late fail only in a worker that can open no file any more."""
    tree = ROOT / "tests/samples/dtype-contradicts-config/good-llama.tree.json"
    where = tmp_path / "llama"
    where.mkdir()
    for name, body in json.loads(tree.read_text()).items():
        (where / name).write_bytes(bytes.fromhex(body))
    done = scan(where, ".", "--format", "json", "--no-cache")
    assert "crashed" not in done.stdout
    assert told(done)["verdict"] == "admit", done.stdout
