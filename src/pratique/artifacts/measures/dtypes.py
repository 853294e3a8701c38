"""How the elements of each dtype lie in memory, for exact statistics without decoding."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """One unit of a dtype: `size` bytes that hold `elements` of them.

    `word` is the unsigned integer type that statistics look at, `infinity` its bit pattern of +Inf
    (sign and magnitude), `signed` tells two's complement integers; `scales` are offsets of float16
    scales in a block of a quantised type. `decoded` tells whether minimum and maximum are values.
    """

    size: int
    word: str = "u1"
    elements: int = 1
    infinity: int = 0
    no_infinity: bool = False
    signed: bool = False
    scales: tuple[int, ...] = ()
    decoded: bool = True


def _block(size: int, elements: int, *scales: int) -> Layout:
    return Layout(size, "u2", elements, infinity=0x7C00, scales=scales, decoded=False)


LAYOUTS: dict[str, Layout] = {
    "f64": Layout(8, "u8", infinity=0x7FF0 << 48),
    "f32": Layout(4, "u4", infinity=0x7F80_0000),
    "f16": Layout(2, "u2", infinity=0x7C00),
    "bf16": Layout(2, "u2", infinity=0x7F80),
    "f8_e5m2": Layout(1, "u1", infinity=0x7C),
    # E4M3 in the "fn" form has no infinity, and one NaN: all bits set (OCP 8-bit floating point).
    "f8_e4m3": Layout(1, "u1", infinity=0x7E, no_infinity=True),
    "c64": Layout(4, "u4", infinity=0x7F80_0000),
    "c128": Layout(8, "u8", infinity=0x7FF0 << 48),
    "bool": Layout(1, "u1"),
    **{f"u{8 * n}": Layout(n, f"u{n}") for n in (1, 2, 4, 8)},
    **{f"i{8 * n}": Layout(n, f"u{n}", signed=True) for n in (1, 2, 4, 8)},
    # Blocks as in ggml-common.h: (bytes, elements, offsets of the float16 scales).
    "q4_0": _block(18, 32, 0),
    "q4_1": _block(20, 32, 0, 2),
    "q5_0": _block(22, 32, 0),
    "q5_1": _block(24, 32, 0, 2),
    "q8_0": _block(34, 32, 0),
    "q8_1": _block(36, 32, 0, 2),
    "q1_0": _block(18, 128, 0),
    "q2_k": _block(84, 256, 80, 82),
    "q3_k": _block(110, 256, 108),
    "q4_k": _block(144, 256, 0, 2),
    "q5_k": _block(176, 256, 0, 2),
    "q6_k": _block(210, 256, 208),
    "iq2_xxs": _block(66, 256, 0),
    "iq2_xs": _block(74, 256, 0),
    "iq3_xxs": _block(98, 256, 0),
    "iq1_s": _block(50, 256, 0),
    "iq4_nl": _block(18, 32, 0),
    "iq3_s": _block(110, 256, 0),
    "iq2_s": _block(82, 256, 0),
    "iq4_xs": _block(136, 256, 0),
    "tq1_0": _block(54, 256, 52),
    "tq2_0": _block(66, 256, 64),
}
RAW = Layout(1, "u1", decoded=False)
"""Types without an entry: only whether every byte is the same is told."""
