"""Undoing what a folder's coders did, one after another, in bounded steps."""

import lzma
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pratique.artifacts.blob import Blob
from pratique.artifacts.readers.inflate import (
    BROKEN,
    MAX_DICTIONARY,
    OUT,
    Machine,
    Progress,
    bzip2,
    inflate,
    lzma_raw,
    raw_deflate,
)
from pratique.artifacts.readers.sevenzip.header import Coder, Folder
from pratique.core.errors import MalformedError
from pratique.core.limits import KiB, MiB

COPY, LZMA, LZMA2, DELTA = b"\0", b"\x03\x01\x01", b"\x21", b"\x03"
DEFLATE, BZIP2 = b"\x04\x01\x08", b"\x04\x02\x02"
AES = b"\x06\xf1\x07\x01"
FILTERS = {
    b"\x03\x03\x01\x03": lzma.FILTER_X86,
    b"\x04": lzma.FILTER_X86,
    b"\x03\x03\x02\x05": lzma.FILTER_POWERPC,
    b"\x05": lzma.FILTER_POWERPC,
    b"\x03\x03\x04\x01": lzma.FILTER_IA64,
    b"\x06": lzma.FILTER_IA64,
    b"\x03\x03\x05\x01": lzma.FILTER_ARM,
    b"\x07": lzma.FILTER_ARM,
    b"\x03\x03\x07\x01": lzma.FILTER_ARMTHUMB,
    b"\x08": lzma.FILTER_ARMTHUMB,
    b"\x03\x03\x08\x05": lzma.FILTER_SPARC,
    b"\x09": lzma.FILTER_SPARC,
}
NAMES = {
    COPY: "copy", LZMA: "lzma", LZMA2: "lzma2", DELTA: "delta", DEFLATE: "deflate",
    BZIP2: "bzip2", AES: "aes", b"\x03\x04\x01": "ppmd", b"\x03\x03\x01\x1b": "bcj2",
    b"\x04\xf7\x11\x01": "zstd", b"\x04\xf7\x11\x04": "lz4", b"\x04\x01\x09": "deflate64",
}  # fmt: skip
_LARGEST = 40


@dataclass(slots=True)
class Copied:
    """A machine that changes nothing."""

    needs_input: bool = True
    eof: bool = False
    unused_data: bytes = b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return the bytes as they are."""
        del max_length
        return data


def named(folder: Folder) -> str:
    """Return the methods of a folder for people."""
    return "+".join(NAMES.get(c.method, c.method.hex()) for c in folder.coders)


def machines(folder: Folder) -> list[Callable[[], Machine]]:
    """Return what makes the decoders of a folder, in the order in which bytes pass them.

    Raises:
        MalformedError: the coders do not fit together, or one has properties that are not valid.
        KeyError: there is no decoder for one of them; the method's name is its argument.

    """
    order = _order(folder)
    made: list[Callable[[], Machine]] = []
    waiting = list(order)
    while waiting:
        coder = waiting.pop(0)
        if coder.method == LZMA2:
            chain = [_filter(waiting.pop(0)) for _ in list(waiting) if _is_filter(waiting)]
            made.append(_lzma2(coder, list(reversed(chain))))
        else:
            made.append(_plain(coder))
    return made


def _order(folder: Folder) -> list[Coder]:
    """Return the coders from the packed bytes to the last output: a chain, nothing wider."""
    if any(c.inputs != 1 or c.outputs != 1 for c in folder.coders) or len(folder.packed) != 1:
        raise KeyError(named(folder))
    at, order = folder.packed[0], list[Coder]()
    into = {out: one for one, out in folder.bonds.items()}
    while len(order) <= len(folder.coders):
        if not 0 <= at < len(folder.coders):
            break
        order.append(folder.coders[at])
        if at not in into:
            return order
        at = into[at]
    raise MalformedError("the coders of a 7z archive make no chain")


def _is_filter(waiting: list[Coder]) -> bool:
    return bool(waiting) and (waiting[0].method in FILTERS or waiting[0].method == DELTA)


def _filter(coder: Coder) -> dict[str, int]:
    if coder.method == DELTA:
        return {"id": lzma.FILTER_DELTA, "dist": (coder.properties or b"\0")[0] + 1}
    return {"id": FILTERS[coder.method]}


def _lzma2(coder: Coder, filters: list[dict[str, int]]) -> Callable[[], Machine]:
    bits = coder.properties[0] if len(coder.properties) == 1 else 255
    if bits > _LARGEST:
        raise MalformedError("LZMA2 properties that no decoder takes")
    size = (2 | bits & 1) << (bits // 2 + 11)
    chain = [*filters, {"id": lzma.FILTER_LZMA2, "dict_size": max(4 * KiB, size)}]
    if size > MAX_DICTIONARY:
        raise KeyError(f"lzma2 with a dictionary of {size // MiB} MiB")
    if len(chain) > 4:  # noqa: PLR2004 - as many as liblzma takes
        raise MalformedError("a 7z archive with more than three filters")
    return lambda: lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain)


def _plain(coder: Coder) -> Callable[[], Machine]:
    if coder.method == LZMA:
        lzma_raw(coder.properties)
        return lambda: lzma_raw(coder.properties)
    known: dict[bytes, Callable[[], Machine]] = {
        COPY: Copied,
        DEFLATE: raw_deflate,
        BZIP2: bzip2,
    }
    if coder.method not in known:
        raise KeyError(NAMES.get(coder.method, coder.method.hex()))
    return known[coder.method]


def unpack(blob: Blob, span: tuple[int, int], folder: Folder, state: Progress) -> Iterator[bytes]:
    """Yield what a folder unpacks to, in pieces; how it ended is in `state`.

    Raises:
        MalformedError, KeyError: as `machines` says.

    """
    first, *more = machines(folder)
    chunks = inflate(blob, *span, first, state)
    for make in more:
        chunks = _through(chunks, make(), state)
    left = folder.size
    for chunk in chunks:
        yield chunk[:left]
        left -= min(left, len(chunk))
        if not left:  # LZMA has no end of its own: the size that is told is its end
            state.ended, state.broke = True, ""
            return


def _through(chunks: Iterator[bytes], machine: Machine, state: Progress) -> Iterator[bytes]:
    for chunk in chunks:
        data = chunk
        while not machine.eof:
            try:
                out = machine.decompress(data, OUT)
            except BROKEN as e:
                state.broke = f"the packed content is broken ({e})"
                return
            data = b""
            if out:
                yield out
            if machine.needs_input or (not out and not data):
                break
