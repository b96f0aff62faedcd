"""One cycle's look at the metrics store: every signal, or why it has no value."""

import asyncio
import math
from collections.abc import Iterable, Iterator, Mapping

from copilot.signals.batch import Batch
from copilot.signals.catalog import CATALOG
from copilot.signals.instant_query import Answer, Sample
from copilot.signals.probes import (
    ACTIVE_QUEUES,
    LAST_SCRAPE,
    NAMING,
    OUTCOMES,
    SUPPORTED_NAMES,
    THIN,
    fresh_targets,
)
from copilot.signals.prometheus import MetricsClient
from copilot.signals.queue_names import is_lasting_user_queue
from copilot.signals.signal import Condition, Role, Shape, Signal, fill
from copilot.signals.snapshot import (
    Absence,
    Measurement,
    QueueKey,
    QueueKind,
    Reading,
    WorkflowOutcome,
)

MAX_OUTCOMES = 100
# Three queries that take a tenth of a second; a cycle has better things to wait for.
EXPLAINING_SECONDS = 2.0
MAX_ACTIVE_QUEUES = 1000


async def measure(
    client: MetricsClient,
    *,
    cluster: str,
    short: float,
    long: float,
    scrape: float,
    stale_after: float,
) -> Measurement:
    """Ask everything about `cluster` in a parallel batch, then what only explains in another.

    What only explains is waited for little, and whether it is answered changes nothing else.

    `short` and `long` are the windows of rates and quantiles, `scrape` is the interval of the
    store's scrapes, all in seconds; a scrape older than `stale_after` seconds says nothing about
    now. Raises nothing for what the store does: an unreachable store gives a Measurement with
    `source_absence`.
    """
    questions = Questions(cluster, short=short, long=long, scrape=scrape, stale_after=stale_after)
    clock = asyncio.get_running_loop()
    begin = clock.time()
    answers = await client.query_all(questions.batch.queries)
    failures = [answer for answer in answers.values() if answer.absence]
    if len(failures) == len(answers):
        return _blind(failures[0])
    left = client.budget_seconds - (clock.time() - begin)
    answers |= await client.query_all(
        questions.explaining.queries, budget_seconds=max(0.0, min(left, EXPLAINING_SECONDS))
    )
    cycle = _Cycle(questions, answers)
    return Measurement(
        readings={signal.name: cycle.reading(signal) for signal in CATALOG},
        targets={role: cycle.targets[role] for role in Role},
        outcomes=_outcomes(cycle.samples(OUTCOMES)),
        active_queues=_active_queues(cycle.samples(ACTIVE_QUEUES)),
    )


def _blind(failure: Answer) -> Measurement:
    absence = failure.absence or Absence.REFUSED
    missing = Reading.missing(absence, failure.detail)
    return Measurement(
        readings={signal.name: missing for signal in CATALOG},
        targets=dict.fromkeys(Role, missing),
        source_absence=absence,
        source_detail=failure.detail,
    )


class Questions:
    """The templates of a cycle, filled for one cluster, and put into few requests."""

    def __init__(
        self, cluster: str, *, short: float, long: float, scrape: float, stale_after: float
    ) -> None:
        self.cluster, self.short, self._long = cluster, short, long
        self.targets = fresh_targets(scrape, stale_after)
        groups = [(self.targets, LAST_SCRAPE, THIN), (NAMING,), (OUTCOMES,), (ACTIVE_QUEUES,)]
        self.batch = Batch([self.fill(t) for t in group] for group in (*groups, *_by_source()))
        self.explaining = Batch([self.fill(t) for t in group] for group in _by_condition())

    def fill(self, template: str) -> str:
        return fill(template, self.cluster, self.short, self._long)

    def answer(self, template: str, answers: Mapping[str, Answer]) -> Answer:
        expression = self.fill(template)
        batch = self.batch if expression in self.batch else self.explaining
        return batch.answer(expression, answers)


