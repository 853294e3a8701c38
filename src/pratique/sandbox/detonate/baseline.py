"""What loaders do by themselves, learnt per loader and version: it is not held against models.

A baseline is the set of event keys that an honest reference model left, under two conditions. In a
key, places that differ from machine to machine are named (`{python}`, `{home}`), and only reading
is ever widened to a whole tree, and the hub's cache of copied modules. An exec, a connect, another
written file is expected exactly as it was seen.
"""

import functools
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from pratique.core.errors import BugError
from pratique.core.trace import Event

FORMAT = 1
MOST_BYTES = 4 << 20
BEFORE = frozenset({"start", "import"})
"""Phases in which the model has not been opened: what happens there is not its doing."""

_SYSTEM = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/sys/devices/system", "/etc/localtime")
_TREES = ("{python}", "{system}", "{model}")
_CACHES = ("{home}/.cache/huggingface/hub", "{home}/.cache/huggingface/modules")
"""Where loaders keep copies under names of their own; the token beside them is none of these."""
_LOOKING = ("open", "dlopen")
_MEASURED = ("/proc/cpuinfo", "/proc/stat", "/proc/meminfo")
"""What numeric libraries look at before they choose their threads, at whatever moment that is."""
_RANDOM = re.compile(
    r"(?<=[/_.-])(?:tmp[a-z0-9_]{8}|sem\.mp-\w{8}|sem\.\w{6}|[0-9a-f]{8,}|\d+)(?=[/_.-]|$)"
)
_NUMBER = re.compile(r"\d+")
_DROPPED = ("size", "preview", "flags")


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lay inside, as the guest told before it saw the model.

    With `reference` the model was the loader's own, in a folder of the temporary one. Anything that
    a foreign model puts there is its doing.
    """

    python: tuple[str, ...] = ()
    home: str = "/home"
    tmp: str = "/tmp"  # noqa: S108 - inside the sandbox, where it is a tmpfs of its own
    model: str = "/model"
    reference: bool = False

    def named(self, path: str) -> str:
        """Return a path with the place that it lies in replaced by its name."""
        for name, roots in self._roots():
            for root in roots:
                if path == root or path.startswith(root.rstrip("/") + "/"):
                    return name + path[len(root.rstrip("/")) :]
        return path

    def _roots(self) -> Iterable[tuple[str, tuple[str, ...]]]:
        yield "{model}", (self.model, *([f"{self.tmp}/reference"] if self.reference else []))
        yield "{python}", tuple(root for root in self.python if root not in ("/usr", "/"))
        yield "{home}", (self.home,)
        yield "{tmp}", (self.tmp,)
        yield "{system}", _SYSTEM


@dataclass(frozen=True, slots=True)
class Baseline:
    """The event keys that one loader in one set of versions leaves; `origin` says whence known."""

    loader: str
    version: str
    keys: frozenset[str]
    origin: str

    @property
    def name(self) -> str:
        """Return what a receipt says of it."""
        return f"{self.loader}@{self.version}, {self.origin}"

    def explains(self, event: Event, places: Places) -> bool:
        """Tell whether an event is the loader's own: it came before the model, or is expected."""
        if event.phase in BEFORE:
            return True
        key = event_key(event, places)
        return key in self.keys or _ordinary(event, key)


def event_key(event: Event, places: Places) -> str:
    """Return what two events have in common when they are the same in another run."""
    words = [event.source] if event.source != "kernel" else []
    for word, text in event.detail:
        if word not in _DROPPED:
            words.append(f"{word}={_general(event, text, places)}")
    return " ".join([event.call, *words])


def learn(events: Iterable[tuple[Event, Places]]) -> frozenset[str]:
    """Return the keys of all events of reference runs that came with or after the model."""
    keys = set()
    for event, places in events:
        if event.phase not in BEFORE:
            key = event_key(event, replace(places, reference=True))
            if not _ordinary(event, key):
                keys.add(key)
    return frozenset(keys)


