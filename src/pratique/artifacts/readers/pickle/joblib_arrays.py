"""Arrays that joblib writes raw between two opcodes (joblib/numpy_pickle.py, `write_array`).

After the BUILD of a `NumpyArrayWrapper` come, for a plain type, a byte that counts padding, the
padding and the array's bytes; for an object array a whole pickle.
"""

from collections.abc import Sequence
from math import prod

from pratique.artifacts.readers.pickle.machine import Machine
from pratique.artifacts.readers.pickle.values import Box, Ref, Result, Value
from pratique.core.errors import MalformedError

WRAPPER = "joblib.numpy_pickle.NumpyArrayWrapper"
_WIDTHS = {"b1": 1, "?": 1, "O": 0, "O8": 0}


class InlineArray:
    """Bytes `start` to `end` hold an array of `dtype` and `shape`, or (`dtype` `O`) a pickle."""

    __slots__ = ("dtype", "end", "shape", "start")

    def __init__(self, start: int, end: int, dtype: str, shape: tuple[int, ...]) -> None:
        self.start, self.end, self.dtype, self.shape = start, end, dtype, shape

    @property
    def word(self) -> str:
        """Return the word for the type of an element: `f64`, or `v16` for what is no number."""
        kind, digits = self.dtype[:1], self.dtype[1:]
        if kind in "fiuc" and digits.isdecimal():
            return f"{kind}{int(digits) * 8}"
        if self.dtype in ("b1", "?"):
            return "bool"
        return f"v{(self.end - self.start) // max(1, prod(self.shape))}"


def inline_array(m: Machine) -> InlineArray | None:
    """Return the array that follows the BUILD just done, if it was a wrapper's.

    Raises:
        MalformedError: the wrapper's own words do not say how long the array is.

    """
    target = m.top()
    if not isinstance(target, Result) or not isinstance(target.state, Box):
        return None
    if not isinstance(target.callee, Ref) or str(target.callee) != WRAPPER:
        return None
    state = target.state
    shape, (dtype, width) = state.get("shape"), _dtype(m.resolved(state.get("dtype")))
    if dtype == "O":
        return InlineArray(m.offset, m.offset, "O", ())
    if not _is_shape(shape) or not width:
        raise MalformedError("an array inside the pickle does not say how long it is", m.at)
    sizes = tuple(int(n) for n in shape if isinstance(n, int)) if isinstance(shape, tuple) else ()
    start = m.offset
    if state.get("numpy_array_alignment_bytes") is not None:
        start += 1 + int.from_bytes(m.blob.read(start, 1), "little")
    end = start + prod(sizes) * width
    if end > m.blob.size:
        raise MalformedError("an array inside the pickle does not fit into the file", m.at)
    return InlineArray(start, end, dtype, sizes)


def _is_shape(shape: Value) -> bool:
    return isinstance(shape, tuple) and all(type(n) is int and 0 <= n < 1 << 48 for n in shape)


def _dtype(value: Value) -> tuple[str, int]:
    """Return a numpy dtype's word and width; a width of 0 is unknown."""
    if not isinstance(value, Result) or not isinstance(value.args, tuple) or not value.args:
        return "", 0
    word = value.args[0]
    state = value.state
    if isinstance(state, tuple) and _has_objects(state):
        return "O", 0
    if isinstance(state, tuple) and len(state) > 5 and _width(state) > 0:  # noqa: PLR2004 - numpy's dtype state
        return f"V{_width(state)}", _width(state)
    if str(value.callee).endswith("._convert_to_stringdtype_kwargs"):
        return "O", 0
    if not isinstance(word, str):
        return "", 0
    if word[:1] == ">" or (isinstance(state, tuple) and state[1:2] == (">",)):
        word = f"V{word.lstrip('<>=|')[1:]}"  # not in this machine's order: no numbers to judge
    word = word.lstrip("<>=|")
    if word in _WIDTHS:
        return ("O" if word[0] == "O" else word), _WIDTHS[word]
    digits = word[1:]
    return word, int(digits) if digits.isdecimal() and len(digits) < 9 else 0  # noqa: PLR2004 - no element is longer


def _has_objects(state: Sequence[Value]) -> bool:
    """Tell whether a type has Python objects in it: joblib then writes a pickle, not the bytes.

    The last word of a dtype's state are its flags; 1 is NPY_ITEM_REFCOUNT (numpy/ndarraytypes.h).
    """
    flags = state[7] if len(state) > 7 else 0  # noqa: PLR2004 - numpy's dtype state
    return isinstance(flags, int) and bool(flags & 1)


def _width(state: Sequence[Value]) -> int:
    width = state[5]
    return width if isinstance(width, int) else 0
