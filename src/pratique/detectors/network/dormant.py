"""Acts that weigh something, and what to compare between conditions."""

import re
from dataclasses import replace
from typing import Final

from pratique.artifacts.traces import CAME_TO_AN_END, DetonationTrace
from pratique.core.trace import Event
from pratique.detectors.network.acts import Act, deed, name_of, said
from pratique.detectors.network.addresses import address_of, is_resolving, is_unix, peer
from pratique.detectors.network.places import VERBS, changed, is_persistent, is_temporary

_SENDS: Final = {"connect": "connects to", "sendto": "sends to", "received": "sends to"}
_LISTENS: Final = frozenset({"bind", "listen", "accept"})
_RANDOM: Final = re.compile(r"[0-9a-z_]{8,}|\d+", re.IGNORECASE)


def grave(word: str, event: Event) -> tuple[str, str] | None:
    """Return what an event amounts to if it acts on the world, None for one that only looks.

    Numbers and random names are left out, so that the same act in another run is the same.
    """
    if word in _SENDS and address_of(event) and not (is_unix(event) or is_resolving(event)):
        return "connect", event.word("name") or address_of(event)
    if word in _LISTENS:
        return "listen", "unix" if is_unix(event) else "port"
    if word == "dns":
        return (word, name_of(event)) if name_of(event) else None
    if word == "execve":
        return word, event.word("path") or _RANDOM.sub("*", said(event, "argv"))
    if word in {"fork", "kill"}:
        return None if event.word("target") == "self" else (word, "")
    if word in {"kernel", "socket"}:
        return None if is_plain(word, event) else (word, said(event, "name", "family"))
    return _lasting(word, event)


def is_plain(word: str, event: Event) -> bool:
    """Tell whether a socket is of a kind that programs use every day."""
    families, kinds = {"inet", "inet6", "unix"}, {"stream", "dgram", ""}
    return word == "socket" and event.word("family") in families and event.word("type") in kinds


def _lasting(word: str, event: Event) -> tuple[str, str] | None:
    path = changed(word, event)
    if path and not is_temporary(path):
        return "write", path if is_persistent(path) else _RANDOM.sub("*", path)
    return None


def weighty(event: Event) -> bool:
    """Tell whether an act is one that no loader has a reason for, under any condition."""
    return deed(event) not in {"fork", "kill", *VERBS}


def described(event: Event) -> str:
    """Return an act in words, without what differs from run to run."""
    word = deed(event)
    if word in _SENDS:
        return f"{_SENDS[word]} {peer(event)}"
    if word in _LISTENS:
        return "waits for connections"
    if word in VERBS:
        return f"{VERBS[word]} {changed(word, event)[:200]!r}"
    told = {
        "dns": f"asks for the name {name_of(event)[:100]!r}",
        "execve": f"runs {said(event, 'argv', 'path')[:120]!r}",
        "fork": "starts a process",
        "kill": "sends a signal to a process",
        "kernel": f"asks for {said(event, 'name')}",
        "socket": f"asks for a socket of family {event.word('family')}",
    }
    return told.get(word, word)


def ended(view: DetonationTrace) -> DetonationTrace:
    """Return a view of those runs that came to their end whole: only these can be compared."""
    runs = tuple(r for r in view.runs if r.ending in CAME_TO_AN_END and not r.cut)
    return replace(view, detonation=replace(view.detonation, runs=runs))


def pair(act: Act) -> tuple[str, str]:
    """Return the loader and the file of an act."""
    return act.run.loader, act.run.target
