"""Passages from a Bedrock knowledge base, with local ranking as fallback."""

import asyncio
import math
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from botocore.config import Config

from copilot.aws_session import signed_in
from copilot.knowledge.bedrock_failures import FAILURES, NO_PASSAGES, failure_reason
from copilot.knowledge.corpus import first_heading
from copilot.knowledge.local import LocalRetriever
from copilot.knowledge.passage import MAX_PASSAGES, MAX_URI, Passage, Retrieved, Source
from copilot.knowledge.query import Query
from copilot.redact import plain

CONNECT_SECONDS = 3
READ_SECONDS = 5
# For the whole call: the search for credentials has time-outs of its own.
LIMIT_SECONDS = 12


class BedrockRetriever:
    """Calls the knowledge base once, without retries, and `fallback` if it has no passages."""

    def __init__(self, knowledge_base_id: str, region: str, *, fallback: LocalRetriever) -> None:
        self._id = knowledge_base_id
        self._region = region
        self._fallback = fallback

    async def passages(self, query: Query) -> Retrieved:
        if not query.text:
            return Retrieved()
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                answer = await asyncio.to_thread(self._retrieve, query.text)
        except FAILURES as error:
            return await self._fall_back(query, failure_reason(error))
        passages = tuple(_passages(answer))[:MAX_PASSAGES]
        if not passages:
            return await self._fall_back(query, NO_PASSAGES)
        return Retrieved(passages=passages)

    async def _fall_back(self, query: Query, reason: str) -> Retrieved:
        local = await self._fallback.passages(query)
        note = (
            "the passages are the Copilot's own documents, because the knowledge base"
            f" {self._id} in {self._region} {reason}"
        )
        return Retrieved(passages=local.passages, note=note)

    def _retrieve(self, text: str) -> Mapping[str, Any]:
        # A session for each call, about 0.1 s: a session that stays never reads new credentials.
        client: Any = signed_in(self._region).client(
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
                retrievalQuery={"text": text},
                retrievalConfiguration={
                    "vectorSearchConfiguration": {"numberOfResults": MAX_PASSAGES}
                },
            )
        finally:
            client.close()
        return answer


def _passages(answer: Mapping[str, Any]) -> Iterator[Passage]:
    """The results that have text, in their order."""
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
    value: Any = result
    for name in path:
        value = (value or {}).get(name)
    return value if isinstance(value, str) else ""
