"""Words are found wherever they stand, and nowhere else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.fuzzing import examples
from pratique.patterns.literals import Words

PLAIN = Words("sk-", "ghp_", "é!", b"\xf3\xa0", '"quoted\\')
EITHER = Words("<script", "javascript:", nocase=True)


@settings(max_examples=examples(200))
@given(st.text(), st.sampled_from(["", "sk-", "ghp_", "é!", "\U000e0041", '"quoted\\']), st.text())
def test_it_agrees_with_the_plain_search(before: str, word: str, after: str) -> None:
    text = before + word + after
    raw = text.encode("utf-8", "surrogatepass")
    want = {w for w in ("sk-", "ghp_", "é!", '"quoted\\') if w in text}
    assert PLAIN.held(text) - {b"\xf3\xa0"} == want
    assert (b"\xf3\xa0" in PLAIN.held(text)) == (b"\xf3\xa0" in raw)


def test_case_counts_unless_it_is_not_to() -> None:
    assert EITHER.held("<ScRiPt src=JAVASCRIPT:x>") == {"<script", "javascript:"}
    assert not PLAIN.held("SK- GHP_")


def test_lone_surrogates_and_long_texts_are_searched() -> None:
    text = "\ud800" + "word " * 200_000 + "sk-"
    assert PLAIN.held(text) == {"sk-"}


def test_a_word_of_one_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="two bytes"):
        Words("x")