def _by_source() -> Iterator[list[str]]:
    """Templates of the signals that gates may read: a group for each role and shape."""
    for role in Role:
        for shape in Shape:
            judged = [s for s in CATALOG if not s.explains and s.role is role and s.shape is shape]
            if judged:
                yield _templates(judged)


def _by_condition() -> Iterator[list[str]]:
    """Templates of what only explains: a group for each condition."""
    for condition in Condition:
        yield _templates(s for s in CATALOG if s.explains and s.condition is condition)


def _templates(signals: Iterable[Signal]) -> list[str]:
    found = list(signals)
    return [s.promql for s in found] + [s.count_promql for s in found if s.count_promql]


class _Cycle:
    """The answers of one cycle, and what they say together."""

    def __init__(self, questions: Questions, answers: dict[str, Answer]) -> None:
        self._questions = questions
        self._answers = answers
        self.targets = {role: self._target(role) for role in Role}
        self._thin = {sample.labels.get("job") for sample in self.samples(THIN)}
        self._names = {sample.labels.get("__name__", "") for sample in self.samples(NAMING)}
        self._exported = {
            signal.condition
            for signal in CATALOG
            if signal.explains and self._answer(signal.promql).samples
        }

    def samples(self, template: str) -> tuple[Sample, ...]:
        """Those samples of a query that are numbers; none when it was not answered."""
        found = self._answer(template).samples
        return tuple(sample for sample in found if math.isfinite(sample.value))

    def _answer(self, template: str) -> Answer:
        return self._questions.answer(template, self._answers)

    def reading(self, signal: Signal) -> Reading:
        """The signal's value, 0 or "no observations" where absence says so, else why not."""
        if signal.role and (unseen := self._unseen(signal.role, signal.shape)):
            return unseen
        answer = self._answer(signal.promql)
        if answer.absence:
            return Reading.missing(answer.absence, answer.detail)
        if not answer.samples:
            return self._absent(signal)
        value = answer.samples[0].value
        if signal.count_promql and math.isnan(value):
            return self._nothing_observed(signal, signal.count_promql)
        if not math.isfinite(value):
            return Reading.missing(Absence.NOT_A_NUMBER, f"{signal.name} is {value}")
        return Reading.of(value)

    def _unseen(self, role: Role, shape: Shape) -> Reading | None:
        """Why nothing that the role exports in this shape can be read."""
        if self._names and not self._names >= SUPPORTED_NAMES:
            return Reading.missing(Absence.NO_SERIES, self._wrong_naming())
        if self.targets[role].absence:
            return self.targets[role]
        if role.job in self._thin and shape is not Shape.GAUGE:
            return Reading.missing(Absence.STALE, self._too_seldom(role))
        return None

    def _nothing_observed(self, signal: Signal, count_promql: str) -> Reading:
        """A quantile or ratio of nothing is NaN, which its count must confirm."""
        count = self._answer(count_promql)
        if count.absence:
            return Reading.missing(count.absence, count.detail)
        if any(sample.value != 0 for sample in count.samples):
            detail = f"{signal.name} is nan although something was counted"
            return Reading.missing(Absence.NOT_A_NUMBER, detail)
        return self._absent(signal)

    def _absent(self, signal: Signal) -> Reading:
        """No series: knowledge only while whoever would export it is seen, and all of them."""
        gauge = signal.shape is Shape.GAUGE and signal.explains
        if signal.condition is not Condition.ALWAYS and (
            gauge or signal.condition not in self._exported
        ):
            return Reading.missing(Absence.NOT_EXPORTED)
        if signal.role and (unsure := self._unsure(signal.role)):
            return unsure
        if gauge:
            return Reading.missing(Absence.NO_SERIES, signal.absent_when_healthy)
        if signal.shape in (Shape.QUANTILE, Shape.RATIO):
            return Reading.missing(Absence.NO_OBSERVATIONS)
        return Reading.of(0)

    def _unsure(self, role: Role) -> Reading | None:
        """Why a series that the role does not export says nothing."""
        cluster = self._questions.cluster
        if self.targets[role].value != 1:
            detail = f'{role.job} of cluster "{cluster}" is down (`up` is 0)'
            return Reading.missing(Absence.NO_SERIES, detail)
        naming = self._answer(NAMING)
        if naming.absence:
            return Reading.missing(naming.absence, naming.detail)
        if not self._names:
            detail = f'cluster "{cluster}" exports no persistence_requests_total'
            return Reading.missing(Absence.NO_SERIES, detail)
        return None

    def _target(self, role: Role) -> Reading:
        """The role's lowest `up` among instances that are scraped now."""
        fresh = self._answer(self._questions.targets)
        if fresh.absence:
            return Reading.missing(fresh.absence, fresh.detail)
        job, cluster = role.job, self._questions.cluster
        for sample in self.samples(self._questions.targets):
            if sample.labels.get("job") == job:
                return Reading.of(sample.value)
        for sample in self.samples(LAST_SCRAPE):
            if sample.labels.get("job") == job:
                detail = f'{job} of cluster "{cluster}" was last scraped {sample.value:.0f} s ago'
                return Reading.missing(Absence.STALE, detail)
        detail = f'no `up` series of job {job} in cluster "{cluster}"'
        return Reading.missing(Absence.NO_SERIES, detail)

    def _too_seldom(self, role: Role) -> str:
        return (
            f"{role.job} was scraped less than twice in {self._questions.short:g} s; "
            "COPILOT_SHORT_WINDOW_SECONDS must hold two scrapes"
        )

    def _wrong_naming(self) -> str:
        return (
            f'cluster "{self._questions.cluster}" exports {", ".join(sorted(self._names))}; only '
            f"{' and '.join(sorted(SUPPORTED_NAMES))} are understood: in the server's "
            "global.metrics set prometheus.framework to opentelemetry and leave prefix, "
            "withoutUnitSuffix, withoutCounterSuffix and recordTimerInSeconds unset"
        )


