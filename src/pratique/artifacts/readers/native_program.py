"""Recognises a program or library that is a file of its own, and says what for."""

from collections.abc import Iterator
from typing import ClassVar

from pratique.artifacts.measures import program_headers as headers
from pratique.artifacts.reader import Item, Kind, Reader, Subject, View
from pratique.artifacts.views import NativeProgram

_CHECKS: tuple[tuple[bytes, str, headers.Check], ...] = (
    (b"\x7fELF", "elf", headers.elf),
    (b"\xce\xfa\xed\xfe", "macho", headers.macho),
    (b"\xcf\xfa\xed\xfe", "macho", headers.macho),
    (b"\xfe\xed\xfa\xce", "macho", headers.macho),
    (b"\xfe\xed\xfa\xcf", "macho", headers.macho),
    (b"\xca\xfe\xba\xbe", "cafebabe", headers.cafebabe),
    (b"\0asm\1\0\0\0", "wasm", headers.wasm),
    (b"dex\n03", "dex", headers.dex),
    (b"dex\n04", "dex", headers.dex),
)


class NativeProgramReader(Reader):
    """Looks at the header only, so it claims no byte: what is inside a program was not read."""

    name: ClassVar[str] = "native-program"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (NativeProgram,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by a whole, sane header at the first byte."""
        return _program(subject.head) is not None

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield what the program is."""
        told = _program(subject.head)
        if told:
            what, detail = told
            yield NativeProgram(what=what, detail=detail, covered=subject.size)


def _program(head: bytes) -> tuple[str, str] | None:
    if head.startswith(b"MZ"):
        at = int.from_bytes(head[0x3C:0x40], "little")
        told = headers.pe(head, at) if head[at : at + 4] == b"PE\0\0" else None
        return ("pe", told[1]) if told else None
    for magic, what, check in _CHECKS:
        if head.startswith(magic):
            told = check(head, 0)
            if told and what == "cafebabe":
                what = "class" if told[1].startswith("Java") else "macho"  # noqa: PLW2901
            return (what, told[1]) if told else None
    return None
