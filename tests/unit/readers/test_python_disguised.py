"""Names that look like others are told; other scripts, formulas, texts and remarks are not."""

import time

import pytest

from pratique.artifacts.readers.python_disguised import disguised


@pytest.mark.parametrize(
    ("source", "meant", "how"),
    [
        ("\uff45val('1')", "eval", "telling"),
        ("import \u043es", "os", "telling"),
        ("import os\nos.\uff53ystem('x')", "system", "telling"),
        ("from \u0455ubprocess import run", "subprocess", "telling"),
        ("def pr\u0456nt(x): pass", "print", "telling"),
        ("f'{\uff45val(1)}'", "eval", "telling"),
        ("def l\u043ead_weights(): pass\ndef load_weights(): pass", "load_weights", "twin"),
        ("w\u0435ights = 1", "weights", "mixed"),
        (
            "\U0001d518\U0001d52b\U0001d526\U0001d520\U0001d52c\U0001d521\U0001d522 = 1",
            "Unicode",
            "form",
        ),
        ("x = '''\n''' ; \uff45val(1)", "eval", "telling"),
    ],
)
def test_look_alikes_are_told(source: str, meant: str, how: str) -> None:
    assert [(told[1], told[3]) for told in disguised(source)] == [(meant, how)]


@pytest.mark.parametrize(
    "source",
    [
        "\u03b1 = 0.1\n\u03b2 = sqrt(\u03b1)\n\u0394x = 1\n\u03b1_bar = \u2113 = \u03c1",
        "\u6a21\u578b = 1\ndef \u52a0\u8f7d(\u8def\u5f84): return open(\u8def\u5f84)",
        "\u043c\u043e\u0434\u0435\u043b\u044c = torch.load\n\u0440\u043e\u0441\u0442 = 1",
        "# \u0412\u044b\u0437\u043e\u0432 \u043es\nx = '\uff45val \u043es'\ny = {'\u043e': 'o'}",
        '"""\u0422\u0435\u043a\u0441\u0442 \u0441 \u043es\n\n\u0438 eval."""\nimport os',
        "f'{\u043c\u043e\u0434\u0435\u043b\u044c} \u043es'",
    ],
)
def test_ordinary_source_stays_silent(source: str) -> None:
    assert not list(disguised(source))


@pytest.mark.parametrize(
    "source",
    ["\u00e9\n" + '"""\\"""\n' * 120_000, "\u00e9" + '\\"' * 500_000, "\u00e9" + 'f"{' * 300_000],
)
def test_hostile_source_takes_little_time(source: str) -> None:
    began = time.process_time()
    list(disguised(source))
    assert time.process_time() - began < 5
