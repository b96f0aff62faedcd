"""The lab's faults as data: what each does, and what the Copilot is expected to say of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.services import PROMETHEUS

if TYPE_CHECKING:
    from lab.cluster import Lab

SLOW_DATABASE_MILLISECONDS = 200
FAILURE_RATIO = 0.5
ABANDONED_QUEUE = "order-fulfilment"


@dataclass(frozen=True)
class Fault:
    """Both functions can be called again without harm."""

    name: str
    description: str
    inject: Callable[["Lab"], None]
    heal: Callable[["Lab"], None]
    verdict: str
    """The state that the Copilot reaches: at least this one."""
    cause_kinds: tuple[str, ...]
    """Kinds of cause of which the Copilot names at least one."""
    cause_name: str = ""
    """How that cause's name ends; empty where any will do."""
    process: str | None = None
    """The process that the fault keeps from running."""


def _killed(role: str) -> Fault:
    process = f"temporal-{role}"
    return Fault(
        f"kill-{role}",
        f"the {role} service of the monitored cluster dies and stays away",
        inject=lambda lab: lab.kill(process),
        heal=lambda lab: lab.revive(process),
        verdict="critical",
        cause_kinds=("service",),
        cause_name=role,
        process=process,
    )


_ALL = (
    _killed("frontend"),
    _killed("history"),
    _killed("matching"),
    Fault(
        "database-down",
        "connections of the monitored cluster to its database are cut and refused",
        inject=lambda lab: lab.proxy.connect(False),
        heal=lambda lab: lab.proxy.connect(True),
        verdict="critical",
        cause_kinds=("persistence",),
    ),
    Fault(
        "slow-database",
        f"each answer of the database comes {SLOW_DATABASE_MILLISECONDS} ms later",
        inject=lambda lab: lab.proxy.delay(SLOW_DATABASE_MILLISECONDS),
        heal=lambda lab: lab.proxy.delay(0),
        verdict="stressed",
        cause_kinds=("persistence",),
    ),
    Fault(
        "stop-workers",
        "all workers of the load stop, while workflows go on being started",
        inject=lambda lab: lab.steer(stopped_queues=("*",)),
        heal=lambda lab: lab.steer(stopped_queues=()),
        verdict="stressed",
        cause_kinds=("queue",),
    ),
    Fault(
        "abandon-queue",
        f"workers of {ABANDONED_QUEUE} leave for good, and soon nobody starts anything on it",
        inject=lambda lab: lab.steer(abandoned_queues=(ABANDONED_QUEUE,)),
        heal=lambda lab: lab.steer(abandoned_queues=()),
        verdict="stressed",
        cause_kinds=("queue",),
        cause_name=ABANDONED_QUEUE,
    ),
    Fault(
        "failing-workflows",
        f"{FAILURE_RATIO:.0%} of the workflows fail",
        inject=lambda lab: lab.steer(failure_ratio=FAILURE_RATIO),
        heal=lambda lab: lab.steer(failure_ratio=0.0),
        verdict="stressed",
        cause_kinds=("workflow_type", "queue"),
    ),
    Fault(
        "stop-scrape",
        "Prometheus goes on answering, but no longer scrapes the monitored cluster",
        inject=lambda lab: lab.scrape_monitored(False),
        heal=lambda lab: lab.scrape_monitored(True),
        verdict="unknown",
        cause_kinds=("source",),
    ),
    Fault(
        "stop-metrics",
        "Prometheus is gone",
        inject=lambda lab: lab.kill(PROMETHEUS),
        heal=lambda lab: lab.revive(PROMETHEUS),
        verdict="unknown",
        cause_kinds=("source",),
        process=PROMETHEUS,
    ),
)

FAULTS = {fault.name: fault for fault in _ALL}
"""By name."""
