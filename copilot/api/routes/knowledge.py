"""`/knowledge`: the corpus, for readers of an issue."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Response
from fastapi.responses import PlainTextResponse

from copilot.api.problems import WRONG_PARAMETER, Problem
from copilot.knowledge.corpus import documents
from copilot.signals.reading import Frozen

router = APIRouter(prefix="/knowledge", tags=["knowledge"])

MARKDOWN: dict[int | str, dict[str, object]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
    404: {"model": Problem, "description": "No such document"},
}


class DocumentEntry(Frozen):
    """A document of the corpus, at `/knowledge/{name}`."""

    name: str
    title: str


class Documents(Frozen):
    """In the order of names."""

    documents: tuple[DocumentEntry, ...]


@router.get("")
async def list_documents() -> Documents:
    """The documents of the corpus, in the order of names."""
    entries = (DocumentEntry(name=one.name, title=one.title) for one in documents().values())
    return Documents(documents=tuple(entries))


@router.get("/{name}", response_class=Response, responses={**MARKDOWN, **WRONG_PARAMETER})
async def document(name: Annotated[str, Path(pattern=r"^[a-z-]{1,60}$")]) -> Response:
    """One document, as Markdown."""
    found = documents().get(name)
    if found is None:
        raise HTTPException(404)
    # As plain text, because browsers offer Markdown for download.
    return PlainTextResponse(found.text)
