"""The clusters of a metrics store, and a proposed file for each that is chosen."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from copilot.access.settings import MetricsAccess, parse_headers
from copilot.clusters.labels import LabelMapping
from copilot.discover import advice, judging
from copilot.discover.frontend import MAX_NAMESPACES, FrontendFacts, Match, ask_frontend, match
from copilot.discover.nothing import why_nothing
from copilot.discover.proposal import (
    TENANT_HEADER,
    Key,
    Proposal,
    access_keys,
    cluster_names,
    guessed_address,
    label_keys,
)
from copilot.discover.split import TENANT, Part, Sureness, split
from copilot.discover.store import (
    DEFAULT_SCRAPE_SECONDS,
    ServerNames,
    Trial,
    judge,
    look,
    names_of,
    roles_of,
)
from copilot.discover.targets import read_targets
from copilot.errors import AccessError, MonitoredClusterError, SourceError
from copilot.setting_groups import SourceSettings
from copilot.signals.prometheus import MetricsClient

# More than in a cycle: some queries go through an hour, and the store may be a slow one.
_SECONDS, _BUDGET_SECONDS = 30.0, 60.0
_OWN = "the Temporal of a Copilot"


@dataclass(frozen=True)
class Result:
    """The chosen clusters, and each problem on one line."""

    proposals: tuple[Proposal, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Cluster:
    """A cluster of the store, with what its metrics say and how its tenant is read."""

    name: str
    part: Part
    access: MetricsAccess
    names: ServerNames

    @property
    def described(self) -> str:
        return f"{self.name} ({_OWN})" if self.part.is_own else self.name


async def find(settings: SourceSettings, *, frontend: str, cluster: str, every: bool) -> Result:
    """Propose the file of `cluster`, of the one that `frontend` serves, or of `every` one.

    Raises MetricsError where the store cannot be read, and SourceError where it has no cluster or
    it is not clear which is meant.
    """
    async with _client(settings, settings.metrics) as client:
        seen = await look(client)
        parts = split(read_targets(seen))
        if not parts:
            raise SourceError(await why_nothing(client, seen))
    clusters = []
    for part, name in zip(parts, cluster_names(parts), strict=True):
        access = _of_tenant(part, settings.metrics)
        async with _client(settings, access) as client:
            clusters.append(_Cluster(name, part, access, await names_of(client, part)))
    clusters.sort(key=lambda one: (one.part.is_own, one.name))
    problems = []
    facts = served = None
    if frontend:
        try:
            facts = await ask_frontend(frontend, settings.monitored)
            served = match(facts, [x.part for x in clusters], [x.names.servers for x in clusters])
        except (AccessError, MonitoredClusterError) as error:
            problems.append(str(error))
    proposals = []
    for one in _choose(clusters, served, cluster, every=every):
        its = _serves(one, clusters, served, chosen=bool(cluster))
        given = (facts, its) if facts and its else None
        proposals.append(await _propose(settings, one, given, has_alloy=seen.has_alloy))
    if served and served.index is None and not cluster:
        problems.append(f"no file has the frontend {frontend}: {served.reason}")
    problems += [_cannot_judge(one) for one in proposals if not one.can_judge]
    return Result(tuple(proposals), tuple(problems))


def _client(settings: SourceSettings, access: MetricsAccess) -> MetricsClient:
    return MetricsClient(
        settings.prometheus_endpoint,
        access,
        timeout_seconds=_SECONDS,
        budget_seconds=_BUDGET_SECONDS,
    )


def _of_tenant(part: Part, access: MetricsAccess) -> MetricsAccess:
    """The access with the header of the part's tenant, where the store was read for several."""
    tenant = dict(part.selection).get(TENANT)
    if not tenant:
        return access
    headers = parse_headers(access.headers.get_secret_value().split(","))
    headers[TENANT_HEADER.lower()] = tenant[0]
    text = ",".join(f"{name}={value}" for name, value in headers.items())
    return access.model_copy(update={"headers": SecretStr(text)})


def _choose(
    clusters: Sequence[_Cluster], served: Match | None, name: str, *, every: bool
) -> Sequence[_Cluster]:
    """Raises SourceError where it is not clear which cluster is meant."""
    listed = ", ".join(one.described for one in clusters)
    if name:
        found = [one for one in clusters if one.name == name]
        if not found:
            raise SourceError(f"the store has no cluster {name}; it has {listed}")
        if served and served.index is not None and clusters[served.index].name != name:
            other = clusters[served.index].name
            raise SourceError(f"the frontend is of {other}, not of {name}: {served.reason}")
        return found
    if every:
        return clusters
    if served and served.index is None:
        raise SourceError(f"{served.reason}; the store has {listed}: choose with --cluster NAME")
    if served and served.index is not None:
        return [clusters[served.index]]
    others = [one for one in clusters if not one.part.is_own]
    if len(others) != 1:
        raise SourceError(
            f"the store has {listed}: choose with --cluster NAME, or write each with"
            " --output FOLDER/"
        )
    return others


