"""Texts inside models that only describe: what code, packed files and downloads look like there."""

import re

TELLING = re.compile(
    r"[A-Za-z0-9+/]{60}|gASV|gAJ|gAN|TVqQ|f0VM|__|\b(?:exec|eval|import|system|subprocess|powershell|"
    r"curl|wget|bash|base64|cos|posix|nt|cmd)\b|https?:|ftp:|\$\(|/bin/|/tmp/|/etc/|<script|\x80[\x02-\x05]",
    re.IGNORECASE,
)
"""A short text without any of these is not shown to rules."""
CODE = re.compile(
    r"__import__\s*\(|\b(?:exec|eval)\s*\(\s*(?:base64|bytes|open|compile|zlib|codecs|input|__|\"|'|requests"
    r"|urllib|marshal)|\bos\s*\.\s*(?:system|popen|exec\w+|spawn\w+)\s*\(|\bsubprocess\s*\.\s*(?:\w+)\s*\("
    r"|\bpty\s*\.\s*spawn\s*\(|\b(?:pickle|marshal|dill|cloudpickle)\s*\.\s*loads?\s*\(|\bctypes\s*\.\s*CDLL"
    r"|\{\{[^}]{0,200}__(?:class|globals|subclasses|mro|init)__|\bRuntime\s*\.\s*getRuntime|<script\b"
    r"|\bpowershell(?:\.exe)?\s+-\w|\bcmd(?:\.exe)?\s+/c\b|/dev/tcp/|\bnc\s+-e\b|\b(?:ba)?sh\s+-[ic]\b"
    r"|\b(?:curl|wget)\s[^|;&\n]{0,200}[|;&]{1,2}\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|\$\{jndi:"
    r"|\bsocket\s*\.\s*socket\s*\(",
    re.IGNORECASE,
)
"""What no description of a model holds: commands, and calls that run or load code."""
DOWNLOAD = re.compile(
    r"\b(?:https?|ftp)://[^\s\"'<>]{1,300}\.(?:exe|dll|so|dylib|sh|ps1|bat|msi|apk|jar|scr|vbs|hta|elf|pkl"
    r"|pyc|whl)(?=[\s\"'<>?#)]|$)",
    re.IGNORECASE,
)
PACKED = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")
HEADS = (
    (b"\x80\x02", "a pickle"),
    (b"\x80\x03", "a pickle"),
    (b"\x80\x04\x95", "a pickle"),
    (b"\x80\x05\x95", "a pickle"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"PK\x03\x04", "an archive"),
    (b"\x1f\x8b\x08", "packed data"),
    (b"#!/", "a script"),
    (b"import ", "Python"),
    (b"exec(", "Python"),
)
"""How files begin that are carried in base64."""
