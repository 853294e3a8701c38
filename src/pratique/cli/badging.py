"""`pratique keys init`, `pratique badge` and `pratique verify`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from pratique.artifacts.sources.opening import open_source
from pratique.attest.statement import (
    DAYS,
    FAILED,
    INCOMPLETE,
    MAX_DAYS,
    PASSED,
    WARNED,
    denies_from,
)
from pratique.attest.verify import Check, NotVerifiedError, Verification
from pratique.cli import intended
from pratique.cli.databases import Folder
from pratique.cli.options import (
    Conditions,
    DeepToo,
    ExpectDigest,
    Python,
    RunDeadline,
    RunTotal,
    Signature,
    SignedBy,
    TierName,
    Vex,
    Waivers,
)
from pratique.cli.progress import HASHING, watched
from pratique.cli.reports.safe import plain
from pratique.cli.runs import Runs
from pratique.cli.scanning import statements
from pratique.cli.trouble import told as told_of
from pratique.core.errors import PratiqueError, UsageError
from pratique.core.verdict import Decision, Verdict
from pratique.flows import keys as keyring
from pratique.flows.asked import Asked
from pratique.flows.badge import badge as make_badge
from pratique.flows.verify import Demand
from pratique.flows.verify import verify as check_badge
from pratique.flows.wish import BadgeMade, Wish
from pratique.policy import pack as packs
from pratique.policy import waivers as waiving

GOOD, BAD, UNFINISHED = 0, 1, 3
"""Exit codes: it holds; it does not, or a person has to look; not all was seen. Wrong use is 2."""

_EXITS = {
    Verdict.ADMIT: GOOD,
    Verdict.INCOMPLETE: UNFINISHED,
    Verdict.REVIEW: BAD,
    Verdict.REJECT: BAD,
}
_RESULTS = {PASSED: GOOD, WARNED: GOOD, FAILED: BAD, INCOMPLETE: UNFINISHED}


class Format(StrEnum):
    """How `verify` answers."""

    TEXT = "text"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the commands of this file to the command line."""
    keys = typer.Typer(help="Make the keys that badges are signed with.", no_args_is_help=True)
    keys.command("init")(keys_init)
    app.add_typer(keys, name="keys")
    app.command("badge")(badge)
    app.command("verify")(verify)


def keys_init(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER", help="Where; the user's own folder of keys if not said."),
    ] = None,
    days: Annotated[
        int, typer.Option(metavar="N", min=1, max=3650, help="How many days the keys are good.")
    ] = 365,
) -> None:
    """Make an Ed25519 key for statements, a P-256 key for model.sig, and trust.json.

    Set PRATIQUE_KEY_PASSPHRASE to lock the private keys. Keys are never overwritten.
    """
    where = folder or keyring.default_folder()
    out = Console(soft_wrap=True)
    with _errors():
        made = keyring.init(where, now=datetime.now(UTC), days=days)
    for role, signer in made.items():
        out.print(_line("+", "green", f"{role} key {signer.keyid[:16]}"))
    out.print(_line(" ", "", f"kept in {str(where)!r}; private keys are readable by you alone"))
    out.print(_line(" ", "", f"give {str(where / 'trust.json')!r} to whoever verifies your badges"))


def badge(  # noqa: PLR0913 - each is one option
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="A file, a folder, or hf://ORG/NAME@REVISION.")
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER",
            help="Where the badge goes.",
            show_default="NAME.pratique beside the model",
        ),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Your keys, as `pratique keys init` made them.",
            show_default="the user's own",
        ),
    ] = None,
    policy: Annotated[
        str, typer.Option(metavar="PACK", help="A policy pack: its name, or a YAML file.")
    ] = "default",
    waivers: Waivers = None,
    card: Annotated[
        bool,
        typer.Option("--card", help="First put a section with the badge into the README.md."),
    ] = False,
    days: Annotated[
        int,
        typer.Option(metavar="N", min=1, max=MAX_DAYS, help="How many days the badge is good."),
    ] = DAYS,
    always: Annotated[
        bool, typer.Option("--always", help="Write a statement about a bad result, too.")
    ] = False,
    expect_digest: ExpectDigest = None,
    signed_by: SignedBy = None,
    signature: Signature = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The folder of results and fetched files.",
            show_default="none: everything is read anew",
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", metavar="N", min=1, help="Files read at a time.")
    ] = 2,
    deep: DeepToo = False,
    python: Python = None,
    tier: TierName = None,
    condition: Conditions = None,
    run_deadline: RunDeadline = None,
    run_total: RunTotal = None,
    vex: Vex = None,
    db: Folder = None,
) -> None:
    """Scan a model, decide, and write a signed badge that anyone can verify offline."""
    console = Console(soft_wrap=True)
    with _errors():
        pack = packs.load(policy)
        if waivers:
            pack = pack.with_waivers(waiving.load(waivers))
        runs = Runs.asked(deep, python, tier, condition, (run_deadline, run_total))
        detonator = runs.detonator(pack, cache) if runs else None
        where = keys or keyring.default_folder()
        wish = Wish(keys=where, out=output, card=card, days=days, always=always)
        bars = Console(stderr=True)
        with watched(bars, shown=bars.is_terminal) as watcher:
            asked = Asked(
                jobs=jobs,
                cache=cache,
                expect=intended.expected(expect_digest),
                publisher=intended.publisher(open_source(path), signed_by, signature),
                detonator=detonator,
                advisories=db,
                max_age_days=pack.max_age_days,
                vex=statements(vex),
                watcher=watcher,
            )
            made = make_badge(open_source(path), asked, pack, wish, now=datetime.now(UTC))
    _tell_decision(console, made.decision)
    _tell_badge(console, made)
    raise typer.Exit(_EXITS[made.decision.verdict] or _RESULTS[made.headline.result])


