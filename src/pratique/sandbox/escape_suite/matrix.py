"""The matrix of attempts and tiers: kept as JSON, written as a page, compared with the last one."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pratique.sandbox.escape_suite.verdict import Promise, Result, Verdict

CONTROL = "control"
_WORDS = {Verdict.CONTAINED: "held", Verdict.OPEN: "**open**", Verdict.NOT_APPLICABLE: "n/a"}
_SAYS_MOST = 70

Cells = Mapping[str, Mapping[str, Sequence[str]]]
"""By column, by attempt: the verdict and what it rests on."""


def cells(columns: Mapping[str, Sequence[Result]]) -> dict[str, dict[str, list[str]]]:
    """Return the results as they are kept."""
    return {
        column: {r.attempt: [str(r.verdict), r.says] for r in results}
        for column, results in columns.items()
    }


def dumps(found: Cells, about: Mapping[str, Any]) -> str:
    """Return the matrix as it is committed: one line an attempt, so that a change is seen."""
    lines = ["{", f' "about": {json.dumps(dict(about))},', ' "columns": {']
    for n, (column, rows) in enumerate(found.items()):
        lines.append(f"  {json.dumps(column)}: {{")
        body = [f"   {json.dumps(name)}: {json.dumps(list(cell))}" for name, cell in rows.items()]
        lines.append(",\n".join(body))
        lines.append("  }" + ("," if n + 1 < len(found) else ""))
    return "\n".join([*lines, " }", "}"]) + "\n"


def worse(before: Cells, now: Cells) -> Iterator[str]:
    """Say which cells got worse: open and not open before, or gone; the control is no tier.

    An attempt that is new may not be open either. A column that was not run now is left out.
    """
    for column, rows in now.items():
        if column == CONTROL:
            continue
        old = before.get(column, {})
        for name, (verdict, says) in rows.items():
            if verdict == Verdict.OPEN and old.get(name, [""])[0] != Verdict.OPEN:
                yield f"{column}: {name} is open: {says}"
            elif (
                verdict == Verdict.NOT_APPLICABLE
                and old.get(name, [verdict])[0] == Verdict.CONTAINED
            ):
                yield f"{column}: {name} was contained and is not tried any more: {says}"
        for name in old.keys() - rows.keys():
            yield f"{column}: {name} is not made any more"


def counts(rows: Mapping[str, Sequence[str]]) -> dict[Verdict, int]:
    """Return how many cells of a column have each verdict."""
    return {v: sum(1 for cell in rows.values() if cell[0] == v) for v in Verdict}


# --- the page --------------------------------------------------------------------------------


def page(
    found: Cells, promises: Sequence[Promise], about: Mapping[str, Any], missing: Mapping[str, str]
) -> str:
    """Return the page of the matrix; `missing` are tiers that were not tried, and why."""
    parts = [_head(found, promises, about, missing)]
    for group in dict.fromkeys(p.group for p in promises):
        parts.append(f"## {group.replace('_', ' ').capitalize()}\n")
        parts.append(_table(found, [p for p in promises if p.group == group]))
    parts.append(_rest(found))
    return "\n".join(parts)


def _head(
    found: Cells, promises: Sequence[Promise], about: Mapping[str, Any], missing: Mapping[str, str]
) -> str:
    rows = ["| column | contained | open | not applicable |", "|---|---|---|---|"]
    for column, cells_of in found.items():
        n = counts(cells_of)
        first = f"{n[Verdict.CONTAINED]} | {n[Verdict.OPEN]} | {n[Verdict.NOT_APPLICABLE]}"
        rows.append(f"| {column} | {first} |")
    told = [f"`{name}` was not tried here: {why}" for name, why in missing.items()]
    untried = "\n\n".join([*told, ""]) if told else ""
    return f"""# The escape suite: {len(promises)} attempts to get out

Written by `make escape` on {about["date"]}, {about["system"]}, as {about["user"]}. Do not edit.

{chr(10).join(rows)}

{untried}Each attempt states what containment means for it and is made inside each tier, with real
targets outside: listeners on the loopback, canary files and variables, a process, shared memory, a
supervisor. What is seen outside decides wherever that is possible; the kernel's answer inside
decides the rest. What is not known counts as open. `held` is contained; `n/a` happened to a kernel
of the inmate's own, where it is neither an escape nor a proof.

The **control** makes the same attempts with no sandbox, in a network and user namespace of its own,
asked by a supervisor that trusts everybody. An attempt that is open there is proven to be real; one
that is refused there too is refused by the kernel to every ordinary user, or aims at something that
this machine has not (a GPU, a container engine), and its cell proves less.

Workers that only read (the static scan) are held by more than tier 1; their 100 attempts are in
[jail.md](jail.md).

## What the suite does not test

* Mistakes in the kernel, in the hypervisor or in the hardware: no attempt exploits one. The suite
  shows that the doors are shut, not that the walls are thick; a smaller kernel surface helps there.
* Side channels between inmates: caches, memory bandwidth, timing, power, and the page cache of
  files that several are shown.
* Telling that one is in a sandbox: that is no escape.
* What leaves through the answers themselves: an inmate may say anything in its frames.
"""


def _table(found: Cells, promises: Sequence[Promise]) -> str:
    columns = list(found)
    lines = [
        "| attempt | containment means | " + " | ".join(columns) + " |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for one in promises:
        row = [_cell(found[c].get(one.name), control=c == CONTROL) for c in columns]
        lines.append(f"| `{one.name}` | {_plain(one.contained)} | " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def _cell(cell: Sequence[str] | None, *, control: bool) -> str:
    if cell is None:
        return "-"
    if control:
        return "open" if cell[0] == Verdict.OPEN else "refused"
    return _WORDS[Verdict(cell[0])]


def _rest(found: Cells) -> str:
    """Tell every cell that is not contained, with what it rests on."""
    lines = ["## Cells that are not contained, and why\n"]
    for column, rows in found.items():
        if column == CONTROL:
            continue
        told = [(name, cell) for name, cell in rows.items() if cell[0] != Verdict.CONTAINED]
        lines += [
            f"* {column}, `{name}`: {cell[0]}: {_plain(cell[1])[:_SAYS_MOST]}"
            for name, cell in told
        ]
    return "\n".join(lines if len(lines) > 1 else [*lines, "None."]) + "\n"


def _plain(text: str) -> str:
    """Return text that Markdown leaves alone inside a table."""
    return "".join(c if c.isprintable() else "?" for c in text).replace("|", "/").replace("<", "(")
