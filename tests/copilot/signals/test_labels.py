"""Clusters whose labels are not this project's, side by side in one real Prometheus."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from copilot.check import check
from copilot.clusters.file import parse_cluster
from copilot.clusters.labels import LabelMapping
from copilot.finding import Finding
from copilot.health.decision import Decision, Memory, State
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.settings import Settings
from copilot.signals.catalog import CATALOG
from copilot.signals.known_cluster import KnownCluster
from copilot.signals.measure import measure
from copilot.signals.measurement import Instance, Measurement, OwnedShards
from copilot.signals.prometheus import MetricsClient
from copilot.signals.queue import QueueSurvey
from copilot.signals.reading import Absence, Reading
from copilot.signals.roles import Role
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import Snapshot
from tests.copilot.signals.backfilled_prometheus import Series, backfilled_prometheus
from tests.copilot.signals.clusters import (
    LONG,
    SCRAPE,
    SHORT,
    STALE_AFTER,
    busy,
    idle,
    queue,
    workflows,
)
from tests.copilot.signals.conftest import build_prometheus
from tests.ports import free_port

DOCUMENT = Path(__file__).parents[3] / "docs" / "existing-clusters.md"
PODS = {"temporal": "10.0.0.1:9090", "temporal-staging": "10.0.1.1:9090"}
"""Kubernetes' namespaces, each with a cluster, and the address of its pods' metrics."""
PROD = LabelMapping(matcher='namespace="temporal"', role="container", instance="pod")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("copilot.signals.measure.EXPLAINING_SECONDS", 60)


def with_labels(series: list[Series], *labels: str) -> list[Series]:
    return [replace(one, text=one.text.replace("{", f"{{{','.join(labels)},", 1)) for one in series]


def scraped_by_the_operator(series: list[Series], namespace: str) -> Iterator[Series]:
    """As the ServiceMonitors of Temporal's Helm chart scrape it: chart 1.0, container by role."""
    of_pods = [f'namespace="{namespace}"', 'endpoint="metrics"', f'instance="{PODS[namespace]}"']
    for one in series:
        role = next((role for role in Role if role.job in one.text), Role.HISTORY)
        text = re.sub(r'\b(job|instance)="[^"]*",?', "", one.text)
        text = text.replace("namespace=", "exported_namespace=")
        labels = [
            *of_pods,
            f'container="{role.job}"',
            f'pod="{role.job}-7c9f8d-x2x4z"',
            *(f'{name}="{role.job}-headless"' for name in ("job", "service")),
        ]
        yield from with_labels([replace(one, text=text)], *labels)


def other() -> list[Series]:
    """Another cluster: what must not be read as the first one's."""
    space = 'namespace="other"'
    waiting = queue("other", space=space)
    return [
        *idle(),
        workflows("workflow_success_total", "Other", 40, space),
        workflows("workflow_failed_total", "Other", 40, space),
        Series(f"approximate_backlog_count{{{waiting}}}", 900),
        Series(f"approximate_backlog_age_seconds{{{waiting}}}", 900),
        Series('persistence_sql_in_use{service_name="history",db_kind="main"}', 50),
    ]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    build_prometheus()
    postgres = Series('up{namespace="temporal",job="postgres",container="postgres",pod="pg-0"}', 1)
    series = [
        *with_labels(busy(), 'cluster="known"'),
        *with_labels(busy(), 'env="one"'),
        *with_labels(other(), 'env="two"'),
        *scraped_by_the_operator(busy(), "temporal"),
        *scraped_by_the_operator(other(), "temporal-staging"),
        postgres,
    ]
    with backfilled_prometheus(series, tmp_path_factory.mktemp("prometheus")) as url:
        yield url


async def measured(url: str, labels: LabelMapping, cluster: str = "prod") -> Measurement:
    """What the second cycle reads: the first one finds the style."""
    known = KnownCluster(labels)
    async with MetricsClient(url, timeout_seconds=60, budget_seconds=600) as client:
        return await measure(
            client,
            cluster=cluster,
            short=SHORT,
            long=LONG,
            scrape=SCRAPE,
            stale_after=STALE_AFTER,
            known=known,
        )


def assert_reads_as(found: Measurement, expected: Measurement) -> None:
    for signal in CATALOG:
        reading, wanted = found.readings[signal.name], expected.readings[signal.name]
        assert reading.absence is wanted.absence, signal.name
        assert reading.value == pytest.approx(wanted.value), signal.name
    assert found.active_queues == expected.active_queues
    assert {one.workflow_type for one in found.outcomes} == {"Order"}
    assert found.duplicates == ()


@pytest.mark.parametrize("labels", [LabelMapping(matcher='env="one"'), PROD], ids=["env", "pods"])
async def test_a_cluster_is_read_without_another_one_beside_it(
    url: str, labels: LabelMapping
) -> None:
    assert_reads_as(await measured(url, labels), await measured(url, LabelMapping(), "known"))


async def test_instances_are_pods_that_are_asked_at_their_address(url: str) -> None:
    found = await measured(url, PROD)
    for role in Role:
        (one,) = found.instances[role]
        assert one == Instance(name=f"{role.job}-7c9f8d-x2x4z", up=True, address="10.0.0.1:9090")


