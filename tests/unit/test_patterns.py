"""Secrets and hidden characters are found, placeholders are not, and no text makes it slow."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from pratique.artifacts.archive import TorchScriptCode
from pratique.artifacts.reader import View
from pratique.artifacts.readers.decoding import Places
from pratique.artifacts.views import TemplateView, TextView
from pratique.detectors.backdoors.template_hidden_characters import TemplateHiddenCharacters
from pratique.detectors.backdoors.text_smuggled_characters import TextSmuggledCharacters
from pratique.detectors.base import Detector
from pratique.detectors.malware.torchscript_file_access import TorchScriptFileAccess
from pratique.detectors.malware.torchscript_network_access import TorchScriptNetworkAccess
from pratique.detectors.malware.torchscript_unknown_operator import TorchScriptUnknownOperator
from pratique.detectors.secrets.address_with_password import AddressWithPassword
from pratique.detectors.secrets.private_key import PrivateKey
from pratique.detectors.secrets.secret_assignment import SecretAssignment
from pratique.detectors.secrets.service_token import ServiceToken
from pratique.detectors.secrets.web_token import WebToken
from pratique.patterns.hidden_characters import hidden
from pratique.patterns.secrets import (
    addresses,
    assignments,
    entropy,
    is_placeholder,
    private_keys,
    tokens,
    web_tokens,
)
from pratique.patterns.torchscript import operators

LETTERS = "q7Zr2mXw9LkT4vBn8YsPd6HcJ3fGa5uEoWiCtRxVbNyMzKjQhSgDp1A0lF"


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("AKIA" + "QW3ERT5YZUPO2LKJ", "AWS access key"),
        ("hf_" + "qwErtYuiOpAsdFghJklZxcVbnMqwErtYui", "Hugging Face token"),
        ("glpat-" + LETTERS[:20], "GitLab token"),
        ("sk-ant-" + "api03-" + LETTERS + LETTERS[:35], "Anthropic key"),
        ("sk-proj-" + LETTERS, "OpenAI key"),
        ("AIza" + LETTERS[:35], "Google API key"),
        ("xoxb-" + "847362514098-" + LETTERS[:24], "Slack token"),
        ("sk_live_" + LETTERS[:24], "Stripe key"),
    ],
)
def test_tokens_are_found_between_words(token: str, kind: str) -> None:
    for text in (token, f"key={token}\n", f'"{token}"', f"({token})"):
        assert [s.kind for s in tokens(text)] == [kind]
        assert all(token not in s.shown for s in tokens(text))
    assert not list(tokens("x" + token))


def test_a_wrong_checksum_lowers_confidence() -> None:
    assert [s.sure for s in tokens("ghp_" + LETTERS[:36])] == [0]


def test_placeholders() -> None:
    assert is_placeholder("AKIAIOSFODNN7EXAMPLE")
    assert is_placeholder("aaaaaaaaaaaaaaaaaaaa")
    assert entropy("") == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://user:password@localhost/db",
        "https://example.com:8080/x@y",
        "redis://:${PASSWORD}@cache/0",
        "see http://host/path?x=a:b@c",
    ],
)
def test_addresses_of_documentation_are_silent(text: str) -> None:
    assert not list(addresses(text))


@pytest.mark.parametrize(
    "piece",
    ["eyJ", "://", "a://b:", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "hf_", "password = '",
     "\u202e", "\U000e0041", "AKIA", '="aaaaaaaaaaaaaaaaaaaaaaaaa', "sk-", "eyJaaaaaaaaaaaa.eyJ"],
)  # fmt: skip
def test_adversarial_repetition_stays_linear(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    for find in (tokens, private_keys, web_tokens, addresses, assignments, hidden):
        for _ in zip(range(1000), find(text), strict=False):
            pass


JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4eTQyNyJ9." + LETTERS[:43]
KEY = "-----BEGIN EC PRIVATE KEY-----" + "MHcCAQEEIB" + LETTERS + "-----END EC PRIVATE KEY-----"
SMUGGLED = "".join(chr(0xE0000 + ord(c)) for c in "ignore all")


def text_of(piece: str, times: int) -> View:
    return TextView(text=(piece + " \u00e9\n") * times)


def template_of(piece: str, times: int) -> View:
    return TemplateView(source=(piece + " \u00e9 ") * times, origin="file")


def program_of(piece: str, times: int) -> View:
    body = "".join(f"x = ops.{piece}{n}(1)  # \u00e9\n" for n in range(times))
    return TorchScriptCode(member="code/a.py", source=body)


RULES: list[tuple[Detector[Any], Callable[[str, int], View], str, int]] = [
    (ServiceToken(), text_of, "hf_" + LETTERS.translate(dict.fromkeys(range(48, 58)))[:34], 2000),
    (PrivateKey(), text_of, KEY, 1000),
    (AddressWithPassword(), text_of, "db://q:Zr2mXw9L@h.a.io/", 2000),
    (WebToken(), text_of, JWT, 1000),
    (SecretAssignment(), text_of, "api_key = 'q7Zr2mXw9LkT4vBn8YsPd6HcJ3f'", 1500),
    (TextSmuggledCharacters(), text_of, SMUGGLED, 2000),
    (TemplateHiddenCharacters(), template_of, SMUGGLED, 2000),
    (TorchScriptFileAccess(), program_of, "image.read_", 2000),
    (TorchScriptNetworkAccess(), program_of, "c10d.f", 2000),
    (TorchScriptUnknownOperator(), program_of, "mine.f", 2000),
]


@pytest.mark.parametrize(("rule", "view", "piece", "times"), RULES, ids=lambda v: type(v).__name__)
def test_a_text_full_of_hits_stays_linear(
    rule: Detector[Any], view: Callable[[str, int], View], piece: str, times: int
) -> None:
    def spent(count: int) -> float:
        seen, least = view(piece, count), 1e9
        for _ in range(3):
            begun = time.process_time()
            assert sum(1 for _ in rule.inspect(seen)) == count
            least = min(least, time.process_time() - begun)
        return least

    assert spent(4 * times) < 8 * spent(times) + 0.01


def test_places_count_as_counting_from_the_beginning_does() -> None:
    for text in ("", "a\nb" * 900, "\u00e9\U0001f600\n" * 900, "\ud800" + "\u00e9" * 5000):
        places = Places(text)
        for at in (len(text), 0, 1, 1023, 1024, 1025, 2048, 2699, len(text) // 2):
            assert places.line(at) == text.count("\n", 0, at) + 1
            if at <= len(text):
                assert places.byte(at) == len(text[:at].encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("piece", ['\\"', "\\'", "ops. ", "torch . ", '"', "'\\"])
def test_an_open_quote_in_a_program_stays_linear(piece: str) -> None:
    begun = time.process_time()
    assert sum(1 for _ in operators('"' + piece * 200_000)) <= 200_000
    assert time.process_time() - begun < 5


def test_an_open_quote_hides_no_operator() -> None:
    assert [o.name for o in operators("x = 'it is \"; ops.mine.go(1)\ny = ops.mine.too(2)")] == [
        "go",
        "too",
    ]
