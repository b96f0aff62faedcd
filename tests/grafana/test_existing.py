"""Dashboards for existing clusters: their labels and names of metrics, on a real Prometheus."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from copilot.clusters.labels import LabelMapping
from copilot.errors import MetricsError
from copilot.signals.prometheus import MetricsClient
from copilot.signals.style import Style, Unit
from grafana.dashboard import LogQL, PromQL
from grafana.existing import existing_clusters
from grafana.provisioning import DASHBOARDS, all_queries, dashboard_path
from grafana.shown import ShownCluster
from tests.copilot.signals.backfilled_prometheus import running_prometheus
from tests.copilot.signals.conftest import build_prometheus
from tests.copilot.signals.expositions import growing
from tests.copilot.signals.test_catalog import selectors_of
from tests.copilot.signals.test_styles import CLUSTERS, OTEL, PLAIN, PLAIN_STYLE, respond_with
from tests.fakes.http_server import serving
from tests.fakes.http_source import Reply, closed_port, fake_metrics_store
from tests.grafana.exported_metrics import metrics_of
from tests.grafana.variables import expand_variables
from tests.logql import logql_parser
from tests.waiting import until_async

ROOT = Path(__file__).parent.parent.parent
WITHIN_SECONDS = 240
PODS = LabelMapping(matcher='namespace="temporal"', role="container", instance="pod")
FILE = """\
cluster: {name}
monitored_address: temporal.example:7233
prometheus_endpoint: {url}
labels: {labels}
"""
CONTAINERS = {"temporal-frontend", "temporal-history"}
COPILOT = """\
# TYPE copilot_gate_fired gauge
copilot_gate_fired{cluster="prod",gate="view"} 1
copilot_gate_fired{cluster="staging",gate="view"} 1
copilot_gate_fired{cluster="staging",gate="progress"} 1
# TYPE copilot_query_errors_total counter
copilot_query_errors_total{source="loki"} 0
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 1000
"""
COPILOTS = ("copilot_", "process_")
# The recorded server with plain names had no activities of users that waited.
_NOT_RECORDED = 'task_type="Activity"'


def cluster_file(folder: Path, name: str, url: str, labels: LabelMapping) -> Path:
    path = folder / f"{name}.yaml"
    text = FILE.format(name=name, url=url, labels=json.dumps(labels.model_dump()))
    path.write_text(text, encoding="utf-8")
    return path


def promql(shown: ShownCluster) -> dict[str, dict[str, PromQL]]:
    """The queries by dashboard and expression, with Grafana's variables expanded."""
    found: dict[str, dict[str, PromQL]] = {}
    for dashboard, _, query in all_queries(shown):
        if isinstance(query, PromQL):
            expr = expand_variables(query.expr, short="10s", long="20s")
            found.setdefault(dashboard.uid, {})[expr] = query
    return found


async def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "grafana", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WITHIN_SECONDS,
    )


def answer(*names: str) -> Reply:
    """Series with these names."""
    series = [{"metric": {"__name__": name}, "value": [1790000000, "1"]} for name in names]
    return Reply(
        json.dumps({"status": "success", "data": {"resultType": "vector", "result": series}})
    )


def opentelemetry(query: str) -> Reply:
    names = ("persistence_requests_total", "persistence_latency_milliseconds_bucket")
    return answer(*names) if "persistence_requests" in query else answer()


