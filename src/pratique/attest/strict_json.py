"""JSON and base64 without surprises, and a small way to say what shape is expected."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from pratique.core.errors import EvidenceError

MAX_VALUES: Final = 4_000_000
"""Commas, brackets and braces that one document may hold: values cost far more than bytes."""


def parse(body: bytes, what: str, most: int) -> Any:  # noqa: ANN401 - `conform` tells the shape
    """Return the JSON value in `body`: no duplicate keys, no fractions, no NaN, real Unicode.

    Raises:
        EvidenceError: it is longer than `most` bytes, or no such JSON.

    """
    if len(body) > most:
        raise EvidenceError(f"{what}: {len(body)} bytes or more; {most} is the most")
    if sum(body.count(mark) for mark in b",[{") > MAX_VALUES:
        raise EvidenceError(f"{what}: more than {MAX_VALUES} values")
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_once,
            parse_constant=_refuse,
            parse_float=_refuse,
        )
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as e:
        raise EvidenceError(f"{what}: not the JSON it should be: {e}"[:300]) from e
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) != len(pairs):
        raise ValueError("a key is there twice")
    return told


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word[:20]} is no number we use")


def unbase64(text: str, what: str) -> bytes:
    """Return the bytes of a base64 text that has exactly one spelling.

    Raises:
        EvidenceError: it is not base64, or not in its canonical spelling.

    """
    try:
        body = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as e:
        raise EvidenceError(f"{what}: not base64") from e
    if base64.b64encode(body).decode() != text:
        raise EvidenceError(f"{what}: base64 in a spelling of its own")
    return body


@dataclass(frozen=True, slots=True)
class Of:
    """A leaf of a shape: what it is called, and how to tell it."""

    name: str
    test: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping with any keys that pass a test, and values of one shape."""

    key: Of
    value: Any


@dataclass(frozen=True, slots=True)
class OrNone:
    """A shape, or null."""

    shape: Any


def conform(value: Any, shape: Any, what: str) -> None:  # noqa: ANN401 - any JSON
    """Make sure that `value` has `shape`: exact keys, lists of one shape, leaves that pass.

    A shape is a mapping (exactly these keys), a list of one shape, `Of`, `MapOf`, `OrNone`, or a
    constant.

    Raises:
        EvidenceError: it has not; the message tells where.

    """
    _CHECKS.get(type(shape), _constant)(value, shape, what)


def _object(value: Any, shape: Mapping[str, Any], what: str) -> None:  # noqa: ANN401 - any JSON
    _keys(value, shape, what)
    for key, inner in shape.items():
        conform(value[key], inner, f"{what}.{key}")


def _list(value: Any, shape: list[Any], what: str) -> None:  # noqa: ANN401 - any JSON
    _is(isinstance(value, list), what, "a list")
    for n, item in enumerate(value):
        conform(item, shape[0], f"{what}[{n}]")


def _map(value: Any, shape: MapOf, what: str) -> None:  # noqa: ANN401 - any JSON
    _is(isinstance(value, dict), what, "an object")
    for key, item in value.items():
        _is(shape.key.test(key), what, f"keyed by {shape.key.name}")
        conform(item, shape.value, f"{what}.{key}")


def _or_none(value: Any, shape: OrNone, what: str) -> None:  # noqa: ANN401 - any JSON
    if value is not None:
        conform(value, shape.shape, what)


def _leaf(value: Any, shape: Of, what: str) -> None:  # noqa: ANN401 - any JSON
    _is(shape.test(value), what, shape.name)


def _constant(value: Any, shape: Any, what: str) -> None:  # noqa: ANN401 - any JSON
    _is(type(value) is type(shape) and value == shape, what, repr(shape))


_CHECKS: Final[dict[type, Callable[[Any, Any, str], None]]] = {
    dict: _object,
    list: _list,
    MapOf: _map,
    OrNone: _or_none,
    Of: _leaf,
}


def _keys(value: Any, shape: Mapping[str, Any], what: str) -> None:  # noqa: ANN401 - any JSON
    _is(isinstance(value, dict), what, "an object")
    odd = sorted(set(value) ^ set(shape))
    _is(not odd, what, f"exact in its keys: {odd[:1]} is missing or too much")


def _is(held: bool, what: str, name: str) -> None:  # noqa: FBT001 - read as a sentence
    if not held:
        raise EvidenceError(f"{what}: is not {name}")


def _moment(value: Any) -> bool:  # noqa: ANN401 - any JSON
    try:
        return (
            isinstance(value, str)
            and len(value) <= len("2026-01-01T00:00:00Z")
            and bool(when(value))
        )
    except ValueError:
        return False


def when(text: str) -> datetime:
    """Return the moment that a text such as `2026-11-23T10:00:00Z` names."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def moment(at: datetime) -> str:
    """Return a moment as statements spell it: UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def one_of(*words: str) -> Of:
    """Return the shape of a text that is one of `words`."""
    return Of("one of " + ", ".join(words), lambda v: isinstance(v, str) and v in words)


def _matches(name: str, pattern: str) -> Of:
    fits = re.compile(pattern).fullmatch
    return Of(name, lambda v: isinstance(v, str) and fits(v) is not None)


def text(most: int, least: int = 0) -> Of:
    """Return the shape of a text of `least` to `most` characters."""
    name = f"a text of {least} to {most} characters"
    return Of(name, lambda v: isinstance(v, str) and least <= len(v) <= most)


TEXT: Final = text(4_000)
BOOL: Final = Of("true or false", lambda v: isinstance(v, bool))
COUNT: Final = Of("a count", lambda v: type(v) is int and 0 <= v < 1 << 63)
HEX: Final = _matches("64 hex digits", "[0-9a-f]{64}")
DIGEST: Final = _matches("a sha256: digest", "sha256:[0-9a-f]{64}")
MOMENT: Final = Of("a moment such as 2026-11-23T10:00:00Z", _moment)
