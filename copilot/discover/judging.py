"""What a cluster's rules cannot decide with the proposed keys, and what to add for them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from copilot.discover import advice
from copilot.discover.advice import Setup
from copilot.discover.proposal import Missing
from copilot.discover.split import Part
from copilot.health.decision import Decision, RuleName, RuleResult
from copilot.signals.catalog import BY_NAME
from copilot.signals.naming import Naming
from copilot.signals.reading import Absence
from copilot.signals.roles import Role
from copilot.signals.style import Style

_METRIC = re.compile(r"\b(?:counter|gauge|timer|dimensionless|bytes):\w+")
_NAMED = 5
# The metrics that tell the style of all names, also where they have a prefix or an ending.
_TELLING = ("persistence_requests.*", "persistence_latency.*", "state_transition_count.*")


def missing(
    part: Part, decision: Decision, naming: Naming, style: Style, setup: Setup
) -> Iterator[Missing]:
    """What the store lacks, by one decision on its metrics alone."""
    unread = [result for result in decision.gates if result.is_missing]
    yield from _targets(part, unread, setup)
    if not naming.style:
        found = f" (found: {', '.join(naming.names)})" if naming.names else ""
        problem = naming.problem or "they are not there"
        what = f"the style of the metrics' names is not known, for {problem}{found}"
        yield Missing(what, lines=advice.keep(setup, _TELLING))
    by_reason: defaultdict[str, list[RuleResult]] = defaultdict(list)
    for result in unread:
        if result.name is not RuleName.SERVICE_DOWN or result.subject in part.roles:
            by_reason[result.detail or f"{result.signal}: {result.absence}"].append(result)
    for reason, results in by_reason.items():
        yield Missing(reason, _names(results), _lines(results, style, setup))
    for notice in decision.notices:
        if notice.name in (RuleName.DUPLICATED_SERIES, RuleName.DROPPED_SAMPLES):
            yield Missing(_noticed(notice), (notice.name,))


def _names(results: Iterable[RuleResult]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(result.name for result in results))


def _targets(part: Part, unread: Iterable[RuleResult], setup: Setup) -> Iterator[Missing]:
    for role in Role:
        if role not in part.roles:
            rules = _names(result for result in unread if result.subject == role)
            yield Missing(f"no target has the role {role}", rules, advice.scrape(setup, part, role))
    without = [target for target in part.targets if target.up is None]
    if without:
        names = sorted({target.labels.get("instance", target.job) for target in without})
        listed = ", ".join(names[:_NAMED])
        yield Missing(
            f"no series `up` of {listed}: what writes these metrics does not write whether it could"
            " read them; scrape the servers with Prometheus or Alloy",
            lines=advice.scrape(setup, part, next(iter(without[0].roles))),
        )


def _lines(results: Iterable[RuleResult], style: Style, setup: Setup) -> str:
    """Lines for what is scraped too seldom, or dropped."""
    absences = {result.absence for result in results}
    if Absence.STALE in absences:
        return advice.scrape_interval(setup)
    if Absence.NOT_A_NUMBER in absences:
        return advice.keep(setup, _metrics((result.signal for result in results), style))
    return ""


def _metrics(signals: Iterable[str], style: Style) -> Iterator[str]:
    """The names of the metrics of these signals in the cluster's style."""
    named = {str(name): signal for name, signal in BY_NAME.items()}
    for name in signals:
        if name in named:
            for metric in _METRIC.findall(named[name].query.promql):
                yield style.write(metric)


def _noticed(result: RuleResult) -> str:
    if result.name is RuleName.DUPLICATED_SERIES:
        return f"the store has each series of {result.detail} several times: select one of them"
    share = f"{result.observed:.0%}" if result.observed is not None else "a part"
    return (
        f"{share} of the samples of job {result.subject} are dropped by relabel rules: a counter"
        " among them reads as 0"
    )
