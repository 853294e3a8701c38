"""What credentials look like in text: linear-time search, then a check that drops placeholders."""

import base64
import binascii
import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pratique.patterns.literals import Words

MAX_HITS = 1_000
MAX_PEM = 20_000
"""A private key of 16,384 bits takes 13 kB."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One credential: `kind` in words, characters `start` to `end`, and how sure (0 to 2).

    `shown` is safe to print: the first characters and the length.
    """

    kind: str
    start: int
    end: int
    sure: int
    shown: str


def entropy(text: str) -> float:
    """Return the Shannon entropy of the characters, in bits per character."""
    if not text:
        return 0.0
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values())


_PLACEHOLDER = re.compile(
    r"example|xxxx|your|changeme|placeholder|dummy|fake|sample|redacted|insert|replace|0{8}|1{8}"
    r"|\*\*|\.\.\.|12345678|abcdefgh|todo|test",
    re.IGNORECASE,
)


def is_placeholder(text: str) -> bool:
    """Tell what documentation puts in a credential's place."""
    return _PLACEHOLDER.search(text) is not None or entropy(text) < 3.0  # noqa: PLR2004 - measured


def tokens(text: str) -> Iterator[Secret]:
    """Yield tokens of known services, by their published prefixes and lengths."""
    held = _PREFIXES.held(text)
    for prefix, kind, pattern, check in TOKENS:
        if prefix not in held:
            continue
        for at in _places(text, prefix):
            match = pattern.match(text, at)
            if match is None or not _begins(text, at, match.end()):
                continue
            if is_placeholder(match[0][len(prefix) :]):
                continue
            yield Secret(kind, at, match.end(), check(match[0]), _shown(match[0]))


def private_keys(text: str) -> Iterator[Secret]:
    """Yield PEM private keys whose body decodes; `sure` 1 when the key is itself encrypted."""
    for at in _places(text, "-----BEGIN "):
        match = _PEM.match(text, at)
        if match is None:
            continue
        end = text.find("-----", match.end(), match.end() + MAX_PEM)
        end = end if end >= 0 else min(len(text), match.end() + MAX_PEM)
        inside = text[match.end() : end].partition("\n=")[0]
        body = re.sub(
            r"\\[nr]|[\s\"',+>|]|(?:Proc-Type|DEK-Info|Version|Comment):[^\\\n]*", "", inside
        )
        raw = _unbase64(body[:4096])
        known = raw.startswith((b"\x30", b"openssh-key-v1")) or "PGP" in match["kind"]
        looks = len(raw) >= 200 and len(set(raw)) > 100  # noqa: PLR2004 - as random as a key, though not one
        if (len(raw) >= 32 and known) or looks:  # noqa: PLR2004 - an Ed25519 key is the shortest
            sure = 1 if "ENCRYPTED" in match[0] + inside[:200] or not known else 2
            yield Secret(f"{match['kind']}private key", at, end, sure, match[0][:40])


def web_tokens(text: str) -> Iterator[Secret]:
    """Yield JSON web tokens whose header decodes to an object with `alg`."""
    for at in _places(text, "eyJ"):
        if at and (text[at - 1].isalnum() or text[at - 1] in "_-."):
            continue
        match = _JWT.match(text, at)
        if match is None:
            continue
        header, payload = _object(match["header"]), _object(match["payload"])
        if "alg" not in header or not payload or str(payload.get("sub")) == "1234567890":
            continue
        yield Secret("JSON web token", at, match.end(), 1, _shown(match[0]))


def addresses(text: str) -> Iterator[Secret]:
    """Yield addresses that carry a password: `postgres://user:password@host`."""
    for at in _places(text, "://"):
        scheme = _SCHEME.search(text[max(0, at - 20) : at])
        match = _LOGIN.match(text, at + 3)
        if scheme is None or match is None:
            continue
        word, host = match["password"], match["host"].lower()
        if _COMMON.fullmatch(word) or _PLACEHOLDER.search(word) or host in _LOCAL:
            continue
        if host.endswith(
            (".example", "example.com", "example.org", "example.net", ".test", ".invalid", ".local")
        ):
            continue
        sure = 1 if "." in host and not host.endswith("company.com") else 0
        shown = f"{scheme[0]}://{match['user'][:20]}:***@{host[:60]}"
        yield Secret(f"{scheme[0]} address", at - len(scheme[0]), match.end(), sure, shown)


def assignments(text: str) -> Iterator[Secret]:
    """Yield values of high entropy that are assigned to a word like `password` or `api_key`."""
    for match in _ASSIGNED.finditer(text):
        before = text[max(0, match.start() - 40) : match.start()]
        word = _WORD.search(before)
        value = match["value"]
        if word is None or is_placeholder(value) or entropy(value) < 4.0:  # noqa: PLR2004
            continue
        if any(c.isdigit() for c in value) and any(c.isalpha() for c in value):
            kind = f"value of {word['word']}"
            yield Secret(kind, match.start("value"), match.end("value"), 0, _shown(value))


