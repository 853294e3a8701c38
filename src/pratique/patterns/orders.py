"""Orders to a model that serve somebody else than who asks it, in the words people write."""

import re
from collections.abc import Iterator

from pratique.core.finding import Severity
from pratique.patterns.literals import Words

_WORDS = Words(
    "ignore", "disregard", "forget", "override", "never", "don't", "do not", "send", "post",
    "upload", "exfiltrate", "forward", "leak", "reveal", "print", "repeat", "output", "insert",
    "backdoor", "unrestricted", "unfiltered", "jailbroken", "without any", "harmful", "always",
    "recommend", "0x", "bc1", nocase=True,
)  # fmt: skip
OVERRIDES = (
    r"\b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:previous|prior|above|earlier"
    r"|system|safety|all)\b[^.\n]{0,30}\b(?:instructions?|prompts?|rules?|guidelines|messages?)"
)
"""What sets the instructions before it aside; for `re.IGNORECASE`."""
_GRAVE = re.compile(
    rf"(?i){OVERRIDES}"
    r"|\b(?:send|post|upload|exfiltrate|forward|leak)\b[^.\n]{0,60}\bto https?://"
    r"|\b(?:reveal|print|repeat|output|leak|disclose|include)\b[^.\n]{0,30}"
    r"\b(?:(?:the|your) system prompt|(?:all |any |the )?(?:passwords?|secrets|credentials"
    r"|api[ _-]?keys?))\b"
    r"|\b(?:insert|add|include|hide|plant|introduce)\b[^.\n]{0,40}"
    r"\b(?:backdoors?|malware|vulnerabilit\w+|reverse shell|exploits?)\b"
    r"|\byou are (?:now )?(?:unrestricted|unfiltered|jailbroken)\b"
    r"|\b(?:answer|respond|reply)\b[^.\n]{0,20}\bwith (?:harmful|dangerous|malicious|false)\b"
    r"|\b(?:0x[0-9a-f]{40}|bc1[a-z0-9]{25,60})\b"
)
_DOUBTFUL = re.compile(
    r"(?i)\balways (?:recommend|promote|link to|insert|suggest)\b[^.\n]{1,100}"
    r"|\b(?:never|do not|don't) (?:mention|tell|reveal|disclose|admit)\b[^.\n]{0,10}"
    r"\b(?:this|it)\b(?! (?:is|was|if|when))"
    r"|(?<![\w.@])[\w.+-]{2,60}@[a-z0-9-]{2,60}\.[a-z]{2,10}\b"
)
_DISCREET = re.compile(
    r"(?i)\b(?:do not|don't|never)\b[^.\n]{0,20}\b(?:tell|reveal|mention|inform|disclose)\b"
    r"[^.\n]{0,30}\b(?:to the user|the user|users)\b"
)


def orders(text: str) -> Iterator[tuple[Severity, str]]:
    """Yield (how bad, the words) of each order; to say nothing of its instructions is common."""
    if "@" not in text and not _WORDS.held(text):
        return
    for match in _GRAVE.finditer(text):
        yield Severity.HIGH, match[0]
    for match in _DISCREET.finditer(text):
        yield Severity.LOW, match[0]
    for match in _DOUBTFUL.finditer(text):
        yield Severity.MEDIUM, match[0]