@pytest.mark.parametrize("style", [style for _, style, _ in CLUSTERS.values()], ids=[*CLUSTERS])
def test_every_query_has_the_labels_and_names_of_the_cluster(style: Style) -> None:
    shown = ShownCluster.existing("prod", PODS, style, copilot_label="cluster")
    for queries in promql(shown).values():
        for expr in queries:
            if "persistence_latency" in expr:
                assert ("* 1000" in expr) == (style.unit is Unit.SECONDS)
            for selector in selectors_of(promql_parser.parse(expr)):
                name = selector.name or ""
                matchers = [(one.name, one.value) for one in selector.matchers.matchers]
                assert "job" not in dict(matchers)
                if name.startswith(COPILOTS):
                    assert matchers[:1] in ([], [("cluster", "prod")])
                else:
                    assert matchers[0] == ("namespace", "temporal")
                    assert "cluster" not in dict(matchers)
                if not name.startswith((*COPILOTS, "temporal_", "up")):
                    # `namespace` has the pod's, and the first matcher selects it.
                    labels = [label for label, _ in matchers[1:]]
                    assert not style.exported_namespace or "namespace" not in labels
                    assert name.startswith(style.prefix)
                    # The fork for Aurora DSQL defines names with this ending.
                    counted = name.endswith("_total") and "dsql_" not in name
                    assert not counted or style.counter