def _places(text: str, literal: str) -> Iterator[int]:
    at = text.find(literal)
    for _ in range(MAX_HITS * 100):
        if at < 0:
            return
        yield at
        at = text.find(literal, at + 1)


def _begins(text: str, at: int, end: int) -> bool:
    """Tell whether a token begins at `at`, and is no part of a longer word.

    In binary formats the byte before may be its length, in old pickles it is the opcode.
    """
    before = text[at - 1] if at else ""
    if not (before.isalnum() or before in ("_", "-", "+", "/")):
        return True
    return ord(before) == end - at or (before in "VS" and text[max(0, at - 2)] == "\n")


def _shown(text: str) -> str:
    return f"{text[:7]}... ({len(text)} characters)"


def _unbase64(text: str) -> bytes:
    text = text.translate(_URL_SAFE)
    text = text[: len(text) - (1 if len(text) % 4 == 1 else 0)]
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""


def _object(part: str) -> dict[str, object]:
    try:
        made = json.loads(_unbase64(part))
    except (ValueError, RecursionError):
        return {}
    return made if isinstance(made, dict) else {}


def _sure(_: str) -> int:
    return 2


def _github(token: str) -> int:
    """Check the CRC-32 in base 62 that ends GitHub's and npm's tokens (GitHub blog, 2021-04-05)."""
    body = token.partition("_")[2]
    number, made = zlib.crc32(body[:-6].encode()), ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        made = _BASE62[rest] + made
    return 2 if made == body[-6:] else 0


_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_URL_SAFE = str.maketrans("-_", "+/")
_END = r"(?![A-Za-z0-9_/+-])"


def _token(
    prefix: str, kind: str, rest: str, check: Callable[[str], int] = _sure
) -> tuple[str, str, re.Pattern[str], Callable[[str], int]]:
    return prefix, kind, re.compile(re.escape(prefix) + rest + _END), check


