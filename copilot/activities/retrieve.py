"""Retrieving passages for an explanation."""

from temporalio import activity

from copilot.activities.models import RetrieveRequest
from copilot.knowledge.retriever import Found, Retriever


class Retrieve:
    """Never fails for what the source does: it answers with other passages, and says so.

    Takes some 12 s at most, when AWS does not answer.
    """

    def __init__(self, *, retriever: Retriever) -> None:
        self._retriever = retriever

    @activity.defn
    async def retrieve(self, request: RetrieveRequest) -> Found:
        found = await self._retriever.passages(request.query)
        if found.note:
            activity.logger.warning("%s", found.note)
        return found
