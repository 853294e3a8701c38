"""Make small files of R objects, by hand and in R's own order."""

import struct


def whole(*values: int) -> bytes:
    return struct.pack(f">{len(values)}i", *values)


def chars(text: str) -> bytes:
    return whole(0x00040009, len(text.encode())) + text.encode()


def symbol(name: str) -> bytes:
    return whole(1) + chars(name)


def strings(*texts: str) -> bytes:
    return whole(16, len(texts)) + b"".join(map(chars, texts))


def numbers(*values: float) -> bytes:
    return whole(14, len(values)) + struct.pack(f">{len(values)}d", *values)


NOTHING, UNBOUND, GLOBAL, EMPTY = whole(254), whole(252), whole(253), whole(242)


def pairlist(*rows: tuple[str, bytes]) -> bytes:
    body = b"".join(whole(0x402) + symbol(name) + value for name, value in rows)
    return body + NOTHING


def call(name: str, *args: bytes) -> bytes:
    rest = b"".join(whole(2) + arg for arg in args) + NOTHING
    return whole(6) + symbol(name) + rest


def promise(expression: bytes, value: bytes = UNBOUND, environment: bytes = GLOBAL) -> bytes:
    return whole(0x405) + environment + value + expression


def closure(body: bytes, formals: bytes = NOTHING) -> bytes:
    return whole(0x403) + GLOBAL + formals + body


def environment(*rows: tuple[str, bytes]) -> bytes:
    return whole(4, 0) + EMPTY + pairlist(*rows) + NOTHING + NOTHING


def vector(*items: bytes) -> bytes:
    return whole(19, len(items)) + b"".join(items)


def named(*rows: tuple[str, bytes]) -> bytes:
    body = whole(19 | 0x200, len(rows)) + b"".join(value for _, value in rows)
    return body + pairlist(("names", strings(*(name for name, _ in rows))))


def rds(item: bytes) -> bytes:
    return b"X\n" + whole(3, 0x00040301, 0x00030500, 5) + b"UTF-8" + item


def rda(*rows: tuple[str, bytes]) -> bytes:
    return b"RDX3\n" + rds(pairlist(*rows))


def ascii_rds(text: str) -> bytes:
    """Return a text vector of one, in the spelling that is text."""
    return f"A\n3\n262912\n197888\n5\nUTF-8\n16\n1\n262153\n{len(text)}\n{text}\n".encode()