TOKENS = (
    _token("AKIA", "AWS access key", r"[A-Z2-7]{16}"),
    _token("ASIA", "AWS temporary key", r"[A-Z2-7]{16}"),
    *(_token(f"gh{c}_", "GitHub token", r"[A-Za-z0-9]{36}", _github) for c in "pousr"),
    _token("github_pat_", "GitHub token", r"[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    _token("npm_", "npm token", r"[A-Za-z0-9]{36}", _github),
    _token("glpat-", "GitLab token", r"[A-Za-z0-9_-]{20}"),
    _token("hf_", "Hugging Face token", r"[A-Za-z]{34}"),
    _token("api_org_", "Hugging Face token", r"[A-Za-z]{34}"),
    _token("sk-ant-", "Anthropic key", r"[a-z]{2,10}[0-9]{2}-[A-Za-z0-9_-]{80,120}"),
    _token("sk-proj-", "OpenAI key", r"[A-Za-z0-9_-]{40,200}"),
    _token("sk-svcacct-", "OpenAI key", r"[A-Za-z0-9_-]{40,200}"),
    _token("sk-", "OpenAI key", r"[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}"),
    _token("AIza", "Google API key", r"[A-Za-z0-9_-]{35}"),
    _token("GOCSPX-", "Google client secret", r"[A-Za-z0-9_-]{28}"),
    *(_token(f"xox{c}-", "Slack token", r"[0-9]{8,14}-[A-Za-z0-9-]{10,100}") for c in "bpars"),
    _token("https://hooks.slack.com/services/", "Slack webhook",
           r"T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{24}"),
    _token("sk_live_", "Stripe key", r"[A-Za-z0-9]{24,99}"),
    _token("rk_live_", "Stripe key", r"[A-Za-z0-9]{24,99}"),
    _token("SG.", "SendGrid key", r"[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    _token("pypi-AgEI", "PyPI token", r"[A-Za-z0-9_-]{50,200}"),
    _token("nvapi-", "NVIDIA key", r"[A-Za-z0-9_-]{60,70}"),
    _token("gsk_", "Groq key", r"[A-Za-z0-9]{52}"),
    _token("r8_", "Replicate token", r"[A-Za-z0-9]{37}"),
    _token("dop_v1_", "DigitalOcean token", r"[a-f0-9]{64}"),
    _token("glpat-", "GitLab token", r"[A-Za-z0-9_-]{27,300}\.[a-z0-9]{2}\.[a-z0-9]{9}"),
    _token("xapp-", "Slack token", r"[0-9]-[A-Z0-9]{9,12}-[0-9]{10,14}-[a-f0-9]{64}"),
    _token("https://discord.com/api/webhooks/", "Discord webhook",
           r"[0-9]{17,20}/[A-Za-z0-9_-]{60,72}"),
    _token("https://discordapp.com/api/webhooks/", "Discord webhook",
           r"[0-9]{17,20}/[A-Za-z0-9_-]{60,72}"),
    _token("key-", "Mailgun key", r"[a-f0-9]{32}"),
    _token("dapi", "Databricks token", r"[a-f0-9]{32}(?:-[0-9])?"),
    *(_token(f"shp{c}_", "Shopify token", r"[a-f0-9]{32}") for c in ("at", "ca", "pa", "ss")),
    _token("lin_api_", "Linear key", r"[A-Za-z0-9]{40}"),
    _token("ntn_", "Notion token", r"[A-Za-z0-9]{40,50}"),
    _token("xai-", "xAI key", r"[A-Za-z0-9]{80}"),
    _token("sk-or-v1-", "OpenRouter key", r"[a-f0-9]{64}"),
    _token("pplx-", "Perplexity key", r"[A-Za-z0-9]{48}"),
    _token("lsv2_pt_", "LangSmith key", r"[a-f0-9]{32}_[a-f0-9]{10}"),
    _token("lsv2_sk_", "LangSmith key", r"[a-f0-9]{32}_[a-f0-9]{10}"),
    _token("dckr_pat_", "Docker token", r"[A-Za-z0-9_-]{27}"),
    _token("hvs.", "Vault token", r"[A-Za-z0-9_-]{90,120}"),
    _token("glsa_", "Grafana token", r"[A-Za-z0-9]{32}_[a-f0-9]{8}"),
    _token("AGE-SECRET-KEY-1", "age key", r"[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    _token("sq0atp-", "Square token", r"[A-Za-z0-9_-]{22}"),
    _token("dp.pt.", "Doppler token", r"[A-Za-z0-9]{40,44}"),
    _token("pcsk_", "Pinecone key", r"[A-Za-z0-9]{5,6}_[A-Za-z0-9]{55,70}"),
    _token("AccountKey=", "Azure storage key", r"[A-Za-z0-9/+]{86}=="),
    _token("sbp_", "Supabase token", r"[a-f0-9]{40}"),
    _token("pat", "Airtable token", r"[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    _token("NRAK-", "New Relic key", r"[A-Z0-9]{27}"),
    _token("sk_", "ElevenLabs key", r"[a-f0-9]{48}"),
    _token("HRKU-", "Heroku key", r"AA[A-Za-z0-9_-]{58}"),
    _token("WANDB_API_KEY=", "Weights & Biases key", r"[a-f0-9]{40}"),
)  # fmt: skip
"""Tokens of services: what they begin with, their name, their shape and a check."""
_PEM = re.compile(r"-----BEGIN (?P<kind>[A-Z0-9 ]{0,20})PRIVATE KEY(?: BLOCK)?-----")
_JWT = re.compile(
    r"(?P<header>eyJ[A-Za-z0-9_-]{10,1000})\.(?P<payload>eyJ[A-Za-z0-9_-]{10,5000})"
    r"\.[A-Za-z0-9_-]{20,1000}"
)
_PREFIXES = Words(*(token[0] for token in TOKENS))
_SCHEME = re.compile(r"[a-z][a-z0-9+]{1,18}$")
_LOGIN = re.compile(
    r"(?P<user>[^\s:/@\"'<>{}$\[\]`\\]{0,100}):(?P<password>[^\s@/\"'<>{}$\[\]`\\]{6,200})@"
    r"(?P<host>[A-Za-z0-9][A-Za-z0-9.-]{1,200})"
)
_LOCAL = frozenset(
    {"foo.com", "bar.com", "localhost", "127.0.0.1", "host", "hostname", "server", "db", "db.host"}
)
_COMMON = re.compile(
    r"(?i)(?:my|the|a|some|proxy|db|user)?_?p(?:%40|@|a)(?:ss|sswd|ssw(?:or)?d|ss_?phrase)\d*|p(?:wd)\d*|secret|tiger|hunter2|user(?:name)?|port|token"
    r"|guest|admin|root|postgres|mysql|redis|key|api_?key|credentials?|(.)\1*"
)
_ASSIGNED = re.compile(r"""[:=][ \t]{0,4}["'](?P<value>[A-Za-z0-9_+/=.~-]{20,200})["']""")
_WORD = re.compile(
    r"(?i)(?P<word>(?:api|access|auth|secret|private|client|hf|openai|aws)[_-]?(?:key|token|secret)"
    r"|passw(?:or)?d|(?<![a-z])secret)[\"']?[ \t]{0,4}$"
)
