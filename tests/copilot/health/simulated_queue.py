"""A task queue second by second, described in each cycle as the server would describe it."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from copilot.signals.queue import QueueFacts, QueueKind
from copilot.signals.snapshot import Snapshot
from tests.builders import CYCLE_SECONDS, START, queue_facts, snapshot

WINDOW_SECONDS = 30  # of the server's rates
RETURN_SECONDS = 2  # after which a workflow has its next task

Rate = Callable[[int], float]


@dataclass(frozen=True)
class SimulatedQueue:
    """`arrivals` and `capacity` are tasks a second at each second; without capacity nobody polls.

    Each task that arrives comes back until its workflow had `tasks_each`.
    """

    arrivals: Rate
    capacity: Rate
    tasks_each: int = 1
    kind: QueueKind = QueueKind.WORKFLOW

    def cycles(self, count: int, phase: int = 0) -> list[Snapshot]:
        """Snapshots of a healthy cluster with this queue, the first one at second `phase`."""
        described = self._described()
        facts = [next(described) for _ in range(phase + (count - 1) * CYCLE_SECONDS + 1)]
        return [
            snapshot(START + timedelta(seconds=second), queues=[facts[second]])
            for second in range(phase, len(facts), CYCLE_SECONDS)
        ]

    def _described(self) -> Iterator[QueueFacts]:
        waiting: deque[tuple[int, int]] = deque()  # when a task came, and its workflow's tasks left
        returning: dict[int, list[int]] = {}
        added: deque[int] = deque(maxlen=WINDOW_SECONDS)
        taken: deque[int] = deque(maxlen=WINDOW_SECONDS)
        due = free = 0.0
        second, polled = 0, START
        while True:
            due += self.arrivals(second)
            new = [self.tasks_each] * int(due) + returning.pop(second, [])
            due -= int(due)
            waiting.extend((second, left) for left in new)
            free = min(free, 1.0) + self.capacity(second)
            done = [waiting.popleft()[1] for _ in range(min(int(free), len(waiting)))]
            free -= len(done)
            returning[second + RETURN_SECONDS] = [left - 1 for left in done if left > 1]
            if self.capacity(second):
                polled = START + timedelta(seconds=second)
            added.append(len(new))
            taken.append(len(done))
            yield queue_facts(
                kind=self.kind,
                backlog=len(waiting),
                backlog_age_seconds=float(second - waiting[0][0]) if waiting else 0.0,
                add_rate=sum(added) / WINDOW_SECONDS,
                dispatch_rate=sum(taken) / WINDOW_SECONDS,
                pollers=4,
                last_poll=polled,
            )
            second += 1


def burst(size: int, at: int, usual: float = 0.0, seconds: int = 1) -> Rate:
    """`usual` arrivals, and `size` more that are spread over `seconds` from second `at`."""
    return lambda second: usual + (size / seconds if at <= second < at + seconds else 0)


def steady(rate: float) -> Rate:
    return lambda _: rate


def without(rate: float, begin: int, end: int) -> Rate:
    """`rate`, but for the time in which nobody is there."""
    return lambda second: 0.0 if begin <= second < end else rate


def changed(before: float, after: float, at: int) -> Rate:
    return lambda second: before if second < at else after
