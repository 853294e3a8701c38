"""What an ONNX model says of the files that its tensors lie in.

External data: https://github.com/onnx/onnx/blob/main/docs/ExternalData.md
"""

from dataclasses import dataclass, field

from pratique.artifacts.laid import MAX_DIMS, MAX_FILES, MAX_NAME, MAX_ROWS, REST
from pratique.artifacts.readers.onnx_told import Frame
from pratique.artifacts.readers.tensor_layout import bytes_of
from pratique.core.fact import Json

TYPES = {
    1: "f32", 2: "u8", 3: "i8", 4: "u16", 5: "i16", 6: "i32", 7: "i64", 9: "bool", 10: "f16",
    11: "f64", 12: "u32", 13: "u64", 14: "c64", 15: "c128", 16: "bf16", 17: "f8_e4m3",
    18: "f8_e4m3fnuz", 19: "f8_e5m2", 20: "f8_e5m2fnuz", 21: "u4", 22: "i4", 23: "f4",
    24: "f8_e8m0",
}  # fmt: skip
"""`TensorProto.DataType`, in the words used here; a type that is left out is shown as bytes."""
_DIGITS = 18


@dataclass(slots=True)
class LaidFiles:
    """Gathers the tensors of each file; a file with more than are kept is not told of at all."""

    _files: dict[str, list[Json]] = field(default_factory=dict)
    _over: set[str] = field(default_factory=set)

    def closed(self, frame: Frame) -> None:
        """Take a tensor that is whole, where it says that its values lie elsewhere."""
        if frame.kind != "tensor" or not frame.pairs:
            return
        told = dict(frame.pairs)
        where = told.get("location", "")
        if not where or where in self._over:
            return
        rows = self._files.setdefault(where, [])
        if len(rows) >= MAX_ROWS or len(self._files) > MAX_FILES:
            self._over.add(where)
            del self._files[where]
            return
        rows.append(_row(frame, told))

    def data(self) -> Json:
        """Return the fact's data, None where no file is told of."""
        files: dict[str, Json] = {name: rows for name, rows in self._files.items() if rows}
        return {"ending": "", "files": files} if files else None


def _row(frame: Frame, told: dict[str, str]) -> Json:
    shape = [int(n) for n in frame.many.get("dims", ())]
    dtype = TYPES.get(int(frame.numbers.get("data_type", 0)), "u8")
    need = bytes_of(dtype, tuple(shape)) if all(n >= 0 for n in shape) else None
    size = _number(told.get("length", ""), REST if need is None else need)
    if size != need or len(shape) > MAX_DIMS:
        dtype, shape = "u8", [max(0, size)]
    name = frame.texts.get("name", "")[:MAX_NAME]
    return [name, dtype, [*shape], _number(told.get("offset", ""), 0), size]


def _number(text: str, otherwise: int) -> int:
    """Return a decimal number that fits into 62 bits, `otherwise` for all else."""
    plain = text.isascii() and text.isdigit() and len(text) <= _DIGITS
    return int(text) if plain else otherwise
