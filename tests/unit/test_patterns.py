"""Secrets and hidden characters are found, placeholders are not, and no text makes it slow."""

import pytest

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
