"""The stack `local` while it runs: restarts under load, its checks, another store for visibility.

On the stack of test_local_stack.py, after its tests; the last one destroys the stack.
"""

import csv
import io
import re
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
from docker.models.containers import Container

from components.health_check import READY_INTERVAL
from components.readiness import is_serving
from copilot.setting_groups import CycleSettings
from lab.load_control import LoadControl
from stacks.catalogue.elasticsearch import INDICES, INDICES_JOB, MONITORED_INDEX
from tests.docker.load import load
from tests.docker.local_stack import ON_ELASTICSEARCH, STACK, Start
from tests.lab.servers import require_opensearch
from tests.lab.watch import Watch
from tests.tdeploy.command import Tdeploy
from tests.waiting import until

RATE = 5.0
HAPPY_SECONDS = 300
READY_SECONDS = 300
# The load's workers may have to catch up after a restart.
ENDED_SECONDS = 400
# The load reports its counts every 10 s.
REPORTED_SECONDS = 180
REQUEST_SECONDS = 60
# A namespace has ten lists and counts a second, for all who ask.
COUNT_INTERVAL_SECONDS = 1.0
KILLED = 137
COLLECT = "look"
LOOP = "workflows/copilot-observe-monitored"


def answer(start: Start, cluster: str, path: str, **query: str) -> Any:  # noqa: ANN401
    """The answer of a Temporal cluster's frontend for its namespace `default`."""
    url = f"{start.stack.url(f'{cluster}-http')}/api/v1/namespaces/default/{path}"
    return httpx.get(url, params=query, timeout=REQUEST_SECONDS).raise_for_status().json()


def start_workflow(start: Start, cluster: str, identifier: str) -> None:
    url = f"{start.stack.url(f'{cluster}-http')}/api/v1/namespaces/default/workflows/{identifier}"
    nobody = {"workflowType": {"name": "None"}, "taskQueue": {"name": "none"}}
    httpx.post(url, json=nobody, timeout=REQUEST_SECONDS).raise_for_status()


def count(start: Start, cluster: str, query: str = "") -> int:
    return int(answer(start, cluster, "workflow-count", query=query).get("count", 0))


def collects(start: Start) -> bool:
    """Whether the Copilot's worker is in the middle of a cycle."""
    pending = answer(start, "copilot-temporal", LOOP).get("pendingActivities", [])
    return any(one["activityType"]["name"] == COLLECT for one in pending)


def stop(container: Container) -> None:
    """Stop it as `docker stop` does, with the time that the container has for it."""
    container.stop()
    container.reload()
    assert container.attrs["State"]["ExitCode"] != KILLED, container.name


def serves(container: Container) -> bool:
    container.reload()
    return is_serving(container.attrs["State"])


def started(load_log: Path) -> int:
    """Workflows that the load has started, as it last reported."""
    return int(re.findall(r"load: (\d+) started", load_log.read_text())[-1])


def timeline(watch: Watch, since: datetime) -> Any:  # noqa: ANN401
    query = {"start": since.isoformat()}
    url = f"{watch.url}/status/timeline"
    return httpx.get(url, params=query, timeout=REQUEST_SECONDS).raise_for_status().json()


def stored_cycles(start: Start, since: datetime) -> list[int]:
    """The numbers of the stored cycles, in the order of time."""
    command = ["psql", "--username=postgres", "--dbname=copilot", "--csv", "--tuples-only"]
    command += ["--command=SELECT at, cycle FROM cycles ORDER BY at"]
    code, output = start.stack.client.containers.get(f"{STACK}-postgresql").exec_run(command)
    assert code == 0, output
    assert isinstance(output, bytes)
    rows = csv.reader(io.StringIO(output.decode()))
    return [int(cycle) for at, cycle in rows if datetime.fromisoformat(at) > since]


