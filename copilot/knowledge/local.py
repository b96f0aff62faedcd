"""Passages by local ranking: BM25 over the corpus, on this machine alone."""

import asyncio
import logging
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

from copilot.health.decision import GateName
from copilot.knowledge.chunks import Chunk, chunks
from copilot.knowledge.corpus import document_name
from copilot.knowledge.passage import Passage, Source
from copilot.knowledge.retriever import MAX_PASSAGES, Found, Query
from copilot.knowledge.wording import wording

MIN_SCORE = 1.0
"""Below it a chunk shares a common word with the query, and no subject."""
MIN_SHARE = 0.5
"""Of the best score: below it others answer so much better that a chunk only distracts."""
# A gate's own document was written about it; others only mention its words.
PREFERENCE = 2.0
MAX_OF_ONE_DOCUMENT = 3
_WORD = re.compile(r"[a-z0-9]{2,}")
_PLURAL = re.compile(r"(?<=[a-z]{2}[^su])s$")
_DOCUMENTS_OF_GATES = {document_name(gate) for gate in GateName}

Scored = tuple[float, Chunk]
_score = itemgetter(0)


class Local:
    """The retriever that is always there."""

    async def passages(self, query: Query) -> Found:
        # In a thread: the first call imports numpy and builds the index, some 0.2 s.
        return Found(passages=await asyncio.to_thread(ranked, query))


@dataclass(frozen=True)
class Index:
    """`bm25` scores the chunks in their order; `stopwords` are left out of text and query."""

    bm25: Any
    stopwords: frozenset[str]


def ranked(query: Query) -> tuple[Passage, ...]:
    """The best passages, best first; the same for the same query, always."""
    index = _index()
    words = sorted(set(_words(wording(query), index.stopwords)))
    if not words:
        return ()
    scores = index.bm25.get_scores(words).tolist()
    least = max(MIN_SCORE, MIN_SHARE * max(scores))
    own = {document_name(gate) for gate in query.gates}
    scored: list[Scored] = []
    for score, chunk in zip(scores, chunks(), strict=True):
        if chunk.document.name in own and score >= MIN_SCORE:
            scored.append((PREFERENCE * score, chunk))
        elif score >= least and _may_help(chunk, own):
            scored.append((score, chunk))
    return tuple(_passage(score, chunk) for score, chunk in _chosen(scored, own))


def _may_help(chunk: Chunk, own: set[str]) -> bool:
    """A document on a gate that passed blames what is well: it is used only when none fired."""
    return not own or chunk.document.name not in _DOCUMENTS_OF_GATES


def _chosen(scored: list[Scored], own: set[str]) -> list[Scored]:
    """The best, best first, with a place for each document of a fired gate, and many for none."""
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
    """Built once. With the import it takes 12 to 25 MB, so whoever never asks goes without."""
    import bm25s  # type: ignore[import-untyped]  # noqa: PLC0415
    from bm25s.stopwords import STOPWORDS_EN  # type: ignore[import-untyped]  # noqa: PLC0415

    # It sets itself to DEBUG, and would write its steps into the worker's log.
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    stopwords = frozenset(STOPWORDS_EN)
    bm25 = bm25s.BM25(backend="numpy")
    # A document's title says what all its parts are about.
    texts = [f"{c.document.title} {c.heading} {c.text}" for c in chunks()]
    bm25.index([_words(text, stopwords) for text in texts], show_progress=False)
    return Index(bm25, stopwords)


def _words(text: str, stopwords: frozenset[str]) -> list[str]:
    """Words and parts of names (`task_latency_queue` has three), singular and plural alike."""
    words = _WORD.findall(text.lower())
    return [_PLURAL.sub("", word) for word in words if word not in stopwords]
