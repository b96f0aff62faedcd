"""A passage of any source is short and has no invisible characters."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from copilot.knowledge.passage import MAX_CHARACTERS, MAX_NAME, Passage, Source


def passage(text: str, *, name: str = "x", uri: str = "") -> Passage:
    return Passage(
        document=name, heading=name, text=text, source=Source.BEDROCK, uri=uri, score=0.5
    )


def test_control_and_invisible_characters_are_removed() -> None:
    hidden = "Look\x1b[31m at\u200b the\u202e log\x00.\n\tThen\U000e0041 wait\ud800."
    assert passage(hidden).text == "Look[31m at the log.\n\tThen wait."
    assert passage("x", name="a\x07b\u2066\n\tc\ud800 ").document == "ab c"


def test_a_long_text_ends_with_a_whole_paragraph() -> None:
    paragraph = "Wait until the backlog is worked off. " * 10
    text = "\n\n".join([paragraph.strip()] * 9)
    cut = passage(text).text
    assert text.startswith(cut + "\n\n")
    assert MAX_CHARACTERS / 2 < len(cut) <= MAX_CHARACTERS


def test_a_text_of_one_paragraph_ends_with_a_whole_word() -> None:
    assert passage("backlog " * 1000).text.split()[-1] == "backlog"


@given(st.text(alphabet=st.characters(), max_size=3 * MAX_CHARACTERS), st.text())
def test_any_text_and_name_are_cut_and_plain(text: str, name: str) -> None:
    made = passage(text, name=name)
    assert len(made.text) <= MAX_CHARACTERS
    assert len(made.document) <= MAX_NAME
    assert not [c for c in made.text if unicodedata.category(c)[0] == "C" and c not in "\n\t"]
    assert Passage.model_validate_json(made.model_dump_json()) == made


@pytest.mark.parametrize(
    "uri", ["javascript:alert(1)", "https://elsewhere.example/x", "/knowledge/../x", "s3://a\nb"]
)
def test_a_citation_links_to_nothing_else(uri: str) -> None:
    with pytest.raises(ValidationError):
        passage("x", uri=uri)
    assert passage("x", uri="s3://bucket/a folder/x.md").uri