def verify(  # noqa: PLR0913 - each is one option
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="The model: a file or a folder, and no address.")
    ],
    *,
    badge: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="The badge's folder.",
            show_default="NAME.pratique beside the model",
        ),
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Whose signatures count: the trust.json that a signer handed out.",
            show_default="that of your own keys",
        ),
    ] = None,
    policy: Annotated[
        str, typer.Option(metavar="PACK", help="Demand this policy pack, by name or YAML file.")
    ] = "",
    level: Annotated[str, typer.Option(metavar="LEVEL", help="Demand this level.")] = "L1",
    at: Annotated[
        str,
        typer.Option(
            metavar="DAY", help="Verify as of a day, such as 2026-12-31.", show_default="today"
        ),
    ] = "",
    answer: Annotated[
        Format, typer.Option("--format", "-f", metavar="FORMAT", help="text or json.")
    ] = Format.TEXT,
) -> None:
    """Check a badge, offline: trust root, signature, every file, expiry, policy, level."""
    console = Console(soft_wrap=True)
    with _errors():
        demand = Demand(
            trust=trust or keyring.default_folder() / "trust.json",
            at=_day(at),
            badge=badge,
            level=level,
            policy=packs.load(policy) if policy else None,
        )
        try:
            bars = Console(stderr=True)
            with watched(bars, shown=bars.is_terminal, steps=HASHING) as watcher:
                told: Verification | NotVerifiedError = check_badge(path, demand, watcher)
        except NotVerifiedError as e:
            told = e
    if answer is Format.JSON:
        typer.echo(json.dumps(_as_json(told), indent=1))
    else:
        _tell_checks(console, told)
    raise typer.Exit(BAD if isinstance(told, NotVerifiedError) else GOOD)


def _day(text: str) -> datetime:
    if not text:
        return datetime.now(UTC)
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError as e:
        raise UsageError(f"--at: {text!r} is no day such as 2026-12-31") from e


@contextmanager
def _errors() -> Iterator[None]:
    """Turn an error that was raised on purpose into one line and an exit code."""
    try:
        yield
    except PratiqueError as e:
        says, code = told_of(e)
        Console(stderr=True, soft_wrap=True).print(_line("x", "bold red", says))
        raise typer.Exit(code) from e


def _line(mark: str, style: str, words: str) -> Text:
    """Return a line for the terminal; what is hostile in it stays visible and does nothing."""
    return Text.assemble((f"{mark} ", style), plain(words, 1_000))


def _tell_decision(console: Console, decision: Decision) -> None:
    for result in decision.results:
        if not result.held:
            console.print(_line("x", "red", f"{result.id}: {result.reason} -> {result.otherwise}"))
    for waiver in decision.waivers:
        name = f"{waiver.rule or waiver.fingerprint} at {waiver.path}"
        console.print(_line("~", "yellow", f"waived: {name}: {waiver.reason} ({waiver.approver})"))
    for sentence in decision.ignored:
        console.print(_line("!", "yellow", sentence))


def _tell_badge(console: Console, made: BadgeMade) -> None:
    head = made.headline
    style = "bold green" if head.good else "bold red"
    if head.result == FAILED and made.decision.verdict is Verdict.ADMIT:
        least = denies_from(made.decision.threshold).name.lower()
        words = f"the pack admits it, but findings of {least} severity or above remain unwaived"
        console.print(_line("x", style, words))
    if made.folder is None:
        words = f"{head.result}: no badge was written; `pratique scan` tells more"
        console.print(_line("x", style, words))
        return
    words = f"{head.result}, level {head.level}, until {head.expires:%Y-%m-%d}: {made.folder}"
    console.print(_line("+" if head.good else "x", style, words))
    how = "the model was not run" if made.scan.detonation is None else "some stages are absent yet"
    console.print(_line(" ", "", f"L1 is what this version can reach: {how}"))


def _tell_checks(console: Console, told: Verification | NotVerifiedError) -> None:
    for check in told.checks:
        mark, style = ("+", "green") if check.held else ("x", "bold red")
        console.print(_line(mark, style, f"{check.name:<12} {check.says}"))
    if isinstance(told, NotVerifiedError):
        console.print(_line("x", "bold red", f"NOT VALID: {told}"))
        console.print(_line(" ", "", told.hint()))
        return
    until = f"{told.claims.expires:%Y-%m-%d}"
    console.print(_line("+", "bold green", f"VALID: {told.result}, until {until}"))
    for limitation in told.claims.predicate["limitations"]:
        console.print(_line("-", "dim", limitation))


def _as_json(told: Verification | NotVerifiedError) -> dict[str, Any]:
    valid = isinstance(told, Verification)
    return {
        "schemaVersion": 1,
        "valid": valid,
        "result": told.result if isinstance(told, Verification) else None,
        "checks": [_check(check) for check in told.checks],
    }


def _check(check: Check) -> dict[str, Any]:
    return {"name": check.name, "held": check.held, "says": check.says}