def test_restarts_under_load_lose_nothing(start: Start, watch: Watch, tmp_path: Path) -> None:
    containers, control = start.stack.client.containers, tmp_path / "control.json"
    orders = f"WorkflowType = 'FulfilOrder' AND StartTime > '{datetime.now(UTC).isoformat()}'"
    with load(start.stack.url("temporal-frontend"), control, RATE):
        watch.until(
            lambda status: status["health_state"] == "happy" and not status["idle"],
            HAPPY_SECONDS,
            "happy under load",
        )
        begun = datetime.now(UTC)
        worker = containers.get(f"{STACK}-copilot-worker")
        until(partial(collects, start), READY_SECONDS, "the worker collects")
        stop(worker)
        worker.start()
        watch.cycles(2, READY_SECONDS)
        role = containers.get(f"{STACK}-temporal-history")
        stop(role)
        role.start()
        until(lambda: serves(role), READY_SECONDS, "history is ready")
        watch.until_state("happy", HAPPY_SECONDS)

        LoadControl(rate_factor=0).write(control)
        reported = control.with_suffix(".log")
        until(
            lambda: count(start, "temporal-frontend", orders) >= started(reported) > 0,
            REPORTED_SECONDS,
            "every accepted order is there",
            COUNT_INTERVAL_SECONDS,
        )
        until(
            lambda: (
                count(start, "temporal-frontend", f"{orders} AND ExecutionStatus = 'Completed'")
                == count(start, "temporal-frontend", orders)
            ),
            ENDED_SECONDS,
            "every order is completed",
            COUNT_INTERVAL_SECONDS,
        )
    recorded = timeline(watch, begun)
    assert "unknown" not in {change["health_state"] for change in recorded["timeline"]}, recorded
    # A verdict is valid for three cycles: of 30 s by default, of 5 s here, where a gap is no fault.
    valid = timedelta(seconds=3 * CycleSettings.model_fields["cycle_seconds"].default)
    for gap in recorded["gaps"]:
        silence = datetime.fromisoformat(gap["end"]) - datetime.fromisoformat(gap["start"])
        assert silence < valid, gap
    cycles = stored_cycles(start, begun)
    assert len(cycles) > 2
    assert cycles == [*range(cycles[0], cycles[-1] + 1)]


def test_a_service_that_is_ready_is_seldom_checked(start: Start) -> None:
    for container in start.stack.client.containers.list():
        state = container.attrs["State"]
        started = datetime.fromisoformat(state["StartedAt"])
        log = state.get("Health", {}).get("Log", [])
        checks = [one for one in log if datetime.fromisoformat(one["Start"]) > started]
        for one, following in pairwise(checks):
            waited = datetime.fromisoformat(following["End"]) - datetime.fromisoformat(one["End"])
            failed = one["ExitCode"] or following["ExitCode"]
            assert failed or waited.total_seconds() >= READY_INTERVAL, container.name


def test_visibility_moves_to_elasticsearch_and_a_lost_index_comes_back(
    start: Start, tdeploy: Tdeploy, watch: Watch
) -> None:
    require_opensearch()
    project = start.stack.project
    project.configure(STACK, **ON_ELASTICSEARCH)
    moved = project.up(STACK).changes
    assert moved["create"] == {"elasticsearch", "elasticsearch-data", INDICES_JOB}
    assert "postgresql" not in set().union(*moved.values())
    store = project.outputs(STACK)["elasticsearch_url"]
    for index in INDICES:
        mapping = httpx.get(f"{store}/{index}/_mapping", timeout=REQUEST_SECONDS).json()
        fields = mapping[index]["mappings"]["properties"]
        assert fields["ExecutionStatus"]["type"] == "keyword"

    # Before there are workflows that nobody runs, of which the verdict would tell.
    watch.begin()
    watch.until_steady("happy", 3, HAPPY_SECONDS)
    status = tdeploy("status", "-p", STACK)
    assert status.exit_code == 0, status.stdout

    for cluster in ("temporal-frontend", "copilot-temporal"):
        start_workflow(start, cluster, "listed")
        query = "WorkflowId = 'listed'"
        until(
            partial(count, start, cluster, query),
            READY_SECONDS,
            f"{cluster} counts it",
            COUNT_INTERVAL_SECONDS,
        )
        assert len(answer(start, cluster, "workflows", query=query)["executions"]) == 1

    start.stack.client.containers.get(f"{STACK}-{INDICES_JOB}").remove()
    assert httpx.delete(f"{store}/{MONITORED_INDEX}", timeout=REQUEST_SECONDS).is_success
    repaired = tdeploy("up", "-p", STACK)
    assert repaired.exit_code == 0, repaired.stderr
    assert httpx.head(f"{store}/{MONITORED_INDEX}", timeout=REQUEST_SECONDS).is_success


def test_destroy_gives_every_service_its_time_and_leaves_nothing(start: Start) -> None:
    begun = int(time.time())
    start.stack.project.destroy(STACK)
    assert start.stack.remaining() == []
    ends = start.stack.client.events(
        since=begun, until=int(time.time()) + 1, filters={"event": "die"}, decode=True
    )
    codes = {one["Actor"]["Attributes"]["name"]: one["Actor"]["Attributes"] for one in ends}
    assert len(codes) == len(start.stack.catalogue.services) + 1, "with Elasticsearch"
    assert str(KILLED) not in {name: one["exitCode"] for name, one in codes.items()}.values()
