import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]


def test_generated_pages_are_fresh() -> None:
    """A stale page is mended by `python scripts/make_reference.py`."""
    command = [sys.executable, str(ROOT / "scripts/make_reference.py"), "--check"]
    env = {"PYTHONPATH": str(ROOT / "src"), "PATH": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_hooks_and_action_name_options_that_exist() -> None:
    page = (ROOT / "docs/reference/cli.md").read_text()
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    said = hooks[0]["entry"] + " " + " ".join(step["run"] for step in action["runs"]["steps"])
    for word in re.findall(r"(?<=\s)--[a-z][a-z-]+", said.replace("install --quiet", "")):
        assert f"`{word}`" in page, word
    for step in action["runs"]["steps"]:
        assert "${{ inputs." not in step["run"], "an input in a script is a way to inject commands"
