"""Readers of text: what they recognise by content, claim, show and refuse."""

import json
import time
from dataclasses import replace

import pytest

from harness.inspecting import Told, inspect_bytes
from pratique.artifacts.reader import Claim
from pratique.artifacts.readers.python_source import PythonReader
from pratique.artifacts.readers.python_view import PythonModule
from pratique.artifacts.views import TextView
from pratique.core.limits import Limits, MiB

from harness.inspecting import subject_of  # isort: skip


def readers(told: Told) -> list[str]:
    data = next(f.data for f in told.facts if f.kind == "format")
    assert isinstance(data, dict)
    return sorted(data["readers"])


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b"plain words\n", ["text"]),
        ("d\u00e9j\u00e0 vu, encore une fois\n".encode("cp1252"), ["text"]),
        ("caf\u00e9".encode("utf-16"), ["text"]),
        (b"\xef\xbb\xbf{}", ["json", "text"]),
        (b'{"a": NaN}', ["json", "text"]),
        (b'{"a": 1}\n{"a": 2}\n', ["json", "text"]),
        (b"[1, 2, 3]", ["json", "text", "yaml"]),
        (b"[section]\nkey = 1\n", ["text", "toml"]),
        (b"[section]\nkey: value\n", ["text"]),
        (b"a: 1\nb: [x, y]\n", ["text", "yaml"]),
        (b"Note: this is prose.\nIt goes on, and on.\n  oddly: so: it", ["text"]),
        (b"---\nlicense: mit\n---\nTitle: {{ x }} {% y\n", ["text"]),
        (b"import os\nprint(os.name)\n", ["python", "text"]),
        (b"# only a comment\n", ["text"]),
        (b"{% if a %}{{ a.b }}{% endif %}", ["jinja", "text"]),
        (b"import os\nx = '{{ a.b }}'\nprint(x)\n", ["python", "text"]),
        (b"\x00\x01\x02\x03" * 10, []),
        (bytes(range(128, 256)) * 4, []),
        (b"", []),
    ],
)
def test_formats_are_told_by_content(body: bytes, names: list[str]) -> None:
    assert readers(inspect_bytes(body)) == names


def test_random_bytes_are_no_text() -> None:
    state, body = 12345, bytearray()
    for _ in range(4096):
        state = (state * 1103515245 + 12345) % (1 << 31)
        body.append(state >> 16 & 255)
    for size in (16, 64, 512, 4096):
        assert readers(inspect_bytes(bytes(body[:size]))) == []


def test_text_that_turns_binary_is_claimed_up_to_there() -> None:
    told = inspect_bytes(b"a line\n" * 20_000 + b"\0\1\2payload")
    assert {"INT001", "INT004"} <= told.rules
    gap = next(f for f in told.findings if f.rule == "INT001")
    assert gap.at.start == 140_000


def test_text_over_the_limit_is_partial() -> None:
    told = inspect_bytes(b"word " * 30_000, replace(Limits(), text_bytes=100_000))
    assert not told.full


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": ' + b"9" * 10_000 + b"}",
        b'{"a": 1} trailing',
        b'{"a": "\\ud800"}'.replace(b"}", b""),
    ],
)
def test_broken_json_is_malformed_and_never_crashes(body: bytes) -> None:
    told = inspect_bytes(body)
    assert "INT004" in told.rules
    assert not any("crashed" in r.why for r in told.receipts)


def test_json_facts_are_kept_for_configurations_only() -> None:
    config = {"model_type": "llama", "x": float("nan"), "deep": [[[1]]]}
    told = inspect_bytes(json.dumps(config).encode())
    assert [f.data for f in told.facts if f.kind == "json"] == [{**config, "x": "nan"}]
    assert not [f for f in inspect_bytes(b'{"a": 1}').facts if f.kind == "json"]


def test_a_flood_of_blank_lines_is_recognised_in_linear_time() -> None:
    started = time.process_time()
    inspect_bytes(b"\n" * 60_000 + b"!")
    assert time.process_time() - started < 5


