"""What was seen between two cycles: whether the frontend, the store and canaries answer."""

from enum import StrEnum

from pydantic import Field, FiniteFloat

from copilot.signals.reading import Frozen, UtcDatetime


class CanaryStep(StrEnum):
    """What a canary's workflow goes through, in this order; the look-up in visibility is last."""

    START = "start"
    WORKFLOW_TASK = "workflow_task"
    TIMER = "timer"
    ACTIVITY = "activity"
    COMPLETION = "completion"
    VISIBILITY = "visibility"


class LateCanary(Frozen):
    """A canary that has not come back, the shard it is in, and the step it waits for."""

    shard: int
    step: CanaryStep
    seconds: FiniteFloat
    detail: str = ""


class CanaryReport(Frozen):
    """The Copilot's own workflows on the monitored cluster, since the cycle before.

    `shards` is the cluster's number of history shards, `passed` counts canaries that came back;
    `fails` is True when none comes back any more, on whatever shard. `steps` has the seconds of
    each step, of the slowest canary. `visibility` says why a workflow was not found in visibility.
    `problem` says why no canary can run: the cluster refuses it, or the Copilot's own worker fails;
    it says nothing about the cluster's health.
    """

    shards: int = 0
    passed: int = 0
    late: tuple[LateCanary, ...] = ()
    fails: bool = False
    steps: dict[CanaryStep, FiniteFloat] = Field(default_factory=dict)
    visibility: str = ""
    problem: str = ""


class Probe(Frozen):
    """The last look at the cluster between two cycles, without its metrics.

    `frontend` says why the frontend does not answer, `store` why its calls that read the store
    fail while others are answered; both are empty when all is well. `store_seconds` is how
    long the last of those calls took; None: none was answered. `dead` are instances that
    answered before and refuse every connection now. `canary` is None where it is switched off.
    """

    at: UtcDatetime
    frontend: str = ""
    store: str = ""
    store_seconds: FiniteFloat | None = None
    dead: tuple[str, ...] = ()
    canary: CanaryReport | None = None
