"""Which task queues a cycle asks about, where a cluster has more than may be asked."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from copilot.signals.queue import QueueKey

_ROTATION_SHARE = 0.25
"""Of the limit, for queues in rotation, however many others are suspected."""
_BUSIEST_SHARE = 0.25
"""Of the limit, for the busiest queues: the server's own metrics are up to a minute late."""


@dataclass(frozen=True)
class Choice:
    """The queues to ask in this cycle, suspected ones first.

    `left_out` are the others that are known, `suspected_left_out` those of them that are suspected.
    `until` is the last queue in rotation, after which the next cycle goes on; None where all are
    asked. `round_cycles` is after how many cycles each known queue was asked.
    """

    keys: tuple[QueueKey, ...]
    left_out: tuple[QueueKey, ...] = ()
    suspected_left_out: frozenset[QueueKey] = frozenset()
    until: QueueKey | None = None
    round_cycles: int = 1


def choose(
    suspected: Iterable[QueueKey],
    active: Iterable[QueueKey],
    others: Iterable[QueueKey],
    *,
    limit: int,
    after: QueueKey | None = None,
) -> Choice:
    """At most `limit` queues: suspected ones, the busiest active ones, and the rest in rotation.

    `suspected` and `active` come with the latest and the busiest first. `after` is `until` of the
    cycle before. So a queue is asked in each round at least once, even if others come and go.
    """
    first = tuple(dict.fromkeys(suspected))
    busiest = dict.fromkeys(active)
    known = dict.fromkeys((*first, *busiest, *others))
    if len(known) <= limit:
        return Choice(tuple(known))
    at_most = limit - max(1, int(limit * _ROTATION_SHARE))
    chosen = dict.fromkeys(first[:at_most])
    for key in busiest:
        if len(chosen) >= at_most or len(chosen) >= len(first) + limit * _BUSIEST_SHARE:
            break
        chosen[key] = None
    rest = sorted((key for key in known if key not in chosen), key=_order)
    turn = _turn(rest, limit - len(chosen), after)
    asked = {*chosen, *turn}
    left_out = tuple(key for key in rest if key not in asked)
    return Choice(
        keys=(*chosen, *turn),
        left_out=left_out,
        suspected_left_out=frozenset(first) - asked,
        until=turn[-1],
        round_cycles=ceil(len(rest) / len(turn)),
    )


def _turn(rest: Sequence[QueueKey], size: int, after: QueueKey | None) -> list[QueueKey]:
    """The next `size` queues after one that may be gone by now; the first come after the last."""
    start = bisect_right(rest, _order(after), key=_order) if after else 0
    return [*rest[start : start + size], *rest[: max(0, size - len(rest) + start)]][:size]


def _order(key: QueueKey) -> tuple[str, str, str]:
    return key.namespace, key.name, key.kind