def test_deep_yaml_stops_early() -> None:
    told = inspect_bytes(b"a: " + b"[" * 200_000)
    assert any("deeper" in f.says for f in told.findings)
    assert not told.full


def test_alias_bombs_cost_nothing() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60)]
    told = inspect_bytes("\n".join(lines).encode())
    assert readers(told) == ["text", "yaml"]


@pytest.mark.parametrize(
    "body",
    [
        b"x = " + b"(" * 5_000,
        b"x = " + b"-" * 50_000 + b"1\nimport os\n",
        b"import os\nx = 1" + b"+1" * 100_000,
        b"import os\n" + b"".join(b" " * i + b"if x:\n" for i in range(300)),
        b"import os\nx = '\\z' is 1\nassert (1, 2)\n",
        b"import os\n" + b"a." * 50_000 + b"b()\n",
        b"import os\n" + b"f(" * 150 + b")" * 150,
        b"import os\nx = " + b"9" * 10_000,
    ],
)
def test_hostile_python_never_crashes(body: bytes) -> None:
    told = inspect_bytes(body)
    assert not any("crashed" in r.why for r in told.receipts)


def module(source: str) -> PythonModule:
    items = list(PythonReader().read(subject_of(source.encode())))
    assert any(isinstance(i, Claim) for i in items)
    return next(i for i in items if isinstance(i, PythonModule))


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.system('x')",
        "import os as o\no.system('x')",
        "from os import system as s\ns('x')",
        "import os\ns = os.system\ns('x')",
        "__import__('os').system('x')",
        "import importlib\nimportlib.import_module('o' + 's').system('x')",
        "import os\ngetattr(os, 'sys' + 'tem')('x')",
        "import sys\nsys.modules['os'].system('x')",
        "import os\nos.__dict__['system']('x')",
        "import os\nvars(os)['system']('x')",
        "import os\ngetattr(os, bytes([115, 121, 115, 116, 101, 109]).decode())('x')",
        "import os\nname = 'metsys'[::-1]\ngetattr(os, name)('x')",
        "import os\ngetattr(os, '%s%s' % ('sys', 'tem'))('x')",
        "import os, base64\ngetattr(os, base64.b64decode('c3lzdGVt').decode())('x')",
    ],
)
def test_callees_are_resolved(source: str) -> None:
    assert "os.system" in {c.callee for c in module(source).calls}


@pytest.mark.parametrize(
    ("source", "when"),
    [
        ("import os\nos.system('x')", "import"),
        ("import os\ndef f():\n    os.system('x')", "function"),
        ("import os\ndef f():\n    os.system('x')\nf()", "import"),
        ("import os\ndef f():\n    g()\ndef g():\n    os.system('x')\nf()", "import"),
        ("import os\ndef f(x):\n    os.system('x')\n@f\ndef g():\n    pass", "import"),
        ("import os\nclass A:\n    os.system('x')", "import"),
        ("import os\nclass A:\n    def f(self):\n        os.system('x')", "function"),
        ("import os\nif __name__ == '__main__':\n    os.system('x')", "main"),
        ("import os\nclass A:\n    def __init__(self):\n        os.system('x')\nA()", "import"),
        ("import os\nf = lambda: os.system('x')\nf()", "import"),
    ],
)
def test_the_moment_of_a_call_is_known(source: str, when: str) -> None:
    call = next(c for c in module(source).calls if c.callee == "os.system")
    assert call.when == when


def test_warnings_of_hostile_source_stay_inside() -> None:
    assert "INT004" not in inspect_bytes(b"import os\nx = '\\d' is 'y'\n").rules


def test_views_speak_for_every_byte() -> None:
    body = "déjà\n".encode() * 10
    told = inspect_bytes(body)
    assert told.full
    assert TextView(text="x").origin == "file"
    assert len(body) < MiB
