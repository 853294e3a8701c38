import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pratique.cli.reports.safe import MOST, code, markdown, plain, storable

ANY = st.text(alphabet=st.characters(exclude_categories=()), max_size=700)


@given(ANY)
def test_plain_text_is_one_visible_bounded_line(text: str) -> None:
    said = plain(text)
    assert not {unicodedata.category(c) for c in said} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert len(said) <= 11 * MOST
    said.encode()


@given(ANY)
def test_markdown_holds_no_markup(text: str) -> None:
    bare = re.sub(r"&#\d+;", "", markdown(text))
    assert not set(bare) & set("`*_[]<>|@#&:~\\!{}$")
    assert code(text).startswith("<code>")


@given(ANY)
def test_storable_is_what_it_was_unless_it_must_not_be(text: str) -> None:
    said = storable(text)
    said.encode()
    assert storable(said) == said
    if not any("\ud800" <= c <= "\udfff" for c in text):
        assert said == text


def test_what_people_write_stays_readable() -> None:
    assert plain("model-00001-of-00002.safetensors") == "model-00001-of-00002.safetensors"
    assert plain("modèle 模型") == "modèle 模型"
    assert markdown("imports 'os.system' (1 of 2)") == "imports 'os.system' (1 of 2)"
    assert markdown("www.example.com") == "www&#46;&#8288;example.com"