def test_every_logql_expression_parses(tmp_path: Path) -> None:
    labels = PODS.model_copy(update={"logs_matcher": 'namespace="temporal"'})
    shown = ShownCluster.existing("prod", labels, PLAIN_STYLE, copilot_label="cluster")
    found = [query for _, _, query in all_queries(shown) if isinstance(query, LogQL)]
    assert {query.legend for query in found} == {"", "{{container}}"}
    expressions = [expand_variables(query.expr) for query in found]
    assert all('{namespace="temporal"}' in one for one in expressions)
    assert logql_parser(tmp_path).problems(expressions) == [""] * len(expressions)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Prometheus with pods of plain names, one process, and a Copilot that watches both."""
    build_prometheus()
    with ExitStack() as stack:

        def target(text: str, **labels: str) -> dict[str, object]:
            url = stack.enter_context(serving(respond_with(growing(text))))
            return {"targets": [url.removeprefix("http://")], "labels": labels}

        jobs = {
            "pods": [
                target(PLAIN, container=container, namespace="temporal", pod=f"{container}-0")
                for container in CONTAINERS
            ],
            "stores": [target("", container="postgres", namespace="temporal", pod="postgres-0")],
            "compose": [target(OTEL, env="staging")],
            "copilot": [target(COPILOT, cluster="of-machines")],
        }
        configs = [{"job_name": name, "static_configs": targets} for name, targets in jobs.items()]
        settings = {"scrape_interval": "2s", "scrape_timeout": "2s"}
        configuration = json.dumps({"global": settings, "scrape_configs": configs})
        folder = tmp_path_factory.mktemp("prometheus")
        yield stack.enter_context(running_prometheus(configuration, folder))


@pytest.mark.parametrize(
    ("name", "labels", "exposition", "style", "up", "rules"),
    [
        ("prod", PODS, PLAIN, CLUSTERS["plain-exported"][1], CONTAINERS, 1),
        (
            "staging",
            LabelMapping(matcher='env="staging"'),
            OTEL,
            CLUSTERS["opentelemetry"][1],
            {"compose"},
            2,
        ),
    ],
    ids=["pods", "one-process"],
)
async def test_every_query_finds_what_the_cluster_exports(
    *,
    url: str,
    tmp_path: Path,
    name: str,
    labels: LabelMapping,
    exposition: str,
    style: Style,
    up: set[str],
    rules: int,
) -> None:
    file = cluster_file(tmp_path, name, url, labels)

    async def described() -> ShownCluster | None:
        try:
            (found,) = await existing_clusters([file])
        except MetricsError:
            return None
        return found if "exported_cluster" in found.watched else None

    shown = await until_async(described, WITHIN_SECONDS, "the cluster and Copilot are scraped")
    assert shown
    assert shown.style == style
    queries = promql(shown)
    server = queries[shown.uid("temporal-server-health")]
    wanted = {
        expr
        for expr, query in server.items()
        if not query.absent_when_healthy
        and _NOT_RECORDED not in expr
        and all(f"\n{metric}{{" in exposition for metric in metrics_of(expr) - {"up"})
    }
    assert len(wanted) > len(server) / 3

    async with MetricsClient(url, timeout_seconds=60, budget_seconds=600) as client:

        async def silent() -> set[str]:
            answers = await client.query_all(wanted)
            return {expr for expr, answer in answers.items() if not answer.samples}

        async def all_found() -> bool:
            return not await silent()

        await until_async(all_found, WITHIN_SECONDS, "every query of an exported metric finds it")
        every = await client.query_all(expr for one in queries.values() for expr in one)
        assert {answer.detail for answer in every.values() if answer.absence} == set()
        (services,) = (expr for expr in server if "up{" in expr and "min by" in expr)
        assert {one.labels[labels.role] for one in every[services].samples} == up
        (fired,) = (expr for expr in every if expr.startswith("sum(copilot_gate_fired"))
        assert [one.value for one in every[fired].samples] == [rules]
        (memory,) = (expr for expr in every if "process_resident_memory_bytes" in expr)
        assert [one.value for one in every[memory].samples] == [1000]


def dashboard_in(file: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(Path(file).read_text(encoding="utf-8"))
    return parsed


async def test_each_file_has_a_set_of_dashboards(tmp_path: Path) -> None:
    async with fake_metrics_store(opentelemetry) as store:
        files = [
            cluster_file(tmp_path, name, store.url, PODS) for name in ("prod", "eu.west." + "x" * 9)
        ]
        completed = await run(tmp_path / "json", "--cluster-file", *files)
    assert completed.stderr == ""
    written = [dashboard_in(line) for line in completed.stdout.splitlines()]
    assert len(written) == 2 * len(DASHBOARDS)
    uids = {one["uid"] for one in written}
    assert len(uids) == len(written)
    assert "temporal-server-health-prod" in uids
    assert max(map(len, uids)) <= 40
    assert {one["title"].partition(": ")[2] for one in written} == {"prod", "eu.west.xxxxxxxxx"}
    for one in written:
        variables = {variable["name"] for variable in one["templating"].get("list", [])}
        assert "cluster" not in variables
        text = json.dumps(one)
        assert "$cluster" not in text
        for part in text.split("/d/")[1:]:
            assert part.startswith(tuple(f"{uid})" for uid in uids))
    assert dashboard_path(DASHBOARDS[0]) == "temporal/temporal-server-health.json"


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ((), 'namespace="temporal": no persistence_requests'),
        (("persistence_requests", "persistence_requests_total"), "several styles"),
        (("persistence_requests", "persistence_latency_bucket"), "seconds"),
    ],
)
async def test_names_that_are_not_known_are_one_line(
    tmp_path: Path, names: tuple[str, ...], problem: str
) -> None:
    async with fake_metrics_store(lambda _: answer(*names)) as store:
        file = cluster_file(tmp_path, "prod", store.url, PODS)
        completed = await run(tmp_path / "json", "--cluster-file", file)
    assert_refused(completed, str(file), problem, *names)
    assert not (tmp_path / "json").exists()


async def test_a_store_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    file = cluster_file(tmp_path, "prod", url, PODS)
    completed = await run(tmp_path / "json", "--cluster-file", file)
    assert_refused(completed, str(file), url)
    assert not (tmp_path / "json").exists()


async def test_files_that_are_wrong_or_of_one_cluster_are_one_line(tmp_path: Path) -> None:
    async with fake_metrics_store(opentelemetry) as store:
        good = cluster_file(tmp_path, "prod", store.url, PODS)
        same = tmp_path / "same.yaml"
        same.write_text(good.read_text())
        wrong = tmp_path / "wrong.yaml"
        wrong.write_text(good.read_text() + "role: job\n")
        for file, problem in ((same, "prod"), (wrong, "role"), (tmp_path / "no.yaml", "no.yaml")):
            completed = await run(tmp_path / "json", "--cluster-file", good, file)
            assert_refused(completed, str(file), problem)
        assert not (tmp_path / "json").exists()


async def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert_refused(await run(tmp_path / "file"), str(tmp_path / "file"))


def assert_refused(completed: subprocess.CompletedProcess[str], *parts: str) -> None:
    assert completed.returncode == 2
    (line,) = completed.stderr.splitlines()
    for part in parts:
        assert part in line
    assert completed.stdout == ""
