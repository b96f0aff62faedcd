"""Proposals from real stores: they are read back as cluster files, and judge."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from copilot.clusters.file import parse_cluster
from copilot.discover import document
from copilot.discover.clusters import Result, find
from copilot.discover.proposal import Proposal
from copilot.discover.split import Sureness
from copilot.errors import MetricsError, SourceError
from copilot.health.decision import RuleName
from copilot.setting_groups import SourceSettings
from copilot.settings import Sources
from tests.copilot.discover import setups
from tests.copilot.discover.stores import scraped
from tests.copilot.signals.conftest import build_prometheus
from tests.copilot.signals.expositions import read
from tests.fakes.http_server import Request, Response, serving
from tests.fakes.http_source import vector
from tests.waiting import until_async

PLAIN, OTEL = read("plain-1.32.0"), read("opentelemetry-1.31.0")
WITHIN_SECONDS = 90
# The recorded one is of a Copilot's own Temporal.
MONITORED = OTEL.replace('taskqueue="copilot-task-queue"', 'taskqueue="orders"')


def of(targets: Sequence[setups.Target], exposition: str) -> list[tuple[setups.Target, str]]:
    return [(target, exposition) for target in targets]


SETUPS = {
    "stack": [*of(setups.stack(), MONITORED), *of(setups.own_temporal(), OTEL)],
    "chart": of(setups.chart(instances=1), PLAIN),
    "annotated": of(setups.annotated(), PLAIN),
    "compose": of(setups.compose(), PLAIN),
}
NAMES = {"stack": "monitored", "chart": "temporal", "annotated": "temporal", "compose": "temporal"}


@pytest.fixture(scope="module", params=SETUPS)
def setup(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """A set-up's name, and the URL of its store."""
    build_prometheus()
    with scraped(SETUPS[request.param], tmp_path_factory.mktemp("prometheus")) as url:
        yield request.param, url


def sources(url: str, **changes: object) -> SourceSettings:
    return Sources.model_validate({"PROMETHEUS_ENDPOINT": url, **changes})


async def proposed(url: str, **options: str) -> Proposal:
    """The only proposal, when the store has enough scrapes of all roles for a verdict."""

    async def see() -> Proposal | None:
        wanted = {"frontend": "", "cluster": "", **options}
        try:
            result = await find(sources(url), **wanted, every=False)
        except SourceError:
            return None
        (proposal,) = result.proposals
        return proposal if proposal.can_judge and not proposal.missing else None

    found = await until_async(see, WITHIN_SECONDS, "the cluster can be judged")
    assert found
    return found


async def test_the_proposed_file_is_read_back_and_judges(setup: tuple[str, str]) -> None:
    name, url = setup
    proposal = await proposed(url)
    assert not proposal.is_own
    text = document.as_yaml(proposal)
    assert document.as_json(proposal)["file"] == text
    cluster = parse_cluster(Path("cluster.yaml"), text.encode())
    assert cluster.cluster == NAMES[name]
    assert cluster.prometheus_endpoint == url
    assert cluster.monitored_namespaces == ("default",)
    assert cluster.canary == "off"


@pytest.mark.parametrize("exposition", [PLAIN, MONITORED], ids=["plain", "opentelemetry"])
async def test_a_cluster_without_buckets_says_what_to_keep(tmp_path: Path, exposition: str) -> None:
    """In the plain style they tell the unit of all times, so that nothing can be judged."""
    build_prometheus()
    with scraped(of(setups.compose(), exposition), tmp_path, drop=".*_bucket") as url:

        async def see() -> Result | None:
            try:
                result = await find(sources(url), frontend="", cluster="", every=False)
            except SourceError:
                return None
            lines = "".join(one.lines for one in result.proposals[0].missing)
            return result if "persistence_latency" in lines else None

        result = await until_async(see, WITHIN_SECONDS, "the buckets are missing")
    assert result
    (proposal,) = result.proposals
    assert not proposal.can_judge
    assert result.problems
    rules = {rule for one in proposal.missing for rule in one.rules}
    assert rules & {RuleName.PERSISTENCE_LATENCY, RuleName.VIEW}


async def test_a_store_of_tenants_says_what_to_set(setup: tuple[str, str]) -> None:
    _, url = setup
    with tenants(url, "team-a") as front:
        with pytest.raises(MetricsError, match=r"COPILOT_METRICS_HEADERS=X-Scope-OrgID"):
            await find(sources(front), frontend="", cluster="", every=False)
        settings = sources(front, COPILOT_METRICS={"HEADERS": "X-Scope-OrgID=team-a"})
        result = await find(settings, frontend="", cluster="", every=False)
    keys = {key.path: key.value for key in result.proposals[0].keys}
    assert keys["metrics.headers"] == "X-Scope-OrgID=team-a"


@contextmanager
def tenants(url: str, tenant: str) -> Iterator[str]:
    """A fake of a store that has several tenants: one of them is at `url`."""

    def respond(request: Request) -> Response:
        asked = request.headers.get("x-scope-orgid")
        if asked is None:
            return Response("no org id", 401)
        if asked != tenant:
            return Response(vector())
        answer = httpx.post(
            f"{url}{request.path}",
            content=request.body,
            headers={"Content-Type": request.headers["content-type"]},
            trust_env=False,
            timeout=60,
        )
        return Response(answer.text, answer.status_code)

    with serving(respond) as front:
        yield front


async def test_another_product_at_the_frontends_address(setup: tuple[str, str]) -> None:
    """The file is proposed all the same, with a guess."""
    _, url = setup
    result = await find(
        sources(url), frontend=url.split("/")[2], cluster=NAMES[setup[0]], every=False
    )
    (problem,) = (one for one in result.problems if "monitored cluster at" in one)
    assert "frontend" in problem
    keys = {key.path: key for key in result.proposals[0].keys}
    assert keys["monitored_address"].sureness is Sureness.GUESS


async def test_a_store_without_temporal_says_what_it_has(tmp_path: Path) -> None:
    build_prometheus()
    target = ({"job": "temporal-worker", "instance": "worker:9090"}, ())
    text = "temporal_request 1\n"
    with scraped([(target, text)], tmp_path) as url:

        async def see() -> str:
            try:
                await find(sources(url), frontend="", cluster="", every=False)
            except SourceError as error:
                return str(error) if "temporal-worker" in str(error) else ""
            return ""

        await until_async(see, WITHIN_SECONDS, "the workers are named")
