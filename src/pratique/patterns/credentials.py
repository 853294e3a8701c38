"""Entries of files that programs log in by: told by what stands beside them."""

import base64
import binascii
import re
from collections.abc import Iterator
from itertools import islice

from pratique.patterns.literals import Words
from pratique.patterns.secrets import Secret, entropy, is_placeholder

MOST = 200
_NAME = (
    r"(?!(?:\w*_)?(?:PUBLIC|GPG|BOS|EOS|PAD|UNK|SEP|CLS|MASK|CACHE|SORT|FOREIGN|PRIMARY|NUM|MAX"
    r"|MIN|SSH_AUTH|REGISTRY)_)[A-Z][A-Z0-9_]{0,60}"
)
_SHAPES: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("machine", "login of netrc",
     re.compile(r"\bmachine\s+\S{3,200}\s+login\s+\S{1,200}\s+password\s+"
                r"(?P<value>[^\s{}<>$]{6,200})")),
    ("_auth", "npm login",
     re.compile(r":_auth(?:Token)?[ ]*=[ ]*\"?(?P<value>[^\s$\"{}]{16,400})")),
    ("username", "login of pypirc",
     re.compile(r"^username[ ]*[=:][^\n]{1,200}\npassword[ ]*[=:][ ]*(?P<value>[^\s$%{]{6,300})",
                re.MULTILINE)),
    ('"auth"', "login of a container registry",
     re.compile(r'"auth"\s{0,9}:\s{0,9}"(?P<value>[A-Za-z0-9+/]{10,400}={0,2})"')),
    ('"key"', "Kaggle key",
     re.compile(r'"username"\s{0,9}:\s{0,9}"[^"]{1,100}"\s{0,9},\s{0,9}"key"\s{0,9}:\s{0,9}'
                r'"(?P<value>[0-9a-f]{32})"')),
    ("secret_access_key", "AWS secret key",
     re.compile(r"(?i)aws_secret_access_key[\"']?\s{0,9}[=:]\s{0,9}[\"']?"
                r"(?P<value>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])")),
    ("SECRET_ACCESS_KEY", "AWS secret key",
     re.compile(r"AWS_SECRET_ACCESS_KEY[\"']?\s{0,9}[=:]\s{0,9}[\"']?(?P<value>[A-Za-z0-9/+]{40})"
                r"(?![A-Za-z0-9/+])")),
    ("sig=", "Azure shared access signature",
     re.compile(r"[?&]sv=20\d\d-\d\d-\d\d[^\s\"'<>]{0,400}&sig=(?P<value>[A-Za-z0-9%/+]{40,90})")),
    (":AA", "Telegram bot token",
     re.compile(r"(?<![\w:])(?P<value>\d{8,10}:AA[A-Za-z0-9_-]{33})(?![\w-])")),
    ("PuTTY-User-Key-File", "private key of PuTTY",
     re.compile(r"PuTTY-User-Key-File-\d: [^\n]{1,60}\r?\nEncryption: none[\s\S]{1,4000}?"
                r"Private-Lines: \d{1,3}\r?\n(?P<value>[A-Za-z0-9+/=]{20,80})")),
)  # fmt: skip
_WEAK: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = (
    (("KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL"),
     re.compile(rf"^[ \t]*(?:export[ ]+|ENV[ ]+|-[ ]+)?(?P<word>{_NAME}(?:KEY|TOKEN|SECRET|PASSWORD"
                r"|PASSWD|CREDENTIALS?))[ ]?=[ ]?[\"']?"
                r"(?P<value>[^\s\"'#$<>{}()]{12,200})[\"']?[ \t]*$",
                re.MULTILINE)),
    (("api_key", "apikey", "password", "secret_key", "access_token", "auth_token", "client_secret"),
     re.compile(r"(?<![\w.])[\"']?(?P<word>(?:[a-z]{1,20}_)?(?:api_?key|password|secret_key"
                r"|access_token|auth_token|client_secret))[\"']?[ ]{0,4}[=:][ ]{0,4}[\"']?"
                r"(?P<value>[^\s\"'#$<>{}()\[\],]{12,200})[\"']?[ \t]*(?:[,}\r\n]|$)")),
)  # fmt: skip
_WORDS = Words(*dict.fromkeys([w for w, _, _ in _SHAPES] + [w for ws, _ in _WEAK for w in ws]))
_DIGITS = 2


def entries(text: str) -> Iterator[Secret]:
    """Yield logins by their place, with `sure` 1 where only the name beside them tells."""
    held = _WORDS.held(text)
    for word, kind, pattern in _SHAPES:
        for found in islice(pattern.finditer(text), MOST) if word in held else ():
            value = found["value"]
            if not is_placeholder(value) and (word != '"auth"' or _is_login(value)):
                yield Secret(kind, found.start("value"), found.end("value"), 2, _shown(value))
    for words, pattern in _WEAK:
        for found in islice(pattern.finditer(text), MOST) if held.intersection(words) else ():
            value = found["value"]
            if _is_random(value):
                kind = f"value of {found['word']}"
                yield Secret(kind, found.start("value"), found.end("value"), 1, _shown(value))


def _is_random(value: str) -> bool:
    mixed = sum(c.isdigit() for c in value) >= _DIGITS and any(c.isalpha() for c in value)
    plain = re.match(r"(?:https?:|/|\.|[\w.-]+\.(?:com|org|json|txt|py|pem)$|sha256)", value)
    dotted = re.fullmatch(r"[A-Za-z_]+(?:\.[A-Za-z_]\w*)+", value)
    return mixed and not plain and not dotted and not is_placeholder(value) and entropy(value) > 3.2  # noqa: PLR2004


def _is_login(value: str) -> bool:
    """Tell what decodes to `user:password`."""
    try:
        user, colon, word = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return False
    return bool(user and colon) and len(word) > 5 and word.isprintable()  # noqa: PLR2004 - as short as any


def _shown(text: str) -> str:
    return f"{text[:3]}... ({len(text)} characters)"
