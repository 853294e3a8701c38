"""Jupyter notebooks: cells as Python that knows the other cells, and what outputs would show."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pratique.artifacts.blob import MemoryBlob
from pratique.artifacts.reader import Item, Member
from pratique.artifacts.readers.python_cells import learn
from pratique.artifacts.views import TextView
from pratique.core.errors import LimitExceededError
from pratique.core.limits import MiB

MAX_CELLS = 2_000
MAX_SHOWN = 1_000
MAX_TEXT = 1 * MiB
MAX_IMAGES = 200
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_MARKED = re.compile(r"(?i)<script|\son\w{3,20}\s*=|javascript:|<!--|[\U000e0000-\U000e007f]")
_TYPED = re.compile(r"(?i)\b(?:curl|wget|powershell|iex|base64|pip3?)\s|/dev/(?:tcp|udp)/")
_IN_BROWSER = re.compile(r"\s*%%(?:javascript|js|html|svg)\b[^\n]*\n", re.IGNORECASE)
_WRITES = re.compile(
    r"\s*%%(?:writefile|file)[ \t]+(?:-a[ \t]+)?[\"']?([^\s\"']+)[\"']?[^\n]*(?:\n|\Z)"
)
_SCRIPT = ("application/javascript", "text/javascript")


def notebook(document: Mapping[str, Any]) -> Iterator[Item]:
    """Yield a member for each code cell, views of active texts, and images that are none."""
    cells = _all_cells(document)
    bodies = [_body(cell) for cell in cells[:MAX_CELLS]]
    names = learn([body for body in bodies if body])
    for number, cell in enumerate(cells[:MAX_CELLS]):
        yield from _written(number, cell)
    for number, body in enumerate(bodies):
        if body is not None:
            blob = MemoryBlob(body.encode("utf-8", "replace"))
            yield Member(f"cell-{number}.py", blob, context=names)
    left = MAX_SHOWN
    for number, cell in enumerate(cells[:MAX_CELLS]):
        for item in _shown(number, cell) if isinstance(cell, dict) else ():
            left -= 1
            if left < 0:
                raise LimitExceededError(f"only the first {MAX_SHOWN} texts of cells were read")
            yield item
    if len(cells) > MAX_CELLS:
        raise LimitExceededError(f"only the first {MAX_CELLS} cells were read")


def _all_cells(document: Mapping[str, Any]) -> list[object]:
    """Return the cells of a notebook, which format 3 keeps in worksheets."""
    found = _listed(document.get("cells"))
    for sheet in _listed(document.get("worksheets"))[:MAX_CELLS]:
        found += _listed(sheet.get("cells")) if isinstance(sheet, dict) else []
    return found


def _listed(told: object) -> list[object]:
    return list(told) if isinstance(told, list) else []


def _text(told: object) -> str:
    parts: Sequence[object] = [told] if isinstance(told, str) else _listed(told)
    return "".join(x for x in parts if isinstance(x, str))


def _body(cell: object) -> str | None:
    """Return a code cell as the Python that IPython makes of it, None for any other cell."""
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return None
    source = _text(cell.get("source", cell.get("input", "")))
    if _IN_BROWSER.match(source):
        return None
    written = _WRITES.match(source)
    if written:
        return f"open({written[1]!r}, 'w').write({source[written.end() :][:MAX_TEXT]!r})"
    shell = _SHELLS.match(source)
    if shell:
        return f"get_ipython().system({source[shell.end() :]!r})"
    return "\n".join(_magic(line) for line in source.split("\n"))


def _written(number: int, cell: object) -> Iterator[Member]:
    """Yield what a cell writes to a file as that file."""
    source = _text(cell.get("source", cell.get("input", ""))) if isinstance(cell, dict) else ""
    told = _WRITES.match(source)
    if told:
        name = re.sub(r"[^\w.-]", "_", told[1].rpartition("/")[2])[-80:] or "file"
        yield Member(
            f"cell-{number}-{name}", MemoryBlob(source[told.end() :].encode("utf-8", "replace"))
        )


def _shown(number: int, cell: Mapping[str, Any]) -> Iterator[Item]:
    """Yield what a browser would render of a cell: Markdown, magics for the browser, outputs."""
    source = _text(cell.get("source", cell.get("input", "")))[:MAX_TEXT]
    if cell.get("cell_type") == "markdown":
        if _MARKED.search(source) or _TYPED.search(source):
            yield TextView(text=source, origin=f"notebook:cell-{number} markdown")
        return
    magic = _IN_BROWSER.match(source)
    if magic is not None:
        script = "html" not in magic[0].lower() and "svg" not in magic[0].lower()
        yield TextView(
            text=_wrapped(source[magic.end() :], script=script),
            origin=f"notebook:cell-{number} magic",
        )
    for output in _listed(cell.get("outputs")):
        data = output.get("data", output) if isinstance(output, dict) else None
        if isinstance(data, dict):
            yield from _of_output(number, data)


def _wrapped(text: str, *, script: bool) -> str:
    return f"<script>{text}</script>" if script else text


def _of_output(number: int, data: Mapping[str, Any]) -> Iterator[Item]:
    for kind, told in list(data.items())[:50]:
        text = _text(told)
        if kind in _SCRIPT or kind in {
            "text/html",
            "image/svg+xml",
            "text/markdown",
            "html",
            "svg",
        }:
            text = _wrapped(text, script=kind in _SCRIPT)[: MAX_TEXT * 4]
            if _MARKED.search(text):
                yield TextView(text=text, origin=f"notebook:cell-{number} output")
        elif kind in {"image/png", "image/jpeg"} and len(text) <= MAX_TEXT * 16:
            try:
                body = base64.b64decode(text)
            except (binascii.Error, ValueError):
                continue
            if not body.startswith((_PNG, _JPEG)):
                yield Member(f"cell-{number}-{kind.replace('/', '.')}", MemoryBlob(body))


_TAKEN = re.compile(r"([A-Za-z_][\w, ]*?)\s*=\s*!(.*)")
_SYSTEM = re.compile(r"%(?:sx|system|!)\s+(.*)")
_FETCHED = re.compile(r"%(?:run|load|loadpy)\s+(?:-\w+\s+)*[\"']?(https?://[^\s\"']+)")
"""Magics that run, or put into the cell, what an address answers."""
_INSTALLED = re.compile(r"%((?:pip|conda|mamba|uv)\s+.*)")
_SHELLS = re.compile(r"%%(?:bash|sh|script\s+\S+|system|sx|!)[^\n]*\n")


def _magic(line: str) -> str:
    """Write `!command`, `x = !command` and `%magic` the way IPython compiles them."""
    bare = line.lstrip()
    indent = line[: len(line) - len(bare)]
    taken = _TAKEN.match(bare)
    if taken:
        return f"{indent}{taken[1]} = get_ipython().getoutput({taken[2]!r})"
    asked = _SYSTEM.match(bare)
    if asked:
        return f"{indent}get_ipython().system({asked[1]!r})"
    if bare.startswith("!"):
        return f"{indent}get_ipython().system({bare[1:]!r})"
    fetched = _FETCHED.match(bare)
    if fetched:
        return f"{indent}exec(__import__('urllib.request').request.urlopen({fetched[1]!r}).read())"
    installed = _INSTALLED.match(bare)
    if installed:
        return f"{indent}get_ipython().system({installed[1]!r})"
    if bare.startswith("%"):
        return f"{indent}get_ipython().run_line_magic({bare[1:]!r})"
    return line
