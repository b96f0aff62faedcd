"""What happens on healthy clusters, and must stay quiet."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab import processes
from lab.catalogue import Catalogue
from lab.cluster import Lab
from lab.faults import FAULTS
from lab.load import QUEUES
from lab.ports import is_free
from lab.target import Target
from tests.waiting import until

WATCHED_SECONDS = 45.0
SPIKE = 4
BACKLOG = 3000
_BACKLOG_SECONDS = 50
_WORKER_SECONDS = 3
_PORT_SECONDS = 30
_HISTORIES = ("temporal-history-2", "temporal-history")


@dataclass(frozen=True)
class Control:
    """`begin` makes something happen, which is watched for `seconds`, and `end` ends it.

    What `prepare` does is a fault and not watched. It may be reported until `grace` seconds after;
    a critical verdict is a false alarm at once.
    """

    name: str
    description: str
    begin: Callable[[Lab], None]
    end: Callable[[Lab], None] = lambda _: None
    seconds: float = WATCHED_SECONDS
    prepare: Callable[[Lab], None] | None = None
    grace: float = 0.0


def _healthy_fault(name: str) -> Control:
    """A fault of the lab that is none for the cluster."""
    return Control(
        name,
        FAULTS[name].description,
        begin=lambda lab: lab.inject(name),
        end=lambda lab: lab.heal(name),
    )


def _restart_workers(lab: Lab) -> None:
    target = Target(lab.folder)
    for queue in QUEUES:
        target.steer(stopped_queues=(queue,))
        time.sleep(_WORKER_SECONDS)
        target.steer(stopped_queues=())


def _restart_histories(lab: Lab) -> None:
    for name in _HISTORIES:
        state = lab.state
        ports = Catalogue(lab.folder, state).clusters()[name].ports
        processes.stop([state.running[name]])
        _await_free(ports)
        Target(lab.folder).revive("temporal-history")


def _await_free(ports: Sequence[int]) -> None:
    """Threads of a process that has ended may hold its ports for a moment."""
    until(lambda: all(map(is_free, ports)), _PORT_SECONDS, "its ports are free")


def _pile_up(lab: Lab, rate: float) -> None:
    """Accept orders without workers, until the backlog is there."""
    Target(lab.folder).steer(stopped_queues=("*",), rate_factor=BACKLOG / _BACKLOG_SECONDS / rate)
    time.sleep(_BACKLOG_SECONDS)


def _drain(lab: Lab) -> None:
    Target(lab.folder).steer(stopped_queues=(), rate_factor=1.0)


def controls(rate: float) -> list[Control]:
    """In order: a batch's end leads to an idle cluster. `rate` is the load's starts a second."""
    return [
        Control("end of a batch", "the load's starts end", begin=lambda lab: lab.spike(0)),
        Control(
            "idle",
            "a cluster with workers and without starts",
            begin=lambda _: None,
            end=lambda lab: lab.spike(1),
        ),
        _healthy_fault("repeated-starts"),
        _healthy_fault("retried-workflows"),
        _healthy_fault("limited-queue"),
        _healthy_fault("kill-one-history"),
        Control(
            "rolling restart of workers",
            f"each queue is without its worker for {_WORKER_SECONDS} s in turn",
            begin=_restart_workers,
        ),
        Control(
            "rolling restart of history",
            "each of two instances of history ends and starts again",
            begin=_restart_histories,
        ),
        Control(
            "spike",
            f"{SPIKE} times the load",
            begin=lambda lab: lab.spike(SPIKE),
            end=lambda lab: lab.spike(1),
        ),
        Control(
            f"drain of {BACKLOG}",
            f"workers come back to {BACKLOG:,} orders that waited",
            prepare=lambda lab: _pile_up(lab, rate),
            begin=_drain,
            seconds=90.0,
            grace=75.0,
        ),
    ]
