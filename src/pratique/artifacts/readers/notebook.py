"""Jupyter notebooks: cells as Python that knows the other cells, and what outputs would show."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from pratique.artifacts.blob import MemoryBlob
from pratique.artifacts.reader import Item, Member
from pratique.artifacts.readers.notebook_magics import (
    IN_BROWSER,
    MAX_TEXT,
    WRITES,
    commands,
    python,
)
from pratique.artifacts.readers.python_cells import learn
from pratique.artifacts.readers.shell_script import MAX_LINE, MAX_LINES, ShellScript, pieces
from pratique.artifacts.views import TextView
from pratique.core.errors import LimitExceededError

MAX_CELLS = 2_000
MAX_SHOWN = 1_000
MAX_WIDGETS = 5_000
MAX_IMAGES = 200
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_MARKED = re.compile(r"(?i)<script|\son\w{3,20}\s*=|javascript:|<!--|[\U000e0000-\U000e007f]")
_TYPED = re.compile(r"(?i)\b(?:curl|wget|powershell|iex|base64|pip3?)\s|/dev/(?:tcp|udp)/")
_SHOWS = re.compile(r"\b(?:HTML|SVG|Markdown|Javascript|display_(?:html|javascript|svg))\s*\(")
_SCRIPT = ("application/javascript", "text/javascript")


def notebook(document: Mapping[str, Any]) -> Iterator[Item]:
    """Yield a member for each code cell, views of active texts, and images that are none."""
    cells = _all_cells(document)
    yield from _code(cells[:MAX_CELLS])
    lines = tuple(islice(_lines(cells[:MAX_CELLS]), MAX_LINES))
    if len(lines) > 1:
        yield ShellScript(commands=lines, unit="cell")
    yield from _of_widgets(document)
    left = MAX_SHOWN
    for number, cell in enumerate(cells[:MAX_CELLS]):
        for item in _shown(number, cell) if isinstance(cell, dict) else ():
            left -= 1
            if left < 0:
                raise LimitExceededError(f"only the first {MAX_SHOWN} texts of cells were read")
            yield item
    if len(cells) > MAX_CELLS:
        raise LimitExceededError(f"only the first {MAX_CELLS} cells were read")


def _code(cells: Sequence[object]) -> Iterator[Member]:
    """Yield the code cells as Python that knows the names of all, and files that they write."""
    bodies = [_body(cell) for cell in cells]
    names = learn([body for body in bodies if body])
    for number, cell in enumerate(cells):
        yield from _written(number, cell)
    for number, body in enumerate(bodies):
        if body is not None:
            blob = MemoryBlob(body.encode("utf-8", "replace"))
            yield Member(f"cell-{number}.py", blob, context=names)


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
    return None if IN_BROWSER.match(source) else python(source)


def _lines(cells: Sequence[object]) -> Iterator[tuple[str, int]]:
    """Yield each command line of the cells with the number of its cell, from 1 on."""
    for number, cell in enumerate(cells, 1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            for line in commands(_text(cell.get("source", cell.get("input", "")))[:MAX_TEXT]):
                yield from ((piece, number) for piece in pieces(line.strip(), MAX_LINE))


def _written(number: int, cell: object) -> Iterator[Member]:
    """Yield what a cell writes to a file as that file."""
    source = _text(cell.get("source", cell.get("input", ""))) if isinstance(cell, dict) else ""
    told = WRITES.match(source)
    if told:
        name = re.sub(r"[^\w.-]", "_", told[1].rpartition("/")[2])[-80:] or "file"
        yield Member(
            f"cell-{number}-{name}", MemoryBlob(source[told.end() :].encode("utf-8", "replace"))
        )


def _shown(number: int, cell: Mapping[str, Any]) -> Iterator[Item]:
    """Yield what a browser would render of a cell: Markdown, magics for the browser, outputs."""
    source = _text(cell.get("source", cell.get("input", "")))[:MAX_TEXT]
    if cell.get("cell_type") in {"markdown", "raw", "heading"}:
        if _MARKED.search(source) or _TYPED.search(source):
            yield TextView(text=source, origin=f"notebook:cell-{number} markdown")
        return
    magic = IN_BROWSER.match(source)
    if magic is not None:
        script = "html" not in magic[0].lower() and "svg" not in magic[0].lower()
        yield TextView(
            text=_wrapped(source[magic.end() :], script=script),
            origin=f"notebook:cell-{number} magic",
        )
    elif _SHOWS.search(source) and _MARKED.search(_wrapped(source, script="script(" in source)):
        text = _wrapped(source, script="script(" in source)
        yield TextView(text=text, origin=f"notebook:cell-{number} output")
    for output in _listed(cell.get("outputs")):
        data = output.get("data", output) if isinstance(output, dict) else None
        if isinstance(data, dict):
            yield from _of_output(number, data)


def _of_widgets(document: Mapping[str, Any]) -> Iterator[Item]:
    """Yield texts of widgets that a page would render."""
    stack: list[object] = []
    told = document.get("metadata")
    if isinstance(told, dict) and isinstance(told.get("widgets"), dict):
        stack.append(told["widgets"])
    for _ in range(MAX_WIDGETS):
        if not stack:
            return
        part = stack.pop()
        if isinstance(part, dict | list):
            stack += part.values() if isinstance(part, dict) else part
        elif isinstance(part, str) and _MARKED.search(part):
            yield TextView(text=part[:MAX_TEXT], origin="notebook:widget output")


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
