"""The real names of namespaces and task queues, where a style writes them with `_`.

A queue that is asked by the wrong name is created: it must be known from elsewhere.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeVar

from copilot.signals.measurement import (
    LargestSize,
    Measurement,
    NamespaceLoad,
    OversizedRequests,
    TaskFailures,
    WorkflowOutcome,
)
from copilot.signals.queue import QueueKey

OfNamespace = TypeVar("OfNamespace", NamespaceLoad, TaskFailures, OversizedRequests, LargestSize)
_REWRITTEN = re.compile(r"[^A-Za-z0-9_]")


class RealNames:
    """Names that are known from the frontend and the store, by how metrics write them."""

    def __init__(self, namespaces: Iterable[str], queues: Iterable[QueueKey]) -> None:
        self._namespaces: dict[str, str] = {}
        self._queues: defaultdict[tuple[str, str], dict[tuple[str, str], None]] = defaultdict(dict)
        for queue in queues:
            key = (_written(queue.namespace), _written(queue.name))
            self._queues[key][queue.namespace, queue.name] = None
            self._namespaces.setdefault(_written(queue.namespace), queue.namespace)
        self._namespaces |= {_written(name): name for name in namespaces}

    def apply(self, measurement: Measurement) -> Measurement:
        """The measurement with real names as far as they are known.

        Queues are left out where the name may be another one.
        """
        return measurement.model_copy(
            update={
                "active_queues": self._all_real(measurement.active_queues),
                "suspected_queues": self._all_real(measurement.suspected_queues),
                "suspected_namespaces": tuple(
                    map(self._namespace, measurement.suspected_namespaces)
                ),
                "outcomes": tuple(map(self._outcome, measurement.outcomes)),
                "refusals": self._renamed(measurement.refusals),
                "task_failures": self._renamed(measurement.task_failures),
                "oversized": self._renamed(measurement.oversized),
                "largest": self._renamed(measurement.largest),
            }
        )

    def unknown(self, queues: Iterable[QueueKey]) -> int:
        """How many of the queues of a measurement are left out."""
        return sum(not any(self._real_queues(queue)) for queue in queues)

    def _all_real(self, queues: Iterable[QueueKey]) -> tuple[QueueKey, ...]:
        return tuple(dict.fromkeys(real for queue in queues for real in self._real_queues(queue)))

    def _real_queues(self, queue: QueueKey) -> Iterator[QueueKey]:
        """All queues that are written like this one; it itself where no `_` is in its name."""
        found = self._queues.get((queue.namespace, queue.name), {})
        if not found and "_" not in queue.name:
            yield queue.model_copy(update={"namespace": self._namespace(queue.namespace)})
        for namespace, name in found:
            yield QueueKey(namespace=namespace, name=name, kind=queue.kind)

    def _outcome(self, outcome: WorkflowOutcome) -> WorkflowOutcome:
        found = tuple(self._queues.get((outcome.namespace, outcome.task_queue), {}))
        if len(found) == 1:
            ((namespace, queue),) = found
        else:
            namespace, queue = self._namespace(outcome.namespace), outcome.task_queue
        return outcome.model_copy(update={"namespace": namespace, "task_queue": queue})

    def _renamed(self, found: Iterable[OfNamespace]) -> tuple[OfNamespace, ...]:
        return tuple(
            one.model_copy(update={"namespace": self._namespace(one.namespace)}) for one in found
        )

    def _namespace(self, name: str) -> str:
        return self._namespaces.get(name, name)


def _written(name: str) -> str:
    return _REWRITTEN.sub("_", name)
