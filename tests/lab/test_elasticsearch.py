"""A lab whose visibility is in OpenSearch, by Elasticsearch's API: lists, counts and faults."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from temporalio.client import Client

from copilot.errors import MonitoredClusterError
from copilot.signals.task_queues import visible_queues
from lab.cluster import Lab
from lab.elasticsearch import COPILOT_INDEX, MONITORED_INDEX
from lab.errors import LabError
from lab.faults import ABANDONED_QUEUE, FAULTS
from stacks.settings import LocalSettings
from tdeploy.checks.elasticsearch import check_elasticsearch
from tests.lab.servers import require_opensearch, require_servers
from tests.lab.watch import Watch, detected
from tests.waiting import until, until_async

FAST = {
    "COPILOT_CYCLE_SECONDS": "5",
    "COPILOT_SHORT_WINDOW_SECONDS": "15",
    "COPILOT_LONG_WINDOW_SECONDS": "30",
}
RATE = 2
OF_THE_STORE = [fault.name for fault in FAULTS.values() if fault.needs_elasticsearch]
# The node may need minutes to start on a busy machine, and measures its disk every 10 s.
WITHIN_SECONDS = 300


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A lab under load, with the Copilot."""
    require_opensearch()
    require_servers()
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        lab = Lab(Path(folder) / "lab", ports="free", scrape_seconds=2, visibility="elasticsearch")
        lab.up()
        try:
            lab.start_load(RATE)
            lab.start_copilot(FAST)
            yield lab
        finally:
            lab.down(delete=True)


@pytest.fixture(scope="module")
def watch(lab: Lab) -> Iterator[Watch]:
    watch = Watch(f"http://127.0.0.1:{lab.state.published.copilot_api}")
    yield watch
    watch.close()


async def test_both_clusters_list_and_count_their_workflows(lab: Lab) -> None:
    for variable, query in (
        ("MONITORED_TEMPORAL_ADDRESS", "ExecutionStatus = 'Completed'"),
        ("TEMPORAL_ADDRESS", "ExecutionStatus = 'Running'"),
    ):
        client = await Client.connect(lab.environment()[variable])

        async def count(client: Client = client, query: str = query) -> int:
            return (await client.count_workflows(query)).count

        await until_async(count, WITHIN_SECONDS, f"workflows with {query}")
        listed = [one async for one in client.list_workflows(query, limit=1)]
        assert len(listed) == 1
    for index in (MONITORED_INDEX, COPILOT_INDEX):
        assert lab.visibility.call("GET", f"/{index}/_count").json()["count"]


async def test_the_copilot_finds_the_queues_of_open_workflows(lab: Lab) -> None:
    client = await Client.connect(lab.frontend_address)

    async def found() -> bool:
        try:
            queues = await visible_queues(client, ["default"])
        except MonitoredClusterError:  # a namespace has ten lists a second, for all who ask
            return False
        return ABANDONED_QUEUE in {key.name for key in queues}

    await until_async(found, WITHIN_SECONDS, "a queue of the load is found", interval_seconds=1)


def doctor(lab: Lab) -> set[str]:
    """The states of doctor's checks; none of a store that does not answer in time."""
    ports = {"elasticsearch": lab.state.published.elasticsearch}
    settings = LocalSettings(visibility="elasticsearch", ports=ports)
    return {check.state for check in check_elasticsearch(settings)}


def allows_new_indices(lab: Lab) -> bool:
    settings = lab.visibility.call("GET", "/_cluster/settings?flat_settings=true").json()
    return "cluster.blocks.create_index" not in settings["persistent"]


@pytest.mark.parametrize("fault", OF_THE_STORE)
def test_a_fault_of_the_store_is_stressed_and_heals(lab: Lab, watch: Watch, fault: str) -> None:
    watch.until(
        lambda status: status["health_state"] == "happy" and not status["idle"],
        WITHIN_SECONDS,
        "happy under load",
    )
    watch.begin()
    lab.inject(fault)
    try:
        watch.until(detected(FAULTS[fault]), WITHIN_SECONDS, f"detected: {fault}")
        # A store that does not run has no indices to check.
        wrong: set[str] = set() if fault == "kill-elasticsearch" else {"wrong"}
        # A verdict may still be about the fault before, and the disk is measured every 10 s.
        until(lambda: doctor(lab) == wrong, WITHIN_SECONDS, f"doctor's checks are {wrong}")
    finally:
        lab.heal(fault)
    watch.until_state("happy", WITHIN_SECONDS)
    until(lambda: doctor(lab) == {"ok"}, WITHIN_SECONDS, "doctor's checks are ok")
    until(partial(allows_new_indices, lab), WITHIN_SECONDS, "new indices are allowed")
    assert "critical" not in watch.states, watch.changes  # workflows go on without visibility


def test_an_index_of_an_older_version_gets_the_fields_that_it_lacks(lab: Lab) -> None:
    old = {"mappings": {"dynamic": "false", "properties": {"WorkflowId": {"type": "keyword"}}}}
    lab.visibility.call("PUT", "/old", old)
    lab.visibility.create_indices(["old"])
    mapping = lab.visibility.call("GET", "/old/_mapping").json()["old"]["mappings"]
    present = lab.visibility.call("GET", f"/{MONITORED_INDEX}/_mapping").json()
    assert mapping["properties"] == present[MONITORED_INDEX]["mappings"]["properties"]


def test_an_index_that_is_not_temporals_is_refused_with_the_reason(lab: Lab) -> None:
    lab.visibility.call("PUT", "/wrong", {"mappings": {"properties": {"RunId": {"type": "text"}}}})
    with pytest.raises(LabError, match="RunId"):
        lab.visibility.create_indices(["wrong"])


def test_a_lab_keeps_its_visibility(lab: Lab) -> None:
    with pytest.raises(LabError, match="has visibility elasticsearch"):
        Lab(lab.folder, visibility="sql").up()