def _serves(
    cluster: _Cluster, clusters: Sequence[_Cluster], served: Match | None, *, chosen: bool
) -> Match | None:
    """How it is known that the frontend serves the cluster; None when it does not."""
    if served is None:
        return None
    if served.index is None:
        return Match(None, Sureness.GUESS, f"as given, but {served.reason}") if chosen else None
    return served if clusters[served.index] is cluster else None


async def _propose(
    settings: SourceSettings,
    cluster: _Cluster,
    frontend: tuple[FrontendFacts, Match] | None,
    *,
    has_alloy: bool,
) -> Proposal:
    part = cluster.part
    notes = list(part.notes)
    async with _client(settings, cluster.access) as client:
        roles = await roles_of(client, part)
        labels = [*label_keys(part, cluster.name, roles, cluster.names.label)]
        mapping = LabelMapping.model_validate(
            {key.path.removeprefix("labels."): key.value for key in labels}, by_name=True
        )
        trial = await judge(client, cluster.name, mapping)
    notes += _cadence(trial)
    label = part.selection[0][0].replace(TENANT, "tenant")
    reason = f"named after the {label}" if mapping.matcher else part.reason
    keys = [Key("cluster", cluster.name, part.sureness, reason)]
    keys += _frontend_keys(cluster, frontend, trial)
    for one in (*_metrics_keys(settings, cluster.access), *_sign_in_keys(settings, frontend)):
        if isinstance(one, Key):
            keys.append(one)
        else:
            notes.append(one)
    reason = "the Copilot only reads; with `on` it also runs small workflows of its own there"
    keys += [*labels, Key("canary", "off", Sureness.SURE, reason)]
    setup = advice.setup_of(part, has_alloy=has_alloy)
    missing = judging.missing(part, trial.decision, trial.naming, trial.style, setup)
    return Proposal(
        name=cluster.name,
        keys=tuple(keys),
        notes=tuple(notes),
        missing=tuple(missing),
        is_own=part.is_own,
        can_judge=trial.can_judge,
    )


def _frontend_keys(
    cluster: _Cluster, frontend: tuple[FrontendFacts, Match] | None, trial: Trial
) -> Iterator[Key]:
    path = "monitored_namespaces"
    found = cluster.names.namespaces
    if frontend:
        facts, its = frontend
        yield Key("monitored_address", facts.address, its.sureness, its.reason)
        if facts.namespaces:
            reason = "the frontend lists " + (f"over {MAX_NAMESPACES}" if facts.more else "them")
            names = ("*",) if facts.more else facts.namespaces
            yield Key(path, names, its.sureness, reason)
            return
    else:
        yield guessed_address(cluster.part)
    if not found:
        yield Key(path, ("default",), Sureness.GUESS, "no namespace of users is known yet")
        return
    rewritten = trial.style.rewrites_values and any("_" in name for name in found)
    reason = "metrics have them" + (", where `_` may be another character" if rewritten else "")
    yield Key(
        path, found[:MAX_NAMESPACES], Sureness.GUESS if rewritten else Sureness.LIKELY, reason
    )


def _metrics_keys(settings: SourceSettings, access: MetricsAccess) -> Iterator[Key | str]:
    url = httpx.URL(settings.prometheus_endpoint)
    shown = str(url.copy_with(userinfo=b""))
    yield Key("prometheus_endpoint", shown, Sureness.SURE, "it answers")
    if url.userinfo:
        yield "the URL has a user: set metrics.username and metrics.password_file"
    yield from access_keys("metrics", "COPILOT_METRICS", access)


def _sign_in_keys(
    settings: SourceSettings, frontend: tuple[FrontendFacts, Match] | None
) -> Iterable[Key | str]:
    if frontend is None:
        return ()
    return access_keys("monitored", "COPILOT_MONITORED", settings.monitored)


def _cadence(trial: Trial) -> Iterator[str]:
    """A note where the Copilot must be set to another interval than its default."""
    seconds = trial.scrape_seconds
    if seconds != DEFAULT_SCRAPE_SECONDS:
        windows = f" and COPILOT_SHORT_WINDOW_SECONDS={2 * seconds:.0f}" if trial.is_slow else ""
        yield f"scraped every {seconds:.0f} s: set COPILOT_SCRAPE_SECONDS={seconds:.0f}{windows}"


def _cannot_judge(proposal: Proposal) -> str:
    why = proposal.missing[0].what if proposal.missing else "no rule can decide"
    return f"{proposal.name} cannot be judged yet: {why}"
