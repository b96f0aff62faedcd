"""Every rule has a document with the same headings and with sources."""

import re

import pytest

from copilot.health.decision import RuleName
from copilot.knowledge.corpus import Document, chunks, document_name, documents
from copilot.knowledge.passage import MAX_CHARACTERS

HEADINGS = [
    "What it means",
    "What it looks like",
    "Likely causes",
    "What to check",
    "What to do",
    "Sources",
]
GUIDES = {
    "aurora-dsql",
    "log-patterns",
    "reading-the-evidence",
    "task-queue-partitions",
    "worker-capacity",
}


def headings(document: Document) -> list[str]:
    return re.findall(r"^## (.+)$", document.text, re.MULTILINE)


@pytest.mark.parametrize("rule", RuleName)
def test_every_rule_has_its_document(rule: RuleName) -> None:
    assert headings(documents()[document_name(rule)]) == HEADINGS


def test_the_other_documents_are_the_guides() -> None:
    assert set(documents()) - {document_name(rule) for rule in RuleName} == GUIDES


@pytest.mark.parametrize("document", documents().values(), ids=lambda document: document.name)
def test_every_document_ends_with_named_sources(document: Document) -> None:
    assert headings(document)[-1] == "Sources"
    sources = re.split(r"^- ", document.text.partition("## Sources")[2], flags=re.MULTILINE)[1:]
    named = [re.fullmatch(r"([A-Z][^<]{10,}):\s+<https://\S+>\s*", source) for source in sources]
    own = [source for source in sources if "https://" not in source]
    # A page with its title, or a fact of the server's source, of our rules or measurements.
    assert all(
        found or re.match(r"(Temporal server|The Copilot's own|Measured|The source) ?", source)
        for found, source in zip(named, sources, strict=True)
    )
    assert any(named)
    assert own


def test_every_document_has_a_title_of_its_own() -> None:
    titles = [document.title for document in documents().values()]
    assert len(set(titles)) == len(titles)
    assert all(titles)
    assert all(
        document.text.startswith(f"# {document.title}\n") for document in documents().values()
    )


def test_the_chunks_contain_every_document_without_its_sources() -> None:
    for document in documents().values():
        parts = [chunk for chunk in chunks() if chunk.document is document]
        text = "".join(chunk.text for chunk in parts)
        body = re.sub(r"^#.*$", "", document.text.partition("## Sources")[0], flags=re.MULTILINE)
        assert re.sub(r"\s", "", text) == re.sub(r"\s", "", body)
        assert list(dict.fromkeys(chunk.heading for chunk in parts)) == headings(document)[:-1]
        # A passage holds a chunk whole.
        assert all(len(chunk.text) <= MAX_CHARACTERS for chunk in parts)
