"""What a cycle's answers mean: a number, or why there is none. A missing series is never just 0."""

import math
from collections import defaultdict

from copilot.clusters.labels import ADDRESS
from copilot.signals.catalog import CATALOG
from copilot.signals.cluster_queries import (
    CLUSTER_LABELS,
    DROPPED,
    DUPLICATES,
    IDENTITIES,
    LAST_SCRAPE,
    NEWLY_SCRAPED,
    ROLES,
    SELDOM_SCRAPED,
)
from copilot.signals.cycle_queries import NEWEST, NEWEST_SCRAPES, CycleQueries
from copilot.signals.instant_query import Answer, Sample
from copilot.signals.known_cluster import KnownCluster
from copilot.signals.measurement import DroppedSamples, Instance
from copilot.signals.naming import NAMES
from copilot.signals.queries import Shape
from copilot.signals.reading import Absence, Reading
from copilot.signals.roles import Role
from copilot.signals.signal import Condition, Signal

MAX_NAMED = 20
_SHOWN_VALUES = 5


class CycleReadings:
    """The readings of one cycle, from the answers to all its queries."""

    def __init__(
        self, queries: CycleQueries, answers: dict[str, Answer], known: KnownCluster
    ) -> None:
        self._queries = queries
        self._answers = answers
        known.learn_roles(self.samples(queries.targets), self.samples(ROLES))
        self._known = known
        self.instances = {role: self._instances(role) for role in Role}
        self.targets = {role: self._target(role) for role in Role}
        self._seldom_scraped = {
            role
            for sample in self.samples(SELDOM_SCRAPED)
            for role in Role
            if known.may_have(role, sample.labels)
        }
        self._naming = queries.naming(answers)
        self._exported = {
            signal.condition
            for signal in CATALOG
            if signal.explains and self._answer(signal.query.promql).samples
        }

    def samples(self, template: str, *, newest: bool = False) -> tuple[Sample, ...]:
        """The finite samples of a query; none when it was not answered."""
        samples = self._answer(template, newest=newest).samples
        return tuple(sample for sample in samples if math.isfinite(sample.value))

    def absence(self, template: str, *, newest: bool = False) -> Absence | None:
        """Why a query was not answered; None when it was."""
        return self._answer(template, newest=newest).absence

    def _answer(self, template: str, *, newest: bool = False) -> Answer:
        return self._queries.answer(template, self._answers, newest=newest)

    def newest(self) -> dict[str, Reading]:
        """Readings over the newest scrapes; none while one of them is missing.

        One sample has no rate, which must not read as 0.
        """
        scrapes = [
            sample.value
            for sample in self._answer(NEWLY_SCRAPED, newest=True).samples
            if self._is_of_server(sample)
        ]
        if not scrapes or min(scrapes) < NEWEST_SCRAPES:
            return {}
        return {
            signal.name: self.reading(signal, newest=True)
            for signal in CATALOG
            if signal.name in NEWEST
        }

    def duplicates(self) -> tuple[str, ...]:
        """The server's instances whose series are written several times, at most `MAX_NAMED`."""
        names = {
            f"{self._known.role_label(one.labels)} {self._known.name(one.labels)}"
            for one in self.samples(DUPLICATES)
            if self._is_of_server(one)
        }
        return tuple(sorted(names | self._scraped_twice())[:MAX_NAMED])

    def _scraped_twice(self) -> set[str]:
        """Addresses that two scrape jobs read for the same role."""
        jobs: defaultdict[tuple[str, Role], set[str]] = defaultdict(set)
        for sample in self.samples(self._queries.targets):
            address = sample.labels.get(ADDRESS, "")
            for role in self._known.roles_of(sample.labels) if ":" in address else ():
                jobs[address, role].add(self._known.role_label(sample.labels))
        return {
            f"{', '.join(sorted(j))} {address}" for (address, _), j in jobs.items() if len(j) > 1
        }

    def dropped(self) -> tuple[DroppedSamples, ...]:
        """The server's scrape jobs of which samples are dropped, at most `MAX_NAMED`."""
        dropped = [
            DroppedSamples(job=self._known.role_label(one.labels), share=one.value)
            for one in self.samples(DROPPED)
            if self._is_of_server(one)
        ]
        return tuple(sorted(dropped, key=lambda one: one.job)[:MAX_NAMED])

    def identities(self) -> tuple[str, ...]:
        """The values of a label of which the targets of one role have several, as matchers."""
        samples = self.samples(IDENTITIES)
        for label in CLUSTER_LABELS:
            for role in Role:
                values = {
                    value
                    for one in samples
                    if self._known.may_have(role, one.labels) and (value := one.labels.get(label))
                }
                if len(values) > 1:
                    return tuple(f'{label}="{value}"' for value in sorted(values)[:MAX_NAMED])
        return ()

    def _is_of_server(self, sample: Sample) -> bool:
        return any(self._known.may_have(role, sample.labels) for role in Role)

    def reading(self, signal: Signal, *, newest: bool = False) -> Reading:
        """The signal's value; where a missing series proves it, 0 or "no observations"."""
        if signal.role and (unreadable := self._unreadable(signal.role, signal.query.shape)):
            return unreadable
        answer = self._answer(signal.query.promql, newest=newest)
        if answer.absence:
            return Reading.missing(answer.absence, answer.detail)
        if not answer.samples:
            count = signal.query.count_promql
            if not count:
                return self._absent(signal)
            return self._nothing_observed(signal, count, newest=newest)
        value = answer.samples[0].value
        if signal.query.count_promql and math.isnan(value):
            return self._nothing_observed(signal, signal.query.count_promql, newest=newest)
        if not math.isfinite(value):
            return Reading.missing(Absence.NOT_A_NUMBER, f"{signal.name} is {value}")
        return Reading.of(value)

    def _unreadable(self, role: Role, shape: Shape) -> Reading | None:
        """Why no series of this role and shape can be read; None when they can."""
        if self._naming.names and self._naming.style != self._queries.style:
            return Reading.missing(Absence.NO_SERIES, self._unknown_style())
        if self.targets[role].absence:
            return self.targets[role]
        if role in self._seldom_scraped and shape is not Shape.GAUGE:
            return Reading.missing(Absence.STALE, self._too_seldom(role))
        return None

    def _nothing_observed(self, signal: Signal, count_promql: str, *, newest: bool) -> Reading:
        """A quantile or ratio of no events is NaN; the rate of its events must confirm that."""
        count = self._answer(count_promql, newest=newest)
        if count.absence:
            return Reading.missing(count.absence, count.detail)
        if any(sample.value != 0 for sample in count.samples):
            detail = (
                f"{signal.name} has no value although its events are counted: are its buckets"
                " dropped by a relabel rule?"
            )
            return Reading.missing(Absence.NOT_A_NUMBER, detail)
        return self._absent(signal)

    def _absent(self, signal: Signal) -> Reading:
        """A missing series means 0 only while a target that exports it is scraped and up.

        An instance that is down does no work either; the rule for instances reports it.
        """
        gauge = signal.query.shape is Shape.GAUGE and signal.explains
        if signal.condition is not Condition.ALWAYS and (
            gauge or signal.condition not in self._exported
        ):
            return Reading.missing(Absence.NOT_EXPORTED)
        if signal.role and (unproven := self._unproven(signal.role)):
            return unproven
        if gauge:
            return Reading.missing(Absence.NO_SERIES, signal.absent_when_healthy)
        if signal.query.shape in (Shape.QUANTILE, Shape.RATIO):
            return Reading.missing(Absence.NO_OBSERVATIONS)
        return Reading.of(0)

    def _unproven(self, role: Role) -> Reading | None:
        """Why a missing series of the role means nothing; None when it means 0."""
        cluster = self._queries.shown
        if self.targets[role].value != 1:
            detail = f"scrapes of {self._pattern(role)} of {cluster} fail (`up` is 0)"
            return Reading.missing(Absence.NO_SERIES, detail)
        names = self._answer(NAMES)
        if names.absence:
            return Reading.missing(names.absence, names.detail)
        if not self._naming.names:
            detail = f"{cluster} exports no metric that ends in persistence_requests"
            return Reading.missing(Absence.NO_SERIES, detail)
        return None

    def _instances(self, role: Role) -> tuple[Instance, ...]:
        """The role's instances that are scraped now, by name."""
        found = []
        for sample in self.samples(self._queries.targets):
            if role in self._known.roles_of(sample.labels):
                name, address = self._known.name(sample.labels), sample.labels.get(ADDRESS, "")
                up, other = sample.value > 0, address if address != name else ""
                found.append(Instance(name=name, up=up, address=other))
        return tuple(sorted(found, key=lambda instance: instance.name))

    def _target(self, role: Role) -> Reading:
        """1 when an instance of the role is up, 0 when all that are scraped now are down."""
        fresh = self._answer(self._queries.targets)
        if fresh.absence:
            return Reading.missing(fresh.absence, fresh.detail)
        pattern, cluster = self._pattern(role), self._queries.shown
        if instances := self.instances[role]:
            return Reading.of(float(any(instance.up for instance in instances)))
        for sample in self.samples(LAST_SCRAPE):
            if self._known.may_have(role, sample.labels):
                detail = f"{pattern} of {cluster} was last scraped {sample.value:.0f} s ago"
                return Reading.missing(Absence.STALE, detail)
        label = self._queries.labels.role
        detail = f"no `up` series of {label} {pattern} in {cluster}"
        if others := {self._known.role_label(one.labels) for one in self.samples(LAST_SCRAPE)}:
            shown = ", ".join(sorted(others)[:_SHOWN_VALUES])
            detail += f"; there, {label} is {shown}" + (
                ", ..." if len(others) > _SHOWN_VALUES else ""
            )
        return Reading.missing(Absence.NO_SERIES, detail)

    def _pattern(self, role: Role) -> str:
        return self._queries.labels.pattern(role)

    def _too_seldom(self, role: Role) -> str:
        return (
            f"{self._pattern(role)} was scraped less than twice in {self._queries.short:g} s; "
            "COPILOT_SHORT_WINDOW_SECONDS must hold two scrapes"
        )

    def _unknown_style(self) -> str:
        found, problem = ", ".join(self._naming.names), self._naming.problem
        return (
            f"{self._queries.shown} exports {found}: "
            + (problem or "their style has just changed")
            + "; docs/signals.md lists the styles that are understood"
        )