class Baselines:
    """The shipped baselines, and those learnt on this machine in `cache`."""

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = cache
        self._learnt: dict[tuple[str, str], Baseline] = {}

    def find(self, loader: str, version: str) -> Baseline | None:
        """Return the baseline of a loader in exactly these versions; None if nobody learnt it."""
        known = self._learnt.get((loader, version))
        return known or self._shipped(loader, version) or self._cached(loader, version)

    def keep(self, loader: str, version: str, keys: frozenset[str]) -> Baseline:
        """Remember a baseline that was just learnt, also for later runs where there is a cache."""
        found = Baseline(loader, version, keys, "learnt here")
        self._learnt[loader, version] = found
        if self._cache is not None:
            held = _read(self._cache / f"{loader}.json")
            write(self._cache / f"{loader}.json", loader, {**held, version: sorted(keys)})
        return found

    def _shipped(self, loader: str, version: str) -> Baseline | None:
        held = _parse((_PACKAGE / f"{loader}.json"), loader)
        return _made(loader, version, held, "shipped")

    def _cached(self, loader: str, version: str) -> Baseline | None:
        if self._cache is None:
            return None
        return _made(loader, version, _read(self._cache / f"{loader}.json"), "learnt here")


_GUEST = Path(str(resources.files("pratique.sandbox.guest")))
_PACKAGE = Path(str(resources.files("pratique.sandbox.detonate"))) / "baselines"


def shipped_folder() -> Path:
    """Return the folder of the baselines that come with the package."""
    return _PACKAGE


def write(path: Path, loader: str, versions: Mapping[str, Iterable[str]]) -> None:
    """Write the baselines of a loader as a file, whole or not at all."""
    body = {
        "format": FORMAT,
        "loader": loader,
        "guest": guest_digest(),
        "versions": {version: sorted(keys) for version, keys in sorted(versions.items())},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as made:
        json.dump(body, made, indent=1)
        made.write("\n")
    Path(made.name).chmod(0o644)
    Path(made.name).replace(path)


@functools.cache
def guest_digest() -> str:
    """Return a digest of the programs that load models: with others, baselines are learnt anew."""
    found = hashlib.sha256()
    for path in [*sorted(_GUEST.glob("loaders/*.py")), _GUEST / "detonator.py"]:
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def _parse(path: Path, loader: str) -> dict[str, list[str]]:
    if not path.is_file():
        return {}
    body = json.loads(path.read_text())
    if body.get("format") != FORMAT or body.get("loader") != loader:
        raise BugError(f"{path}: is no baseline of {loader!r} in format {FORMAT}")
    return dict(body["versions"]) if body["guest"] == guest_digest() else {}


def _read(path: Path) -> dict[str, list[str]]:
    """Return a cached file's baselines; one that is not well-formed is learnt anew."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        return _parse(path, path.stem)
    except (OSError, ValueError, KeyError, AttributeError, BugError):
        return {}


def _made(loader: str, version: str, held: Mapping[str, list[str]], origin: str) -> Baseline | None:
    keys = held.get(version)
    return None if keys is None else Baseline(loader, version, frozenset(keys), origin)


def _ordinary(event: Event, key: str) -> bool:
    """Tell whether it is what any loading does: read the model and libraries, start threads."""
    if event.call == "thread" and not event.detail:
        return True
    if event.call not in _LOOKING or event.word("mode") not in ("read", ""):
        return False
    if event.word("path") in _MEASURED:
        return True
    return any(f"path={tree}/**" in key for tree in _trees(event))


def _trees(event: Event) -> tuple[str, ...]:
    """Return where any file may be read; code of the model itself is not any file."""
    return _TREES if event.call == "open" else tuple(t for t in _TREES if t != "{model}")


def _general(event: Event, text: str, places: Places) -> str:
    if event.call == "audit" and ", " in text:
        return ", ".join(_general(event, part, places) for part in text.split(", "))
    path = places.named(os.path.normpath(text)) if text.startswith("/") else text
    if event.call in _LOOKING and event.word("mode") in ("read", ""):
        for tree in _trees(event):
            if path == tree or path.startswith(tree + "/"):
                return f"{tree}/**"
        path = re.sub(r"^/proc/\d+/", "/proc/{n}/", path)
        path = _NUMBER.sub("{n}", path) if path.startswith(("/sys/", "/proc/")) else path
    for cache in _CACHES:
        if path.startswith(cache + "/"):
            return f"{cache}/**"
    if path.startswith(("{tmp}", "/dev/shm")):  # noqa: S108 - names there are drawn at random
        return _RANDOM.sub("{x}", path)
    return path
