"""The corpus, for people who read an issue."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Response
from fastapi.responses import PlainTextResponse

from copilot.api.problems import WRONG_PARAMETER
from copilot.api.responses import DocumentEntry, Documents, Problem
from copilot.knowledge.corpus import documents

router = APIRouter(prefix="/knowledge", tags=["knowledge"])


@router.get("")
async def list_documents() -> Documents:
    """What the corpus holds, by name."""
    entries = (DocumentEntry(name=found.name, title=found.title) for found in documents().values())
    return Documents(documents=tuple(entries))


TEXT: dict[int | str, dict[str, object]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
    404: {"model": Problem, "description": "No such document"},
}


@router.get("/{name}", response_class=Response, responses={**TEXT, **WRONG_PARAMETER})
async def document(name: Annotated[str, Path(pattern=r"^[a-z-]{1,60}$")]) -> Response:
    """One document, as Markdown."""
    found = documents().get(name)
    if found is None:
        raise HTTPException(404)
    # As plain text, because browsers offer Markdown for download.
    return PlainTextResponse(found.text)