async def test_roles_may_be_told_by_the_names_of_services(url: str) -> None:
    labels = LabelMapping(
        matcher='namespace="temporal"',
        role="service",
        **{role: f"(prod-)?{role.job}-headless" for role in Role},
    )
    found = await measured(url, labels)
    assert found.targets == dict.fromkeys(Role, Reading.of(1))
    assert found.readings[S.STATE_TRANSITIONS_RATE].value == pytest.approx(10)


async def test_a_matcher_that_selects_nothing_is_named(url: str) -> None:
    found = await measured(url, LabelMapping(matcher='namespace="temporall"'))
    assert {one.absence for one in found.targets.values()} == {Absence.NO_SERIES}
    assert 'namespace="temporall"' in found.targets[Role.HISTORY].detail


async def test_a_label_that_tells_no_role_is_named_with_its_values(url: str) -> None:
    labels = LabelMapping(matcher='namespace="temporal"', matching="matchmaker")
    detail = (await measured(url, labels)).targets[Role.MATCHING].detail
    assert "job matchmaker" in detail
    assert "postgres, temporal-frontend-headless" in detail


async def test_two_clusters_at_once_are_unknown_with_the_labels_that_tell_them_apart(
    url: str,
) -> None:
    both = LabelMapping(matcher='namespace=~"temporal.*"', role="container", instance="pod")
    found = await measured(url, both)
    assert found.identities == ('namespace="temporal"', 'namespace="temporal-staging"')
    decision = decided(found)
    assert decision.state is State.UNKNOWN
    (rule,) = decision.gates
    assert 'namespace="temporal-staging"' in rule.detail
    # One cluster in two namespaces: its instances own the frontend's shards, and no more.
    owned = tuple(OwnedShards(instance=one.name, shards=4) for one in found.instances[Role.HISTORY])
    whole = found.model_copy(update={"owned_shards": owned, "duplicates": ()})
    assert decided(whole, shards=4).state is not State.UNKNOWN


async def test_two_clusters_that_no_label_tells_apart_own_too_many_shards(url: str) -> None:
    found = (await measured(url, PROD)).model_copy(
        update={"owned_shards": (OwnedShards(instance="temporal-history-7c9f8d-x2x4z", shards=8),)}
    )
    assert decided(found, shards=8).state is not State.UNKNOWN
    decision = decided(found, shards=4)
    assert decision.state is State.UNKNOWN
    assert "own 8 history shards" in decision.gates[0].detail


async def test_metrics_of_namespaces_that_the_frontend_has_not_are_of_another_cluster(
    url: str,
) -> None:
    """As the metrics of another tenant are."""
    decision = decided(await measured(url, PROD), foreign=("default",))
    assert decision.state is State.UNKNOWN
    assert "default" in decision.gates[0].detail


def decided(
    found: Measurement, shards: int | None = None, foreign: tuple[str, ...] = ()
) -> Decision:
    """The first decision of a cluster."""
    snapshot = Snapshot(
        cluster="prod",
        at=datetime.now(UTC),
        metrics=found,
        queues=QueueSurvey(),
        shards=shards,
        foreign_namespaces=foreign,
    )
    return evaluate(Memory(), snapshot, Thresholds())


@pytest.mark.parametrize(
    ("labels", "name", "state", "text"),
    [
        ({"MATCHER": 'namespace="temporal"'}, "metrics store", "ok", "5 targets"),
        ({"MATCHER": 'namespace="temporall"'}, "metrics store", "wrong", 'namespace="temporal"; '),
        (
            {"MATCHER": 'namespace="temporal"', "ROLE": "container"},
            "roles",
            "ok",
            "frontend 1, history 1, matching 1, worker 1",
        ),
        ({"MATCHER": 'namespace="temporal"'}, "roles", "warning", "job temporal-frontend"),
        ({"MATCHER": 'namespace=~"temporal.*"', "ROLE": "container"}, "signals", "wrong", "sever"),
    ],
)
async def test_the_check_names_what_a_mapping_selects(
    url: str, labels: dict[str, str], name: str, state: str, text: str
) -> None:
    found = (await findings(url, labels))[name]
    assert found.state == state, found
    assert text in found.finding


async def findings(url: str, labels: dict[str, str]) -> dict[str, Finding]:
    settings = Settings.model_validate(
        {
            "COPILOT_LABELS": labels,
            "COPILOT_SCRAPE_SECONDS": SCRAPE,
            "COPILOT_SHORT_WINDOW_SECONDS": SHORT,
            "COPILOT_LONG_WINDOW_SECONDS": LONG,
            "PROMETHEUS_ENDPOINT": url,
            "MONITORED_TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
        }
    )
    return {one.name: one async for one in check(settings)}


def test_the_documented_mappings_are_cluster_files() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    clusters = [parse_cluster(DOCUMENT, text.encode()) for text in examples]
    assert PROD.model_copy(update={"logs_matcher": PROD.matcher}) in [
        cluster.labels for cluster in clusters
    ]
