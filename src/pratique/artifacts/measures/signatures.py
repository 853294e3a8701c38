"""Search a window of bytes for embedded programs and archives: yara-x atoms, then structure.

Atoms are plain byte runs, so yara-x scans at several GB/s; what an atom finds counts only when
`program_headers` confirms the fields around it.
"""

from collections.abc import Iterator
from typing import Any

from pratique.artifacts.measures import program_headers as headers
from pratique.artifacts.views import SignatureHit

MAX_HITS = 1_000
MAX_CANDIDATES = 2_000
"""Atoms of one kind looked at in one window; random weights show a handful."""
MAX_WORK = 200_000
"""Atoms looked at in one subject, so that decoys cannot buy unbounded time."""
LOOK_BACK = headers.LOOK_BACK
LOOK_AHEAD = headers.FRAME_MOST + headers.LOOK_AHEAD

ATOMS: dict[str, tuple[str, ...]] = {
    "elf": ("{ 7F 45 4C 46 (01|02) (01|02) 01 }",),
    "pe": ("{ 50 45 00 00 (64 86|4C 01|64 AA|C0 01|C4 01) }",),
    "macho": ("{ (CE|CF) FA ED FE }", "{ FE ED FA (CE|CF) }"),
    "cafebabe": ("{ CA FE BA BE 00 }",),
    "wasm": ("{ 00 61 73 6D 01 00 00 00 }",),
    "dex": ('"dex\\n03"', '"dex\\n04"'),
    "zip": ("{ 50 4B 03 04 }",),
    "7z": ("{ 37 7A BC AF 27 1C 00 }",),
    "rar": ("{ 52 61 72 21 1A 07 (00|01) }",),
    "gzip": ("{ 1F 8B 08 }",),
    "bzip2": ("{ 42 5A 68 (31|32|33|34|35|36|37|38|39) 31 41 59 26 53 59 }",),
    "xz": ("{ FD 37 7A 58 5A 00 00 }",),
    "tar": ('"ustar\\x0000"', '"ustar  \\x00"'),
    "cab": ("{ 4D 53 43 46 00 00 00 00 }",),
    "lnk": ("{ 4C 00 00 00 01 14 02 00 00 00 00 00 C0 00 00 00 00 00 00 46 }",),
    "ole": ("{ D0 CF 11 E0 A1 B1 1A E1 }",),
    "script": ('"#!/bin/"', '"#!/usr/"'),
    "pickle": (
        '"cos\\nsystem\\n"',
        '"cposix\\nsystem\\n"',
        '"cnt\\nsystem\\n"',
        '"csubprocess\\n"',
        '"cbuiltins\\nexec\\n"',
        '"cbuiltins\\neval\\n"',
        '"c__builtin__\\nexec\\n"',
        '"c__builtin__\\neval\\n"',
        '"crunpy\\n_run_code\\n"',
        "{ 8C 02 6F 73 [0-1] 8C 06 73 79 73 74 65 6D }",  # os.system
        "{ 8C 05 70 6F 73 69 78 [0-1] 8C 06 73 79 73 74 65 6D }",  # posix.system
        "{ 8C 02 6E 74 [0-1] 8C 06 73 79 73 74 65 6D }",  # nt.system
        "{ 8C 08 62 75 69 6C 74 69 6E 73 [0-1] 8C 04 65 78 65 63 }",  # builtins.exec
        "{ 8C 08 62 75 69 6C 74 69 6E 73 [0-1] 8C 04 65 76 61 6C }",  # builtins.eval
        "{ 8C 0A 73 75 62 70 72 6F 63 65 73 73 [0-1] 8C 05 50 6F 70 65 6E }",  # subprocess.Popen
        "{ 8C 0A 73 75 62 70 72 6F 63 65 73 73 [0-1] 8C 03 72 75 6E }",  # subprocess.run
        "{ 8C 0A 73 75 62 70 72 6F 63 65 73 73 [0-1] 8C 04 63 61 6C 6C }",  # subprocess.call
    ),
    # A framed stream of protocol 4 or 5: the frame's length has four zero bytes at its end.
    "frame": ("{ 80 (04|05) 95 ?? ?? ?? ?? 00 00 00 00 }",),
}
"""What is searched for; nothing shorter than three bytes, and no wildcard before them."""

