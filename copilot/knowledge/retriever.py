"""Retrieves passages of the corpus for a query."""

from typing import Protocol

from copilot.knowledge.bedrock import BedrockRetriever
from copilot.knowledge.local import LocalRetriever
from copilot.knowledge.passage import Retrieved
from copilot.knowledge.query import Query
from copilot.settings import Settings


class Retriever(Protocol):
    async def passages(self, query: Query) -> Retrieved:
        """The best passages. A failure of the source is in `note`, not raised."""
        ...


def create_retriever(settings: Settings) -> Retriever:
    """Of the knowledge base if its id is set, with local ranking as fallback; else the latter."""
    local = LocalRetriever()
    if not settings.knowledge_base_id:
        return local
    return BedrockRetriever(settings.knowledge_base_id, settings.aws_region, fallback=local)
