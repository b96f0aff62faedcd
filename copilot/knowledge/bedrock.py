"""Passages from a Bedrock knowledge base; from local ranking when it has none to give."""

import asyncio
import math
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import boto3
from botocore.config import Config

from copilot.knowledge.bedrock_failures import FAILURES, NOTHING, failure
from copilot.knowledge.chunks import first_heading
from copilot.knowledge.passage import MAX_URI, Passage, Source, plain
from copilot.knowledge.retriever import MAX_PASSAGES, Found, Query, Retriever
from copilot.knowledge.wording import wording

CONNECT_SECONDS = 3
READ_SECONDS = 5
# Of all of it: the search for credentials may ask other services, which have time-outs of theirs.
LIMIT_SECONDS = 12


class Bedrock:
    """Asks the knowledge base, once: a retry is for whoever calls. `fallback` stands in for it."""

    def __init__(self, knowledge_base_id: str, region: str, *, fallback: Retriever) -> None:
        self._id = knowledge_base_id
        self._region = region
        self._fallback = fallback

    async def passages(self, query: Query) -> Found:
        words = wording(query)
        if not words:
            return Found()
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                answer = await asyncio.to_thread(self._ask, words)
        except FAILURES as error:
            return await self._instead(query, failure(error))
        found = tuple(_passages(answer))[:MAX_PASSAGES]
        return Found(passages=found) if found else await self._instead(query, NOTHING)

    async def _instead(self, query: Query, why: str) -> Found:
        local = await self._fallback.passages(query)
        note = (
            "passages are those that come with the Copilot, because the knowledge base"
            f" {self._id} in {self._region} {why}"
        )
        return Found(passages=local.passages, note=note)

    def _ask(self, words: str) -> Mapping[str, Any]:
        # A session for each question, some 0.1 s: one that is kept never sees new credentials.
        client: Any = boto3.Session(region_name=self._region).client(
            "bedrock-agent-runtime",
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"total_max_attempts": 1},
            ),
        )
        try:
            answer: Mapping[str, Any] = client.retrieve(
                knowledgeBaseId=self._id,
                retrievalQuery={"text": words},
                retrievalConfiguration={
                    "vectorSearchConfiguration": {"numberOfResults": MAX_PASSAGES}
                },
            )
        finally:
            client.close()
        return answer


def _passages(answer: Mapping[str, Any]) -> Iterator[Passage]:
    """What the answer holds, in its order; what has no text is left out."""
    for result in filter(None, answer.get("retrievalResults") or ()):
        text = _text(result, "content", "text")
        uri = plain(_text(result, "location", "s3Location", "uri"))[:MAX_URI]
        score = result.get("score")
        passage = Passage(
            document=PurePosixPath(uri).stem,
            heading=first_heading(text),
            text=text,
            source=Source.BEDROCK,
            uri=uri if uri.startswith("s3://") else "",
            score=score if isinstance(score, float) and math.isfinite(score) else 0.0,
        )
        if passage.text:
            yield passage


def _text(result: Mapping[str, Any], *path: str) -> str:
    found: Any = result
    for name in path:
        found = (found or {}).get(name)
    return found if isinstance(found, str) else ""
