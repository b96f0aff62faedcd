"""What one cycle collected: readings of signals, states of targets, task queues, log counts."""

from pydantic import FiniteFloat

from copilot.signals.measurement import Measurement
from copilot.signals.probe import Probe
from copilot.signals.queue import QueueFacts, QueueSurvey
from copilot.signals.reading import Absence, Frozen, UtcDatetime


class LogCount(Frozen):
    """How many lines of one known pattern a service logged."""

    pattern: str
    service: str
    count: int


class LogSurvey(Frozen):
    """The known patterns counted in (start, end]; consecutive cycles meet and do not overlap.

    `counts` are above 0. `unanswered` are patterns whose query failed. `silent_seconds` is set when
    no line of the cluster arrived for so long: then no count says anything. `absence` is set when
    no logs could be read at all.
    """

    start: UtcDatetime
    end: UtcDatetime
    counts: tuple[LogCount, ...] = ()
    silent_seconds: int | None = None
    unanswered: tuple[str, ...] = ()
    absence: Absence | None = None
    detail: str = ""


class EarlierCycle(Frozen):
    """One cycle of the same half hour of an earlier day; rates a second, of accepted starts."""

    at: UtcDatetime
    updates: FiniteFloat
    starts: FiniteFloat
    signals: FiniteFloat


class Snapshot(Frozen):
    """Everything that one cycle collected.

    `logs` is None where no Loki is set, `probe` when no look between the cycles came back.
    `open_workflows`, by visibility, is counted only while there is next to no progress.
    `shards` is how many history shards the frontend says that the cluster has, None where that is
    not known. `foreign_namespaces` are those that have completions by the metrics while the
    frontend says that they do not exist; empty where one of them exists.
    `system_queues` are Temporal's own, `earlier` is what happened in the same half hour of earlier
    days, as far as it is stored; both are empty in snapshots of earlier versions.
    """

    cluster: str
    at: UtcDatetime
    metrics: Measurement
    queues: QueueSurvey
    logs: LogSurvey | None = None
    probe: Probe | None = None
    open_workflows: int | None = None
    shards: int | None = None
    foreign_namespaces: tuple[str, ...] = ()
    system_queues: tuple[QueueFacts, ...] = ()
    earlier: tuple[EarlierCycle, ...] = ()
