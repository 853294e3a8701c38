"""What IPython makes of a cell that is no Python: `!commands` and `%magics`, as calls and lines."""

import re
from collections.abc import Iterator

from pratique.artifacts.readers.shell_script import pieces
from pratique.core.limits import MiB

MAX_TEXT = 1 * MiB
MAX_PART = 900
MAX_PARTS = 2_000
IN_BROWSER = re.compile(r"\s*%%(?:javascript|js|html|svg)\b[^\n]*\n", re.IGNORECASE)
WRITES = re.compile(
    r"\s*%%(?:writefile|file)[ \t]+(?:-a[ \t]+)?[\"']?([^\s\"']+)[\"']?[^\n]*(?:\n|\Z)"
)
_SHELLS = re.compile(
    r"\s*%%(?:bash|sh|shell|script\s+[^\n]*\b(?:ba|z|da)?sh\b|system|sx|!)[^\n]*\n"
)
_OTHERS = re.compile(
    r"\s*%%(?:script\s+(?:-\S+\s+)*)?(perl|ruby|R|node|julia|php|lua|cmd|powershell|pwsh)\b[^\n]*\n"
)
_PYTHON = re.compile(r"\s*%%(?:script\s+(?:-\S+\s+)*)?(?:python[\d.]*|pypy[\d.]*)\b[^\n]*\n")
_TAKEN = re.compile(r"([A-Za-z_][\w, ]*?)\s*=\s*(?:!|%(?:sx|system|shell|sh|!)\s+)(.*)", re.DOTALL)
_SYSTEM = re.compile(r"%(?:sx|system|shell|sh|bash|!|alias\s+\w+)\s+(.*)", re.DOTALL)
_FETCHED = re.compile(r"%(?:run|load|loadpy|install_ext)\s+(?:-\w+\s+)*[\"']?(https?://[^\s\"']+)")
"""Magics that run, or put into the cell, what an address answers."""
_RUN = re.compile(r"%run\s+(?:-\w+\s+)*[\"']?([\w./-]+)")
_INSTALLED = re.compile(r"%((?:pip|conda|mamba|micromamba|uv)\s+.*)", re.DOTALL)
_GIVEN = re.compile(r"%(?:set_)?env\s+(\w+)(?:\s*=|\s)\s*(\S[^\n]*)")
_JOINED = re.compile(r"(?m)^([ \t]*(?:\w[\w, ]*=[ \t]*)?[!%][^\n]*)\\\n")


def python(source: str) -> str:
    """Return a code cell as the Python that IPython makes of it."""
    written = WRITES.match(source)
    if written:
        return f"open({written[1]!r}, 'w').write({source[written.end() :][:MAX_TEXT]!r})"
    shell = _SHELLS.match(source)
    if shell:
        return _calls(source[shell.end() :])
    other = _OTHERS.match(source)
    if other:
        return _calls(f"{other[1]} -e {' ; '.join(source[other.end() :].splitlines())}")
    own = _PYTHON.match(source)
    lines = _whole(source[own.end() :] if own else source)
    return ("\n" if own else "") + "\n".join(map(_magic, lines))


def _calls(script: str) -> str:
    """Return calls that start a script, in parts that a view shows whole."""
    parts, part = list[str](), ""
    for line in script.split("\n"):
        if part and len(part) + len(line) >= MAX_PART:
            parts.append(part)
            part = ""
        part += line + "\n"
    whole = [piece for one in [*parts, part] for piece in pieces(one, MAX_PART)][:MAX_PARTS]
    return "\n".join(f"get_ipython().system({piece!r})" for piece in whole)


def commands(source: str) -> Iterator[str]:
    """Yield the command lines of a code cell in order, `%run FILE` as one of them."""
    shell = _SHELLS.match(source)
    if shell:
        yield from source[shell.end() :].replace("\\\n", " ").split("\n")
        return
    for line in _whole(source) if "!" in source or "%" in source else ():
        bare = line.strip()
        taken = _TAKEN.match(bare) or _SYSTEM.match(bare)
        run = _RUN.match(bare)
        if taken:
            yield taken[taken.lastindex or 1]
        elif run:
            yield f"python {run[1]}"
        elif bare.startswith("!"):
            yield bare.lstrip("!")


def _whole(source: str) -> list[str]:
    """Return the lines of a cell, commands that go on in the next line joined."""
    for _ in range(20):
        joined = _JOINED.sub(r"\1 ", source)
        if joined == source:
            break
        source = joined
    return source.split("\n")


def _magic(line: str) -> str:
    """Write `!command`, `x = !command` and `%magic` the way IPython compiles them."""
    bare = line.lstrip()
    indent = line[: len(line) - len(bare)]
    taken, asked = _TAKEN.match(bare), _SYSTEM.match(bare)
    if taken:
        return f"{indent}{taken[1]} = get_ipython().getoutput({taken[2]!r})"
    if asked or bare.startswith("!"):
        made = _calls(asked[1] if asked else bare[1:])
        return "\n".join(indent + call for call in made.split("\n"))
    fetched, installed = _FETCHED.match(bare), _INSTALLED.match(bare)
    if fetched:
        return f"{indent}exec(__import__('urllib.request').request.urlopen({fetched[1]!r}).read())"
    if installed:
        return f"{indent}get_ipython().system({installed[1]!r})"
    if given := _GIVEN.match(bare):
        return f"{indent}__import__('os').environ[{given[1]!r}] = {given[2].strip()!r}"
    if bare.startswith("%"):
        return f"{indent}get_ipython().run_line_magic({bare[1:]!r})"
    return line
