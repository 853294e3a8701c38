"""Finds where credentials may stand in bytes that are no text: the run of text around each mark.

What a run holds is for rules to judge. Tensor elements are left out: random bytes hold any mark.
"""

import re
from bisect import bisect_right
from typing import Any

from pratique.artifacts.views import ByteText
from pratique.core.limits import KiB

MAX_RUNS = 1_000
MAX_CANDIDATES = 2_000
BEFORE = 16
TOKEN = 512
BLOCK_KEY = 20 * KiB
"""A private key in PEM, which takes the longest run."""
_WORD = r"[A-Za-z0-9_\-\.\/]{16}"
_HEX = "[a-f0-9]{32}"
MARKS = {
    **dict.fromkeys(
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "npm_", "glpat-", "sk-ant-",
         "sk-proj-", "sk-svcacct-", "AIza", "GOCSPX-", "xoxb-", "xoxp-", "xoxa-", "xoxr-",
         "xoxs-", "hooks.slack.com/services/", "sk_live_", "rk_live_", "SG.", "pypi-AgEI",
         "nvapi-", "gsk_", "r8_", "dop_v1_", "xapp-", "/api/webhooks/", "lin_api_", "ntn_",
         "xai-", "sk-or-v1-", "pplx-", "lsv2_pt_", "lsv2_sk_", "dckr_pat_", "hvs.", "glsa_",
         "sq0atp-", "dp.pt.", "pcsk_", "HRKU-", "NRAK-"), _WORD),
    **dict.fromkeys(("key-", "dapi", "shpat_", "shpca_", "shppa_", "shpss_", "sbp_"), _HEX),
    "WANDB_API_KEY=": _HEX,
    "pat": r"[A-Za-z0-9]{14}\.[a-f0-9]{32}", "sk_": "[a-f0-9]{48}",
    "AKIA": "[A-Z2-7]{16}", "ASIA": "[A-Z2-7]{16}", "hf_": "[A-Za-z]{34}",
    "api_org_": "[A-Za-z]{34}", "T3BlbkFJ": "[A-Za-z0-9]{20}", "AGE-SECRET-KEY-1": "[A-Z0-9]{58}",
    "AccountKey=": r"[A-Za-z0-9\/+]{86}", "-----BEGIN ": "[A-Z0-9 ]{0,20}PRIVATE KEY",
    "eyJ": r"[A-Za-z0-9_\-]{10,200}\.eyJ",
    "://": r"[^\x00-\x20:\/@]{1,60}:[^\x00-\x20@\/]{6,60}@[A-Za-z0-9]",
}  # fmt: skip
"""What tokens of services begin with, or hold, and what follows; the rules know the rest."""
KEY = b"-----BEGIN "


def compile_atoms() -> Any:  # noqa: ANN401 - yara_x is loaded late and has no name here
    """Return a scanner for every mark. Needs files and new code: call before lockdown."""
    import yara_x  # noqa: PLC0415 - the zygote's own moment

    alike: dict[str, list[str]] = {}
    for mark, follows in MARKS.items():  # one pattern for all: each costs a millisecond to compile
        alike.setdefault(follows, []).append(re.escape(mark).replace("/", r"\/"))
    lines = (
        f"    $a{at} = /({'|'.join(marks)}){follows}/"
        for at, (follows, marks) in enumerate(alike.items())
    )
    rule = "rule marks {\n  strings:\n" + "\n".join(lines) + "\n  condition:\n    any of them\n}"
    scanner = yara_x.Scanner(yara_x.compile(rule))
    scanner.max_matches_per_pattern(MAX_CANDIDATES)
    scanner.scan(b"warm")
    return scanner


class SecretSearch:
    """Collects runs of text around marks, window by window, in order.

    `regions` are the sorted (start, end) of tensor elements.
    """

    def __init__(self, scanner: Any, regions: list[tuple[int, int]]) -> None:  # noqa: ANN401
        self._scanner, self._regions = scanner, regions
        self._runs: list[tuple[int, str]] = []
        self._end = -1
        self.partial = ""

    def window(self, base: int, window: bytes, start: int, end: int) -> None:
        """Look at a window that lies at `base`; only marks at `start` to `end` of it count."""
        if self._inside(base + start, base + end):
            return
        found = self._scanner.scan(window)
        places: list[int] = []
        for rule in found.matching_rules:
            for pattern in rule.patterns:
                offsets = [m.offset for m in pattern.matches]
                if len(offsets) >= MAX_CANDIDATES:
                    self.partial = f"more marks of secrets than were looked at near byte {base}"
                places += [at for at in offsets if start <= at < end]
        for at in sorted(places):
            if base + at >= self._end and not self._inside(base + at, base + at + 1):
                self._keep(base, window, at)

    def view(self, size: int) -> ByteText:
        """Return what was found, by offset."""
        return ByteText(runs=tuple(self._runs), covered=size, partial=self.partial)

    def _inside(self, start: int, end: int) -> bool:
        at = bisect_right(self._regions, (start, 1 << 63)) - 1
        return at >= 0 and end <= self._regions[at][1]

    def _keep(self, base: int, window: bytes, at: int) -> None:
        if len(self._runs) >= MAX_RUNS:
            self.partial = f"more than {MAX_RUNS} marks of secrets"
            return
        key = window.startswith(KEY, at)
        begin, end = max(0, at - BEFORE), at + (BLOCK_KEY if key else TOKEN)
        text = window[begin:end].decode("latin-1")
        self._runs.append((base + begin, text))
        self._end = base + at + (1 if key else TOKEN - 200)
