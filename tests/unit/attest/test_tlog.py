"""The log's hashes, proofs, tiles and checkpoints, against RFC 6962's own words and vectors."""

import base64
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.attest.keys import KeySigner, keyid
from pratique.attest.tlog import merkle, note, tiles
from pratique.core.errors import EvidenceError

# The entries and the roots after each, of the tests that certificate transparency's own code has.
VECTORS = [
    *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class Held:
    """Tiles in memory; what is written twice has to be the same."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def read(self, path: str) -> bytes:
        if path not in self.kept:
            raise EvidenceError(f"no tile {path}")
        return self.kept[path]

    def write(self, path: str, body: bytes) -> None:
        assert tiles.is_path(path)
        assert self.kept.get(path, body) == body
        self.kept[path] = body


def slow_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1 as it is written."""
    if len(leaves) < 2:
        return merkle.leaf(leaves[0]) if leaves else merkle.EMPTY
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return merkle.node(slow_root(leaves[:k]), slow_root(leaves[k:]))


def test_known_roots() -> None:
    held, size = Held(), 0
    for entry, root in zip(VECTORS, ROOTS, strict=True):
        size, top = tiles.append(held, size, [bytes.fromhex(entry)])
        assert top.hex() == root


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=5), st.data())
def test_every_proof_holds_and_no_other_does(steps: list[int], data: st.DataObject) -> None:
    held, size, leaves, tops = Held(), 0, list[bytes](), {0: merkle.EMPTY}
    for step in steps:
        fresh = [f"entry {size + n}".encode() for n in range(step)]
        leaves += fresh
        size, top = tiles.append(held, size, fresh)
        tops[size] = top
    read = tiles.reader(held, size)
    top = tops[size]
    assert top == slow_root(leaves)
    assert list(tiles.entries(held, size)) == leaves
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion(read, index, size)
    merkle.check_inclusion(top, size, index, merkle.leaf(leaves[index]), proof)
    for wrong in ([*proof, top], proof[:-1] if proof else [top]):
        with pytest.raises(EvidenceError):
            merkle.check_inclusion(top, size, index, merkle.leaf(leaves[index]), wrong)
    with pytest.raises(EvidenceError):
        merkle.check_inclusion(top, size, index, merkle.leaf(b"another"), proof)
    for old, old_top in tops.items():
        between = merkle.consistency(read, old, size)
        merkle.check_consistency(old, size, old_top, top, between)
        with pytest.raises(EvidenceError):
            merkle.check_consistency(old, size, merkle.leaf(b"another"), top, between)
        with pytest.raises(EvidenceError):
            merkle.check_consistency(old, size, old_top, top, [*between, top])


def test_proofs_for_every_pair_of_sizes() -> None:
    leaves = [bytes([n]) for n in range(70)]
    held = Held()
    size, _ = tiles.append(held, 0, leaves)
    read = tiles.reader(held, size)
    tops = [merkle.root(read, n) for n in range(size + 1)]
    for new in range(1, size + 1):
        for old in range(new + 1):
            proof = merkle.consistency(read, old, new)
            merkle.check_consistency(old, new, tops[old], tops[new], proof)
        for index in range(new):
            proof = merkle.inclusion(read, index, new)
            merkle.check_inclusion(tops[new], new, index, merkle.leaf(leaves[index]), proof)


def test_an_append_may_be_done_twice() -> None:
    held = Held()
    size, _ = tiles.append(held, 0, [b"a"] * 255)
    once = tiles.append(held, size, [b"b"] * 300)
    assert tiles.append(held, size, [b"b"] * 300) == once


def test_what_cannot_be_a_log_is_refused() -> None:
    held = Held()
    with pytest.raises(ValueError, match="65535"):
        tiles.append(held, 0, [bytes(1 << 16)])
    with pytest.raises(ValueError, match="log of more"):
        tiles.append(held, tiles.MAX_SIZE, [b""])
    size, _ = tiles.append(held, 0, [b"one"] * 3)
    with pytest.raises(EvidenceError):
        tiles.append(held, size + 1, [b"behind a hole"])
    held.kept[tiles.path("entries", 0, 3)] = b"\0\5cut"
    with pytest.raises(EvidenceError, match="cut"):
        list(tiles.entries(held, size))
    held.kept[tiles.path("entries", 0, 3)] = b"\0\0"
    with pytest.raises(EvidenceError, match="1 entries"):
        list(tiles.entries(held, size))
    held.kept[tiles.path(0, 0, 3)] = b"short"
    with pytest.raises(EvidenceError, match="as long as"):
        tiles.append(held, size, [b"more"])
    with pytest.raises(EvidenceError, match="as long as"):
        merkle.root(tiles.reader(held, size), size)


