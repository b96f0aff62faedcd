"""Passages by local ranking: BM25 over the corpus, without a network."""

import asyncio
import logging
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

from copilot.health.decision import RuleName
from copilot.knowledge.corpus import Chunk, chunks, document_name
from copilot.knowledge.passage import MAX_PASSAGES, Passage, Retrieved, Source
from copilot.knowledge.query import Query

MIN_SCORE = 1.0
"""Below it a chunk shares common words with the query, but not the subject."""
MIN_SHARE = 0.5
"""Of the best score; a chunk below it distracts from better ones."""
# A rule's own document is about it; others only contain its words.
PREFERENCE = 2.0
MAX_OF_ONE_DOCUMENT = 3
_WORD = re.compile(r"[a-z0-9]{2,}")
_PLURAL = re.compile(r"(?<=[a-z]{2}[^su])s$")
_DOCUMENTS_OF_RULES = {document_name(rule) for rule in RuleName}

Scored = tuple[float, Chunk]
_score = itemgetter(0)


class LocalRetriever:
    async def passages(self, query: Query) -> Retrieved:
        # In a thread: the first call imports numpy and builds the index, about 0.2 s.
        return Retrieved(passages=await asyncio.to_thread(rank, query))


@dataclass(frozen=True)
class Index:
    """`bm25` scores the chunks in their order, without `stopwords`."""

    bm25: Any
    stopwords: frozenset[str]


def rank(query: Query) -> tuple[Passage, ...]:
    """The best passages, best first; deterministic."""
    index = _index()
    words = sorted(set(_words(query.text, index.stopwords)))
    if not words:
        return ()
    scores = index.bm25.get_scores(words).tolist()
    least = max(MIN_SCORE, MIN_SHARE * max(scores))
    own = {document_name(rule) for rule in query.rules}
    scored: list[Scored] = []
    for score, chunk in zip(scores, chunks(), strict=True):
        if chunk.document.name in own and score >= MIN_SCORE:
            scored.append((PREFERENCE * score, chunk))
        elif score >= least and _may_help(chunk, own):
            scored.append((score, chunk))
    return tuple(_passage(score, chunk) for score, chunk in _chosen(scored, own))


def _may_help(chunk: Chunk, own: set[str]) -> bool:
    """A document on a rule that passed blames what is healthy: used only if no rule fired."""
    return not own or chunk.document.name not in _DOCUMENTS_OF_RULES


def _chosen(scored: list[Scored], own: set[str]) -> list[Scored]:
    """The best, best first: one place for each fired rule's document, few for any document."""
    scored = sorted(scored, key=_score, reverse=True)
    taken = Counter[str]()
    leading, others = [], []
    for pair in scored:
        name = pair[1].document.name
        taken[name] += 1
        if name in own and taken[name] == 1:
            leading.append(pair)
        elif taken[name] <= MAX_OF_ONE_DOCUMENT:
            others.append(pair)
    return sorted([*leading, *others][:MAX_PASSAGES], key=_score, reverse=True)


def _passage(score: float, chunk: Chunk) -> Passage:
    return Passage(
        document=chunk.document.name,
        heading=chunk.heading,
        text=chunk.text,
        source=Source.CORPUS,
        uri=f"/knowledge/{chunk.document.name}",
        score=round(score, 3),
    )


@cache
def _index() -> Index:
    """Built at the first query: with the import it takes 12 to 25 MB."""
    import bm25s  # type: ignore[import-untyped]  # noqa: PLC0415
    from bm25s.stopwords import STOPWORDS_EN  # type: ignore[import-untyped]  # noqa: PLC0415

    # bm25s sets its own level to DEBUG.
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    stopwords = frozenset(STOPWORDS_EN)
    bm25 = bm25s.BM25(backend="numpy")
    # The title belongs to each of its chunks.
    texts = [f"{c.document.title} {c.heading} {c.text}" for c in chunks()]
    bm25.index([_words(text, stopwords) for text in texts], show_progress=False)
    return Index(bm25, stopwords)


def _words(text: str, stopwords: frozenset[str]) -> list[str]:
    """Words in the singular, and the parts of names: `task_latency_queue` has three."""
    words = _WORD.findall(text.lower())
    return [_PLURAL.sub("", word) for word in words if word not in stopwords]
