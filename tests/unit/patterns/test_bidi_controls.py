"""Controls of direction are told where they change what is seen, and not where they help to see."""

import time

import pytest

from harness.inspecting import inspect_tree
from pratique.core.finding import Severity
from pratique.patterns.bidi_controls import MOST_CONTROLS, reordered

RLO, LRO, RLE, LRE, PDF = "\u202e", "\u202d", "\u202b", "\u202a", "\u202c"
LRI, RLI, FSI, PDI = "\u2066", "\u2067", "\u2068", "\u2069"
ARABIC, HEBREW = "\u0646\u0645\u0648\u0630\u062c", "\u05de\u05d5\u05d3\u05dc"


@pytest.mark.parametrize(
    ("severity", "path", "text"),
    [
        (Severity.HIGH, "conf.yaml", f'trust: "no{RLO} {LRI}# yes{PDI}"\n'),
        (Severity.HIGH, "config.json", f'{{"model_type": "a{RLO}}}eslaf :"ecnatsni{{"}}'),
        (Severity.HIGH, "x.js", f'if (a == "user{RLO} {LRI}// check{PDI} {LRI}") {{ x() }}\n'),
        (Severity.HIGH, "t.jinja", f"{{{{ x }}}}{{# {RLO} }}}} # gnp ;){PDF} #}}"),
        (
            Severity.MEDIUM,
            "README.md",
            f"# \u05e9\u05dc\u05d5\u05dd\n\n{RLO}pip install evil{PDF}\n",
        ),
        (Severity.MEDIUM, "README.md", f"# M\n\nDownload model_{RLO}nib.exe\n"),
        (Severity.MEDIUM, "conf.yaml", f"a: x{RLI} ' or b {{# {PDI} y\n"),
        (Severity.LOW, "conf.yaml", f"access: user{LRI} # only if (admin) {{\n"),
    ],
)
def test_what_is_shown_otherwise_is_told(severity: Severity, path: str, text: str) -> None:
    told = inspect_tree({path: text.encode()})
    assert max(f.severity for f in told.findings if f.rule == "BKD048") == severity


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "README.md",
            f"# M\n\n{ARABIC} {LRI}GPT-2{PDI} {ARABIC}. {ARABIC} {LRE}pip install x{PDF}.\n",
        ),
        (
            "README.md",
            f"# {HEBREW}\n\n{RLE}{HEBREW} (GPT-2) = {HEBREW}{PDF}\n",
        ),
        (
            "README.md",
            f"# M\n\nArabic ({RLI}{ARABIC}{PDI}) and Hebrew ({RLE}{HEBREW}{PDF}).\n",
        ),
        ("README.md", f"# M\n\nHello {FSI}name{PDI}, welcome (x = 1).\n"),
        ("README.md", f"# M\n\nThe controls U+202E ({RLO}) and U+2066 ({LRI}) are removed.\n"),
        ("README.md", f"# M\n\nSHA: {LRE}3f2a\n"),
        ("vocab.txt", f"a\n{RLO}\n{LRI}\n{PDI}\n##{RLE}\nab\n{RLO}word\n"),
        ("tokenizer.json", f'{{"model": {{"vocab": {{"a": 0, "{RLO}abc": 1, "{LRI}ab(": 2}}}}}}'),
        ("vocab.json", f'{{"a": 0, "{RLO}abc": 1, "{LRI}ab(": 2, "{PDI}": 3}}'),
    ],
)
def test_what_is_shown_as_it_is_read_is_not(path: str, text: str) -> None:
    told = inspect_tree({path: text.encode()})
    assert not [f for f in told.findings if f.rule == "BKD048"]


@pytest.mark.parametrize(
    "text",
    [
        RLO * 200_000,
        LRI * 100_000 + PDI * 100_000,
        (RLO + "a" * 2 + "\n") * 50_000,
        f"{RLO}a{LRI}" * 60_000 + PDI * 60_000,
    ],
)
def test_hostile_texts_take_little_time(text: str) -> None:
    began = time.process_time()
    found = list(reordered(text))
    assert time.process_time() - began < 8
    assert (found[-1].how == "many") == (
        sum(text.count(c) for c in RLO + LRI + PDI) > MOST_CONTROLS
    )