_CHECKS: dict[str, headers.Check] = {
    "elf": headers.elf,
    "macho": headers.macho,
    "wasm": headers.wasm,
    "dex": headers.dex,
    "zip": headers.zip_member,
    "7z": headers.sevenzip,
    "rar": headers.rar,
    "gzip": headers.gzip,
    "xz": headers.xz,
    "cab": headers.cabinet,
    "script": headers.script,
    "frame": headers.pickle_frame,
}
_FIXED = {
    "bzip2": "bzip2 stream",
    "lnk": "Windows shortcut",
    "ole": "OLE compound file",
    "pickle": "pickle opcodes that import a way to run code",
}
"""Atoms of eight bytes and more, which are evidence by themselves: under 1e-10 per GB."""


def compile_atoms() -> Any:  # noqa: ANN401 - yara_x is loaded late and has no name here
    """Return a scanner for every atom. Needs files and new code: call before lockdown."""
    import yara_x  # noqa: PLC0415 - the zygote's own moment

    rules = []
    for word, atoms in ATOMS.items():
        lines = "\n".join(f"    $a{i} = {atom}" for i, atom in enumerate(atoms))
        rules.append(f"rule k_{word} {{\n  strings:\n{lines}\n  condition:\n    any of them\n}}")
    scanner = yara_x.Scanner(yara_x.compile("\n".join(rules)))
    scanner.max_matches_per_pattern(MAX_CANDIDATES)
    scanner.scan(b"warm")
    return scanner


class SignatureSearch:
    """Collects the confirmed hits of one subject, window by window, in order."""

    def __init__(self, scanner: Any) -> None:  # noqa: ANN401 - see compile_atoms
        self._scanner = scanner
        self._hits: list[SignatureHit] = []
        self._zip_end = -1
        self._folded = 0
        self._work = 0
        self.partial = ""

    def window(self, base: int, window: bytes, start: int, end: int) -> None:
        """Look at a window that lies at `base`; only atoms at `start` to `end` of it count."""
        result = self._scanner.scan(window)
        for rule in result.matching_rules:
            word = rule.identifier[2:]
            for pattern in rule.patterns:
                offsets = [m.offset for m in pattern.matches]
                if len(offsets) >= MAX_CANDIDATES:
                    self.partial = f"more {word} marks than were looked at near byte {base}"
                self._candidates(word, window, base, [at for at in offsets if start <= at < end])

    def hits(self) -> tuple[SignatureHit, ...]:
        """Return what was found, by offset."""
        return tuple(sorted(self._hits, key=lambda h: (h.at, h.what)))

    def _candidates(self, word: str, window: bytes, base: int, offsets: list[int]) -> None:
        self._work += len(offsets)
        if self._work > MAX_WORK:
            self.partial = f"more than {MAX_WORK} marks of programs and archives"
            return
        for at in offsets:
            for what, where, length, detail in _confirmed(word, window, at):
                self._keep(SignatureHit(what, base + where, length, detail))

    def _keep(self, hit: SignatureHit) -> None:
        # An archive has a local header for each member: the first stands for those that follow on.
        if hit.what == "zip":
            # A member written as a stream does not tell its size: the next is taken to follow it.
            follows = self._zip_end in {0, hit.at}
            self._zip_end = hit.at + hit.length if hit.length else 0
            if follows:
                return
        if len(self._hits) < MAX_HITS:
            self._hits.append(hit)
        else:
            self.partial = f"more than {MAX_HITS} embedded programs and archives"


def _confirmed(word: str, window: bytes, at: int) -> Iterator[tuple[str, int, int, str]]:
    """Yield (what, offset, length, detail) when the structure around an atom holds."""
    if word in _FIXED:
        yield word, at, 0, _FIXED[word]
    elif word == "pe":
        start, told = headers.pe_start(window, at), headers.pe(window, at)
        if start is not None and told:
            yield word, start, *told
    elif word == "tar":
        told = headers.tar(window, at - 257)
        if told:
            yield word, at - 257, *told
    else:
        told = headers.cafebabe(window, at) if word == "cafebabe" else _CHECKS[word](window, at)
        if told:
            java = word == "cafebabe" and told[1].startswith("Java")
            yield ("class" if java else "macho" if word == "cafebabe" else word), at, *told
