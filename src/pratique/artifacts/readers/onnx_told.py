"""What an ONNX model tells of itself, gathered message by message and bounded."""

from dataclasses import dataclass, field

from pratique.core.fact import Json

MAX_ROWS = 1_000
"""Distinct operators, operator sets, functions and metadata that are kept, each."""
MAX_PAIRS = 64
MAX_SHOWN = 300
MAX_PATH = 4_096
"""The longest path that Linux opens."""
MAX_OUTSIDE = 20_000
"""Distinct external files: some exporters write one for each tensor."""
_KEYS = ("location", "offset", "length", "checksum", "basepath")
"""What the format has a tensor say of its external data."""


@dataclass(slots=True)
class Frame:
    """A message that is being walked: where it stands, and what it has said so far."""

    kind: str
    at: int
    end: int
    texts: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    inputs: int = 0


@dataclass(slots=True)
class _Operator:
    count: int = 0
    without_inputs: int = 0


@dataclass(slots=True)
class Told:
    """Gathers; `lost` counts distinct rows that there was no room for."""

    model: Frame | None = None
    opsets: list[Json] = field(default_factory=list)
    metadata: list[Json] = field(default_factory=list)
    functions: list[Json] = field(default_factory=list)
    lost: int = 0
    _operators: dict[tuple[str, str], _Operator] = field(default_factory=dict)
    _external: dict[tuple[str, tuple[str, ...]], tuple[str, int, int]] = field(default_factory=dict)

    def closed(self, frame: Frame, parent: Frame | None) -> None:
        """Take what a message has said, now that it is whole."""
        match frame.kind:
            case "pair" if parent is not None:
                self._pair(frame, parent)
            case "tensor" if frame.pairs:
                self._outside(frame)
            case "node":
                self._operator(frame)
            case "opset" if parent is not None and parent.kind == "model":
                row: Json = [frame.texts.get("domain", ""), frame.numbers.get("version", 0)]
                self._keep(self.opsets, row)
            case "function":
                self._keep(self.functions, _name(frame))
            case "model":
                self.model = frame
            case _:
                pass

    def data(self) -> Json:
        """Return the fact's data.

        `ops` are [domain, type, how many, how many of them without an input]; `external_data` are
        [first tensor, location, further keys, how many tensors, the furthest end].
        """
        texts = self.model.texts if self.model else {}
        numbers = self.model.numbers if self.model else {}
        shown: dict[str, Json] = {
            word: texts.get(word, "")[:MAX_SHOWN]
            for word in ("producer_name", "producer_version", "domain")
        }
        ops: list[Json] = [
            [domain, kind, op.count, op.without_inputs]
            for (domain, kind), op in self._operators.items()
        ]
        external: list[Json] = [
            [tensor, location, list(keys), count, end]
            for (location, keys), (tensor, count, end) in self._external.items()
        ]
        return {
            **shown,
            "ir_version": numbers.get("ir_version", 0),
            "model_version": numbers.get("model_version", 0),
            "opset_import": self.opsets,
            "metadata_props": self.metadata,
            "functions": self.functions,
            "ops": ops,
            "external_data": external,
            "lost": self.lost,
        }

    def _pair(self, frame: Frame, parent: Frame) -> None:
        key, value = frame.texts.get("key", ""), frame.texts.get("value", "")
        if parent.kind == "model":
            self._keep(self.metadata, [key[:MAX_SHOWN], value[:MAX_SHOWN]])
        elif len(parent.pairs) < MAX_PAIRS:
            parent.pairs.append((key, value))
        else:
            self.lost += 1

    def _outside(self, tensor: Frame) -> None:
        """Note where a tensor's data lies: every place, where it names several."""
        further = tuple(key[:MAX_SHOWN] for key, _ in tensor.pairs if key not in _KEYS)
        told = dict(tensor.pairs)
        end = _number(told.get("offset")) + _number(told.get("length"))
        for location in [v for k, v in tensor.pairs if k == "location"] or [""]:
            self.lost += len(location) > MAX_PATH
            row = (location[:MAX_PATH], further)
            first, count, furthest = self._external.get(row, (_name(tensor), 0, 0))
            if row in self._external or len(self._external) < MAX_OUTSIDE:
                self._external[row] = (first, count + 1, max(furthest, end))
            else:
                self.lost += 1

    def _operator(self, node: Frame) -> None:
        key = (node.texts.get("domain", "")[:100], node.texts.get("op_type", "")[:100])
        if key not in self._operators and len(self._operators) >= MAX_ROWS:
            self.lost += 1
            return
        op = self._operators.setdefault(key, _Operator())
        op.count += 1
        op.without_inputs += not node.inputs

    def _keep(self, rows: list[Json], row: Json) -> None:
        if len(rows) < MAX_ROWS:
            rows.append(row)
        else:
            self.lost += 1


def _name(frame: Frame) -> str:
    return frame.texts.get("name", "")[:MAX_SHOWN]


def _number(text: str | None) -> int:
    """Return a decimal number that fits into 64 bits, 0 for all else."""
    plain = text is not None and text.isascii() and text.isdigit() and len(text) <= 18  # noqa: PLR2004 - digits of 2**62
    return int(text) if text is not None and plain else 0