def _outcomes(samples: Iterable[Sample]) -> tuple[WorkflowOutcome, ...]:
    """One entry a queue and workflow type, most failures first, at most `MAX_OUTCOMES`."""
    rates: dict[tuple[str, str, str], dict[str, float]] = {}
    for sample in samples:
        labels = sample.labels
        key = (
            labels.get("namespace", ""),
            labels.get("taskqueue", ""),
            labels.get("workflowType", ""),
        )
        rates.setdefault(key, {})[labels.get("outcome", "")] = sample.value
    outcomes = [
        WorkflowOutcome(
            namespace=namespace,
            task_queue=queue,
            workflow_type=workflow_type,
            success_rate=found.get("success", 0.0),
            failed_rate=found.get("failed", 0.0) + found.get("timeout", 0.0),
        )
        for (namespace, queue, workflow_type), found in rates.items()
        if any(found.values())
    ]
    outcomes.sort(key=lambda outcome: (-outcome.failed_rate, -outcome.success_rate))
    return tuple(outcomes[:MAX_OUTCOMES])


def _active_queues(samples: Iterable[Sample]) -> tuple[QueueKey, ...]:
    """Lasting user queues, busiest first, at most `MAX_ACTIVE_QUEUES`."""
    found: dict[QueueKey, float] = {}
    for sample in samples:
        name, kind = sample.labels.get("taskqueue", ""), sample.labels.get("task_type", "").lower()
        if is_lasting_user_queue(name) and kind in set(QueueKind):
            namespace = sample.labels.get("namespace", "")
            found[QueueKey(namespace=namespace, name=name, kind=QueueKind(kind))] = sample.value
    return tuple(sorted(found, key=lambda key: -found[key])[:MAX_ACTIVE_QUEUES])
