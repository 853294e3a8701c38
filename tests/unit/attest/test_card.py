import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.badges import NOW
from pratique.attest import card
from pratique.attest.statement import Headline
from pratique.core.errors import EvidenceError

HEAD = Headline("PASSED", "L1", NOW, NOW)
BLOCK = card.block(HEAD, "ab" * 32)
B, E = card.BEGIN, card.END


def test_the_block_is_one_pair_of_markers() -> None:
    told = card.split(BLOCK)
    assert (told.before, told.block, told.after) == (b"", BLOCK, b"")
    assert b"no level, FAILED" in card.block(Headline("FAILED", "none", NOW, NOW), "ab")


@pytest.mark.parametrize(
    ("body", "at"),
    [
        (b"", 0),
        (b"# A\n", 0),
        (b"---\na: b\n---\n# A\n", 13),
        (b"---\r\na: b\r\n---\r\n# A\r\n", 16),
        (b"---\n---\nx", 8),
        (b"---\nnever ended\n", 0),
        (b"---\na: b\n---", 0),
        (b"\n---\na\n---\n", 0),
    ],
)
def test_where_the_block_goes(body: bytes, at: int) -> None:
    marked = card.marked(body, BLOCK)
    assert marked == body[:at] + BLOCK + body[at:]
    assert card.split(marked).plain == body
    other = card.block(Headline("WARNED", "L1", NOW, NOW), "cd" * 32)
    assert card.marked(marked, other) == body[:at] + other + body[at:]


@pytest.mark.parametrize(
    "body",
    [
        B,
        E,
        B + b"\n",
        E + b"\n" + B + b"\n",
        B + b"\n" + B + b"\n" + E + b"\n",
        B + b"\n" + E + b"\n" + E + b"\n",
        (B + b"\n" + E + b"\n") * 2,
        B + b"\n" + B + b"\n" + E + b"\n" + E + b"\n",
        b"x" + B + b"\n" + E + b"\n",
        B + b"x\n" + E + b"\n",
        B + b"\nx" + E + b"\n",
        B + b"\n" + E + b"x\n",
        B + E,
        B + b"\n" + E + b"\r",
    ],
)
def test_markers_that_are_not_one_pair_are_refused(body: bytes) -> None:
    with pytest.raises(EvidenceError, match=r"README\.md"):
        card.split(body)
    with pytest.raises(EvidenceError, match=r"README\.md"):
        card.marked(b"# A\n" + body, BLOCK)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_line_ends_after_the_end_marker(end: bytes) -> None:
    told = card.split(b"a\n" + B + b"\r\n" + E + end)
    assert told.plain == b"a\n"


def test_a_card_too_large_is_refused() -> None:
    with pytest.raises(EvidenceError, match="more than"):
        card.split(b" " * (card.MAX_CARD + 1))


PARTS = st.sampled_from([B, E, b"\n", b"\r\n", b"---\n", b"x", b"<!-- ", b" "])


@given(st.lists(PARTS, max_size=12).map(b"".join))
@settings(max_examples=200, deadline=None)
def test_taking_the_block_out_gives_back_what_it_was_put_into(body: bytes) -> None:
    try:
        before = card.split(body)
    except EvidenceError:
        return
    marked = card.marked(body, BLOCK)
    assert card.split(marked).plain == before.plain
    assert card.split(marked).block == BLOCK
