"""The corpus says of every gate what a person on call needs, and where to read on."""

import re

import pytest

from copilot.health.decision import GateName
from copilot.knowledge.corpus import document_name, documents

HEADINGS = [
    "What it means",
    "What it looks like",
    "Likely causes",
    "What to check",
    "What to do",
    "Sources",
]


@pytest.mark.parametrize("gate", GateName)
def test_every_gate_has_its_document_with_sources(gate: GateName) -> None:
    text = documents()[document_name(gate)].text
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    sources = text.partition("## Sources")[2].split()
    assert [source for source in sources if source.startswith("<https://")]


def test_every_document_is_about_something_and_titled_once() -> None:
    titles = [document.title for document in documents().values()]
    assert len(set(titles)) == len(titles) == len(GateName)
    assert all(titles)
