"""What the documents quote of the program, to say what it means, is what the program says."""

import re

import pytest

from tests.documents import DOCUMENTS, Said, quoted, sentences

# What is filled in is one mark, that stands for a word or more.
SENTENCES = "\n".join(re.sub(r"\{.*?\}", "§", text) for text in sentences())
# How a document writes what differs from case to case.
LEFT_OUT = re.compile(r"…|\b(?:[A-Z]|HH:MM|REGION)\b")
QUOTED = [said for document in DOCUMENTS for said in quoted(document)]


def pieces(text: str) -> list[str]:
    """What stands between the parts that differ; `error:` begins every error's line."""
    parts = LEFT_OUT.split(text.removeprefix("error: "))
    return [piece for part in parts if (piece := part.strip(" ,:()"))]


def in_the_program(piece: str) -> bool:
    """Whether a sentence holds it; of three words or more, one may be filled in."""
    words = piece.split()
    one_filled_in = [
        " ".join([*words[:place], "§", *words[place + 1 :]])
        for place in (range(len(words)) if len(words) > 2 else ())
    ]
    return any(said in SENTENCES for said in (piece, *one_filled_in))


@pytest.mark.parametrize("said", QUOTED, ids=lambda said: f"{said.where} {said.text}")
def test_a_message_is_quoted_as_it_is(said: Said) -> None:
    assert [piece for piece in pieces(said.text) if not in_the_program(piece)] == []


def test_messages_are_found_in_the_tables() -> None:
    assert {said.where.split(":")[0] for said in QUOTED} == {
        "docs/runbooks.md",
        "docs/troubleshooting.md",
    }
