"""Scripts of shells, and files that hold shell commands: joined to whole lines, never run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from pratique.artifacts.reader import Item, Kind, Reader, Subject, View
from pratique.artifacts.readers.decoding import opening, text_if_any
from pratique.core.limits import MiB

MAX_BYTES = 4 * MiB
MAX_LINES = 50_000
MAX_LINE = 2_000
OVERLAP = 500

_FIELD = r"(?:\*|\d{1,2})(?:[-,/*\d]{0,40})"
_TIMED = (
    r"(?:@(?:reboot|hourly|daily|weekly|monthly|yearly|annually|midnight)"
    rf"|(?:{_FIELD}[ \t]+){{4}}{_FIELD})[ \t]+"
)
_HERE = re.compile(
    r"\A\ufeff?(?:#![^\n]*\b(?:ba|z|da|k|c|tc|fi)?sh\b|#![^\n]*\b(?:pwsh|make)\b|@echo\b"
    r"|(?>(?:(?:#[^\n]*|[^\S\n]*|ARG [^\n]*)\n)*)"
    r"(?:FROM (?:--\S+ )*[\w./:@${}-]+(?: AS [\w.-]+)?\s*\n"
    r"|\[(?:Unit|Service|Timer|Desktop Entry)\]\s*\n))",
    re.IGNORECASE,
)
_LISTED = re.compile(
    rf"^{_TIMED}(?=[\w/~.\"'({{$])"
    r"|^[\w.%/ $(){}-]{1,200}:(?!=)[^\n=]{0,400}(?:\n[ \t]*#[^\n]*)*\n\t\s*[@+-]{0,3}\S",
    re.MULTILINE,
)
"""A line of a table of cron, or a rule of a makefile with its recipe."""
_LEAD = re.compile(
    r"\A(?:\t[@+-]{1,3}[ ]?"
    r"|Exec(?:Start|Stop|Reload|Condition)?(?:Pre|Post)?[ \t]*=[ \t]*[-@:+!|]{0,4}"
    rf"|{_TIMED}(?:root[ \t]+)?)"
)
"""What stands before a command: makefiles, units of systemd and tables of cron have some."""
_COMMAND = re.compile(
    r"^(?:\t[@-]{0,2}|RUN |\$ ?|sudo |Exec(?:Start|Stop|Reload)\w*="
    r"|(?:[\d*/,-]+[ \t]+){5}(?:root[ \t]+)?)?(?:set -[a-zA-Z]+|export \w+="
    r"|cd [\w./~$\"{}-]+$|curl -?\S|wget -?\S"
    r"|bash -|sh -c|nc -?\S|mkfifo |rm -?\S|echo [\w\"'-][^\n]*\||apt(?:-get)? \S|pip3? install "
    r"|python[\d.]* -|powershell|certutil |\$\w+ ?= ?|IEX\b|Invoke-|Start-Process|chmod \S|if \[ "
    r"|/\S{0,40}bin/\w*sh -c )",
    re.MULTILINE | re.IGNORECASE,
)
_TASK = re.compile(
    r"^[^\n#]{0,200}?(?:\b(?:sh|bat|powershell|system2?|popen|exec(?:Sync|File)?|passthru"
    r"|shell_exec|spawn(?:Sync)?|shell-command(?:-to-string)?|exec\.Command|Command::new"
    r"|ProcessBuilder|Process\.Start|\.exec)\s*\(?\s*[\"'`]"
    r"|\b(?:shell|inline):[ \t]*[\"']|\b(?:inline|commands?|cmd)[ \t]*=[ \t]*\S"
    r"|\bcommandLine\b|\\write18\b|//go:generate\s|\bexecute\s+\w*system\b)",
    re.MULTILINE,
)
"""Where build files, tasks and sources of other languages hand a text to a shell."""
_INDENTED = re.compile(
    r"^[ \t]+[@-]{0,2}(?:curl -?\S|wget -?\S|bash -|sh -c|nc -?\S|powershell|IEX\b|chmod \+x"
    r"|python[\d.]* -c)",
    re.MULTILINE,
)
_DATA = re.compile(r"\s*(?:\{|\[\s*[\[{\"\d\]-])")
_OTHERS = re.compile(
    r"^(?:```|~~~|<\w+[^>]*>|[^\n]{0,80}get_ipython\(\)|from [\w.]+ import "
    r"|import [\w.]+(?: as \w+)?(?:, ?[\w.]+)*\s*$"
    r"|[ \t]*(?:- )?(?:run|script|command|args|steps|jobs|on|name|apiVersion|services|image"
    r"|hosts):)",
    re.MULTILINE,
)
"""Python, prose and YAML, which rules of their own judge."""
_PROSE = re.compile(
    r"^(?:#{1,4} \w|```|---\s*$|<\w+[^>]*>|import \w|from \w+ import )", re.MULTILINE
)
_LETTERED = re.compile(r"[A-Za-z]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellScript(View):
    """The commands of a script, one (text, line) for each, continuation lines joined.

    `unit` says what the number counts: lines, or cells of a notebook.
    """

    commands: tuple[tuple[str, int], ...]
    unit: str = "line"


class ShellScriptReader(Reader):
    """Reads text that begins as a script does, or whose lines are shell commands and no prose.

    It claims nothing: the text reader does.
    """

    name: ClassVar[str] = "shell"
    version: ClassVar[int] = 5
    kind: ClassVar[Kind] = Kind.TEXT
    views: ClassVar[tuple[type[View], ...]] = (ShellScript,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the first line, or by commands at the beginning of lines."""
        text = opening(subject)
        if not text or subject.size > MAX_BYTES:
            return False
        if _HERE.match(text):
            return True
        if _DATA.match(text):
            return False
        if _LISTED.search(text):
            return True
        if _COMMAND.search(text) is not None and _PROSE.search(text) is None:
            return True
        tasks = _TASK.search(text) or _INDENTED.search(text)
        return tasks is not None and _OTHERS.search(text) is None

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield the commands of the script."""
        text = text_if_any(subject, MAX_BYTES)
        if text is None:
            return
        rows = tuple(islice(_commands(text), MAX_LINES))
        cut = len(rows) >= MAX_LINES
        yield ShellScript(
            commands=rows,
            covered=subject.size,
            partial=f"more than {MAX_LINES} commands" if cut else "",
        )


def pieces(command: str, most: int) -> Iterator[str]:
    """Yield a command, in parts of at most `most` characters that overlap where it is longer."""
    for start in range(0, max(len(command) - OVERLAP, 1), most - OVERLAP):
        if part := command[start : start + most].strip():
            yield part


def _commands(text: str) -> Iterator[tuple[str, int]]:
    """Yield commands with the line each begins in; comments are left out."""
    joined, start = "", 0
    for number, line in enumerate(text.splitlines()[:MAX_LINES], 1):
        start = start or number
        joined += line
        if line.rstrip().endswith(("\\", "`", "^")) and len(joined) < MAX_LINE:
            joined = joined.rstrip("\\`^ \t") + " "
            continue
        if _LETTERED.search(joined) and not joined.lstrip().startswith(("#", "::", "REM ")):
            command = _LEAD.sub("", joined, count=1).strip()
            yield from ((piece, start) for piece in pieces(command, MAX_LINE))
        joined, start = "", 0