def test_what_cannot_be_proved_is_refused() -> None:
    held = Held()
    tiles.append(held, 0, [b"one"] * 3)
    with pytest.raises(ValueError, match="of 3"):
        merkle.inclusion(tiles.reader(held, 3), 3, 3)
    with pytest.raises(ValueError, match="of 3"):
        merkle.consistency(tiles.reader(held, 3), 4, 3)
    with pytest.raises(EvidenceError):
        merkle.check_inclusion(b"", 3, 3, b"", [])
    with pytest.raises(EvidenceError):
        merkle.check_consistency(4, 3, b"", b"", [])
    with pytest.raises(EvidenceError, match="empty"):
        merkle.check_consistency(3, 5, b"", b"", [])
    with pytest.raises(EvidenceError, match="fewer"):
        merkle.check_consistency(3, 5, b"", b"", [b""])


@pytest.mark.parametrize(
    ("level", "number", "width", "says"),
    [
        (0, 0, 256, "tile/0/000"),
        (0, 1234067, 256, "tile/0/x001/x234/067"),
        (2, 5, 17, "tile/2/005.p/17"),
        ("entries", 1000, 1, "tile/entries/x001/000.p/1"),
    ],
)
def test_paths_are_those_of_the_specification(
    level: int | str, number: int, width: int, says: str
) -> None:
    assert tiles.path(level, number, width) == says
    assert tiles.is_path(says)


@pytest.mark.parametrize(
    "path",
    ["tile/0/x000/000", "tile/0/000.p/256", "tile/0/000.p/0", "tile/0/../000", "tile/00/000",
     "tile/0/000/", "/tile/0/000", "tile/x/000", "checkpoint", "tile/0/" + "x111/" * 30 + "000"],
)  # fmt: skip
def test_other_paths_are_none(path: str) -> None:
    assert not tiles.is_path(path)


def make_key(name: str = "example.com/log") -> tuple[note.LogKey, KeySigner]:
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key()
    return note.LogKey(name, public), KeySigner(key, public, keyid(public))


def test_a_checkpoint_comes_back_as_it_was_signed() -> None:
    key, signer = make_key()
    said = note.Checkpoint("example.com/log", 20, bytes(range(32)), ("more",))
    signed = note.sign(said.text(), key, signer)
    assert note.checkpoint(note.verify(signed.encode(), key)) == said
    other, other_signer = make_key("witness.example")
    cosigned = signed + note.sign(said.text(), other, other_signer).rpartition("\n\n")[2]
    for one in (key, other):
        assert note.checkpoint(note.verify(cosigned.encode(), one)) == said


def test_the_note_of_the_reference_implementation_is_read_and_written() -> None:
    """The example of golang.org/x/mod/sumdb/note, which https://c2sp.org/signed-note describes."""
    line = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    seed = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
    private = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    key = note.LogKey("PeterNeumann", private.public_key())
    assert key.line() == line
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    by = (
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFY"
        "C2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    told = f"{text}\n\u2014 PeterNeumann {by}\n"
    assert note.verify(told.encode(), key) == text
    assert note.sign(text, key, KeySigner(private, key.public, keyid(key.public))) == told


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b.replace(b"20", b"21"),
        lambda b: b.replace(b"\n\n", b"\n"),
        lambda b: b[:-1],
        lambda b: b + b"\xff",
        lambda b: b"\1" + b,
        lambda b: b.replace(b"\xe2\x80\x94", b"-"),
        lambda b: b.replace(b"example.com/log ", b"example.com/log *"),
        lambda b: b.rpartition(b" ")[0] + b" AAAA\n",
        lambda b: b + bytes(note.MAX_NOTE),
        lambda b: b.replace(b"log", b"fog"),
    ],
)
def test_a_changed_note_is_refused(change: Callable[[bytes], bytes]) -> None:
    key, signer = make_key()
    said = note.Checkpoint("example.com/log", 20, bytes(32))
    signed = note.sign(said.text(), key, signer).encode()
    with pytest.raises(EvidenceError):
        note.verify(change(signed), key)


@pytest.mark.parametrize(
    "text", ["a\n1\n", "a\n01\nAAAA\n", "\n1\n\n", "a\n1\nAAAA\n", "a\n1\n*\n"]
)
def test_other_texts_are_no_checkpoint(text: str) -> None:
    with pytest.raises(EvidenceError):
        note.checkpoint(text)


def test_a_name_with_spaces_is_no_name() -> None:
    with pytest.raises(ValueError, match="no name"):
        make_key("two words")
