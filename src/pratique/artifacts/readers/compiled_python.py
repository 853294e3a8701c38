"""Compiled Python: recognised, and not looked into."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pratique.artifacts.reader import Item, Kind, Reader, Subject, View

_CODE = 0x63
_SHARED = 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledPython(View):
    """A code object of CPython: `how` is `module` for a `.pyc` file, `marshal` for a bare one."""

    how: str
    magic: int = 0


class CompiledPythonReader(Reader):
    """Recognises the header of `.pyc` files (PEP 3147, PEP 552) and marshalled code objects.

    Byte code differs from release to release, and claims nothing here.
    """

    name: ClassVar[str] = "compiled-python"
    kind: ClassVar[Kind] = Kind.DATA
    views: ClassVar[tuple[type[View], ...]] = (CompiledPython,)

    def recognises(self, subject: Subject) -> bool:
        """Tell by the magic number and by the code object after it."""
        return bool(_how(subject.head))

    def read(self, subject: Subject) -> Iterator[Item]:
        """Yield a view that says that nothing was read."""
        how = _how(subject.head)
        magic = struct.unpack_from("<H", subject.head)[0] if how == "module" else 0
        yield CompiledPython(how=how, magic=magic, partial="byte code of Python is not examined")


def _how(head: bytes) -> str:
    if head[2:4] == b"\r\n" and any(_is_code(head, at) for at in (16, 12, 8)):
        return "module"
    return "marshal" if _is_code(head, 0) else ""


def _is_code(head: bytes, at: int) -> bool:
    """Tell a marshalled code object: its type, then small counts of arguments and the like."""
    if len(head) < at + 21 or head[at] & ~_SHARED != _CODE:
        return False
    counts = struct.unpack_from("<4i", head, at + 1)
    return all(0 <= n < 1 << 16 for n in counts[:3]) and 0 <= counts[3] < 1 << 20
