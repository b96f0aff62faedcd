"""Several PromQL expressions in one request: a cycle's cost is mostly its number of requests."""

from collections.abc import Iterable, Mapping, Sequence

from copilot.signals.instant_query import Answer

_LABEL = "part"


class QueryBatch:
    """Expressions in groups; each group is one query, whose expressions fail together.

    Expressions of a group must not have a label `part`; repeated expressions are sent once.
    """

    def __init__(self, groups: Iterable[Sequence[str]]) -> None:
        self._places: dict[str, tuple[str, str]] = {}
        for group in groups:
            new = [text for text in dict.fromkeys(group) if text not in self._places]
            query = new[0] if len(new) == 1 else " or ".join(map(_labelled, range(len(new)), new))
            self._places |= {text: (query, str(index)) for index, text in enumerate(new)}
        self._single = {query for query, _ in self._places.values() if query in self._places}

    @property
    def queries(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(query for query, _ in self._places.values()))

    def __contains__(self, expression: str) -> bool:
        return expression in self._places

    def answer(self, expression: str, answers: Mapping[str, Answer]) -> Answer:
        """The part of `answers` (query -> answer) that belongs to one expression."""
        query, index = self._places[expression]
        whole = answers[query]
        if whole.absence or query in self._single:
            return whole
        return Answer(tuple(s for s in whole.samples if s.labels.get(_LABEL) == index))


def _labelled(index: int, expression: str) -> str:
    return f'label_replace({expression}, "{_LABEL}", "{index}", "", "")'
