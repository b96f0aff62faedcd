"""Readings of one cycle from a real Prometheus: values, proven zeros, and reasons for absence."""

import asyncio

import httpx
import pytest

from copilot.signals.catalog import CATALOG
from copilot.signals.cycle_queries import NEWEST
from copilot.signals.measure import measure
from copilot.signals.measurement import DroppedSamples, Instance, Measurement, SizeKind
from copilot.signals.prometheus import MetricsClient
from copilot.signals.queries import Shape
from copilot.signals.queue import QueueKey, QueueKind
from copilot.signals.reading import Absence, Reading
from copilot.signals.roles import Role
from copilot.signals.signal import Condition
from copilot.signals.signal_names import SignalName as S
from tests.copilot.signals.backfilled_prometheus import AHEAD_SECONDS
from tests.copilot.signals.clusters import LONG, SCRAPE, SHORT, STALE_AFTER
from tests.fakes.http_source import NEVER, Reply, closed_port, fake_metrics_store, vector


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is slow, not wrong."""
    monkeypatch.setattr("copilot.signals.measure.EXPLAINING_SECONDS", 60)


async def measurement_of(url: str, cluster: str, long: float = LONG) -> Measurement:
    async with MetricsClient(url, concurrency=4, timeout_seconds=60, budget_seconds=600) as client:
        return await measure(
            client, cluster=cluster, short=SHORT, long=long, scrape=SCRAPE, stale_after=STALE_AFTER
        )


def absences(found: Measurement) -> set[Absence | None]:
    """The absences of all signals that every server exports."""
    served = [signal for signal in CATALOG if signal.condition is Condition.ALWAYS]
    return {found.readings[signal.name].absence for signal in served}


async def test_a_cluster_scraped_once_reads_as_idle(prometheus_url: str) -> None:
    last = 'topk(1, max by (cluster) (timestamp(up{cluster=~"just-started-.*"})))'
    async with MetricsClient(prometheus_url, timeout_seconds=60) as client:
        (sample,) = (await client.query(last)).samples
    found = await measurement_of(prometheus_url, sample.labels["cluster"])
    assert found.readings[S.STATE_TRANSITIONS_RATE] == Reading.of(0)
    deciding = {found.readings[s.name].absence for s in CATALOG if not s.explains}
    assert deciding == {None, Absence.NO_OBSERVATIONS}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (S.STATE_TRANSITIONS_RATE, 10),
        (S.WORKFLOW_SUCCESS_RATE, 4),
        (S.WORKFLOW_FAILED_RATE, 1.5),
        (S.WORKFLOW_TERMINATED_RATE, 0),
        (S.HISTORY_QUEUE_LATENCY_P95, 1.95),
        (S.FRONTEND_ERROR_RATE, 2),
        (S.FRONTEND_LATENCY_P99, 19.9),
        (S.LONG_POLL_LATENCY_P99, 20 + 0.99 * 99980),
        (S.WORKFLOW_BACKLOG_AGE, 9),
        (S.ACTIVITY_BACKLOG_AGE, 3),
        (S.BACKLOG_COUNT, 4),
        (S.POLL_SUCCESS_RATE, 21),
        (S.POLL_TIMEOUT_RATE, 0.1),
        (S.PERSISTENCE_ERROR_RATE, 2),
        (S.PERSISTENCE_REQUEST_RATE, 3),
        (S.START_REQUEST_RATE, 6),
        (S.DELETION_RATE, 0),
        (S.CONDITION_FAILED_RATE, 18),
        (S.SHARD_OWNERSHIP_LOST_RATE, 9),
        (S.STORE_UNAVAILABLE_RATE, 1),
        (S.SQL_CONNECTIONS_IN_USE_RATIO, 0.8),
        (S.MUTABLE_STATE_CACHE_HIT_RATIO, 0.75),
        (S.EVENTS_CACHE_HIT_RATIO, 1),
        (S.MUTABLE_STATE_CACHE_FILL_RATIO, 0.5),
        (S.FRONTEND_WAITING_CALLS, 30),
        (S.THROTTLED_REQUEST_RATE, 2),
        (S.BUSY_WORKFLOW_RATE, 1),
        (S.GOROUTINES, 1600),
        (S.HEAP, 3),
        (S.WORKFLOW_SCHEDULE_TO_START_P95, 195),
        (S.SYNC_MATCH_RATIO, 2.1 / 21),
    ],
)
async def test_a_signal_counts_only_what_its_meaning_says(
    prometheus_url: str, name: S, value: float
) -> None:
    reading = (await measurement_of(prometheus_url, "busy")).readings[name]
    assert reading.value == pytest.approx(value, rel=0.001)


async def test_outcomes_name_queue_and_type_with_time_outs_as_failures(prometheus_url: str) -> None:
    (outcome,) = (await measurement_of(prometheus_url, "busy")).outcomes
    assert (outcome.namespace, outcome.task_queue) == ("default", "order-fulfilment")
    assert outcome.workflow_type == "Order"
    assert outcome.success_rate == pytest.approx(4)
    assert outcome.failed_rate == pytest.approx(1.5)


async def test_errors_of_the_store_have_their_types(prometheus_url: str) -> None:
    found = await measurement_of(prometheus_url, "busy")
    types = {errors.error_type: errors.rate for errors in found.store_errors}
    assert types == {
        "serviceerror.Unavailable": pytest.approx(1),
        "persistence.TimeoutError": pytest.approx(1),
    }
    assert found.readings[S.STORE_WRITE_ERROR_RATE].value == pytest.approx(1)


async def test_sizes_are_the_largest_of_users_workflows(prometheus_url: str) -> None:
    found = await measurement_of(prometheus_url, "large-workflows")
    assert {(one.kind, one.namespace): one.size for one in found.largest} == {
        (SizeKind.HISTORY_EVENTS, "default"): 20_000,
        (SizeKind.PAYLOAD_BYTES, "default"): 2**20,
    }
    (refused,) = found.oversized
    assert (refused.namespace, refused.operation) == ("default", "SignalWorkflowExecution")
    assert refused.count == pytest.approx(0.1 * LONG, rel=0.05)


async def test_shards_and_calls_between_services_are_by_instance_and_role(
    prometheus_url: str,
) -> None:
    found = await measurement_of(prometheus_url, "ring")
    assert [(one.instance, one.shards) for one in found.owned_shards] == [("a", 5), ("b", 0)]
    calls = {calls.role: calls for calls in found.role_calls}
    assert {role: one.rate for role, one in calls.items()} == pytest.approx(
        {"history": 7, "matching": 4}
    )
    assert calls["history"].unavailable_rate == 0
    assert calls["matching"].unavailable_rate == pytest.approx(2)


async def test_dead_letters_count_from_the_first_one(prometheus_url: str) -> None:
    found = await measurement_of(prometheus_url, "dead-letters")
    written = {letters.category: letters.written for letters in found.dead_letters}
    assert set(written) == {"transfer", "timer"}
    assert written["transfer"] == pytest.approx(0.1 * LONG, rel=0.05)
    # Two or three of them are not older than the window.
    assert written["timer"] in (4, 6)
    total = found.readings[S.DEAD_LETTERS_WRITTEN].value or 0
    assert total - written["transfer"] == pytest.approx(5, abs=1.5)
    assert found.readings[S.DEAD_LETTERS_WAITING].value == 4 + 3


async def test_active_queues_are_lasting_queues_of_users_busiest_first(prometheus_url: str) -> None:
    found = (await measurement_of(prometheus_url, "busy")).active_queues
    assert found == tuple(
        QueueKey(namespace="default", name=name, kind=kind)
        for name, kind in (
            ("orders", QueueKind.ACTIVITY),
            ("orders", QueueKind.WORKFLOW),
            ("tenant-6f1c9b1e11114222833312345678abcd", QueueKind.WORKFLOW),
            ("left-alone", QueueKind.WORKFLOW),
            ("order-fulfilment", QueueKind.WORKFLOW),
        )
    )


async def test_queues_with_late_tasks_or_without_a_poller_are_suspected(
    prometheus_url: str,
) -> None:
    found = await measurement_of(prometheus_url, "busy")
    assert [(one.name, one.kind) for one in found.suspected_queues] == [
        ("orders", QueueKind.WORKFLOW),
        ("left-alone", QueueKind.WORKFLOW),
    ]
    assert found.suspected_namespaces == ("default",)
    # They choose what is asked, and are of no use later.
    assert "left-alone" not in found.model_dump_json()


async def test_an_idle_cluster_reads_zero_and_nothing_observed(prometheus_url: str) -> None:
    found = await measurement_of(prometheus_url, "idle")
    assert found.targets == dict.fromkeys(Role, Reading.of(1))
    for signal in CATALOG:
        reading = found.readings[signal.name]
        if signal.condition is not Condition.ALWAYS:
            continue
        if signal.query.shape in (Shape.QUANTILE, Shape.RATIO):
            assert reading.absence is Absence.NO_OBSERVATIONS
        elif signal.explains and signal.query.shape is Shape.GAUGE:
            # A process without a figure does not have 0 goroutines.
            assert reading.absence is Absence.NO_SERIES
        elif signal.name is not S.PERSISTENCE_REQUEST_RATE:
            assert reading == Reading.of(0)


@pytest.mark.parametrize("cluster", ["idle", "busy"])
async def test_a_signal_that_the_cluster_does_not_export_is_neither_zero_nor_unknown(
    prometheus_url: str, cluster: str
) -> None:
    """No SDK metrics must not read as workers without slots."""
    found = await measurement_of(prometheus_url, cluster)
    conditional = [s for s in CATALOG if s.condition is not Condition.ALWAYS]
    absent = {found.readings[signal.name].absence for signal in conditional}
    assert absent == {Absence.NOT_EXPORTED}


async def test_the_documented_metrics_of_the_dsql_fork_are_read_without_its_pools_of_the_start(
    prometheus_url: str,
) -> None:
    readings = (await measurement_of(prometheus_url, "dsql")).readings
    found = {s.name: readings[s.name].value for s in CATALOG if s.condition is Condition.DSQL}
    assert found == {
        S.DSQL_POOL_IN_USE_RATIO: 0.6,
        S.DSQL_POOL_WAIT_RATE: pytest.approx(4),
        S.DSQL_CONNECTION_CLOSE_RATE: pytest.approx(4),
        S.DSQL_KEEPER_FAILURE_RATE: pytest.approx(3),
        S.DSQL_RESERVOIR_FILL_RATIO: 0.7,
        S.DSQL_RESERVOIR_EMPTY_RATE: pytest.approx(5),
        S.DSQL_RESERVOIR_REFILL_RATE: pytest.approx(7),
        S.DSQL_RESERVOIR_REFILL_FAILURE_RATE: pytest.approx(9),
        S.DSQL_RESERVOIR_DISCARD_RATE: pytest.approx(8),
        S.DSQL_RESERVOIR_CHECKOUT_P95: pytest.approx(1.95),
    }


@pytest.mark.parametrize(
    ("cluster", "hits"), [("core-workers", 0.9), ("go-workers", 0.9), ("tuned-workers", None)]
)
async def test_workers_of_every_sdk_are_understood(
    prometheus_url: str, cluster: str, hits: float | None
) -> None:
    readings = (await measurement_of(prometheus_url, cluster)).readings
    # The queue that has fewest, and not the server's own workers.
    assert readings[S.ACTIVITY_SLOTS_AVAILABLE] == Reading.of(0)
    assert readings[S.ACTIVITY_SLOTS_USED] == Reading.of(150)
    assert readings[S.WORKFLOW_POLLERS] == Reading.of(9)
    if hits is None:
        # Resource-based slots are not counted, and there were no cache lookups.
        assert readings[S.WORKFLOW_SLOTS_AVAILABLE].absence is Absence.NOT_EXPORTED
        assert readings[S.STICKY_CACHE_HIT_RATIO].absence is Absence.NO_OBSERVATIONS
    else:
        assert readings[S.WORKFLOW_SLOTS_AVAILABLE] == Reading.of(20)
        assert readings[S.STICKY_CACHE_HIT_RATIO].value == pytest.approx(hits)
    # A counter appears with its first event, and the workers are there.
    assert readings[S.WORKER_REQUEST_FAILURE_RATE] == Reading.of(0)
    assert readings[S.DSQL_POOL_WAIT_RATE].absence is Absence.NOT_EXPORTED


async def test_a_cluster_that_is_not_scraped_has_no_series(prometheus_url: str) -> None:
    found = await measurement_of(prometheus_url, "elsewhere")
    assert absences(found) == {Absence.NO_SERIES}
    assert found.source_absence is None
    assert found.targets["history"].absence is Absence.NO_SERIES
    assert 'temporal-history in cluster "elsewhere"' in found.targets["history"].detail


async def test_old_samples_are_stale_although_the_store_still_returns_them(
    prometheus_url: str,
) -> None:
    found = await measurement_of(prometheus_url, "no-longer-scraped")
    assert absences(found) == {Absence.STALE}
    assert {target.absence for target in found.targets.values()} == {Absence.STALE}
    assert "was last scraped 1" in found.targets["worker"].detail


async def test_windows_with_one_scrape_name_the_setting_to_change(prometheus_url: str) -> None:
    found = await measurement_of(prometheus_url, "seldom-scraped")
    assert found.targets["history"] == Reading.of(1)
    reading = found.readings[S.STATE_TRANSITIONS_RATE]
    assert reading.absence is Absence.STALE
    assert "COPILOT_SHORT_WINDOW_SECONDS" in reading.detail
    assert found.readings[S.WORKFLOW_BACKLOG_AGE] == Reading.of(9)


async def test_the_newest_scrapes_are_read_alone(prometheus_url: str) -> None:
    found = await measurement_of(prometheus_url, "busy")
    assert found.newest.keys() == NEWEST
    for name in (S.PERSISTENCE_ERROR_RATE, S.PERSISTENCE_LATENCY_P95, S.WORKFLOW_FAILED_RATE):
        assert found.newest[name].value == pytest.approx(found.readings[name].value)


async def test_a_quantile_whose_buckets_are_dropped_is_not_kept(prometheus_url: str) -> None:
    found = await measurement_of(prometheus_url, "buckets-dropped", long=2 * AHEAD_SECONDS)
    latency = found.readings[S.FRONTEND_LATENCY_P95]
    assert latency.absence is Absence.NOT_A_NUMBER
    assert "dropped by a relabel rule" in latency.detail
    assert found.readings[S.PERSISTENCE_ERROR_RATE].value is not None


@pytest.mark.parametrize("cluster", ["seldom-scraped", "no-longer-scraped"])
async def test_one_new_scrape_has_no_rate_and_is_not_read_as_zero(
    prometheus_url: str, cluster: str
) -> None:
    assert (await measurement_of(prometheus_url, cluster)).newest == {}


async def test_signals_of_a_role_that_is_down_are_missing(prometheus_url: str) -> None:
    found = await measurement_of(prometheus_url, "history-down")
    assert found.targets["history"] == Reading.of(0)
    assert found.targets["matching"] == Reading.of(1)
    for name in (S.STATE_TRANSITIONS_RATE, S.HISTORY_TASK_RATE, S.PERSISTENCE_LATENCY_P99):
        assert found.readings[name].absence is Absence.NO_SERIES
        assert "temporal-history" in found.readings[name].detail


async def test_one_instance_down_is_named_and_others_still_count(prometheus_url: str) -> None:
    found = await measurement_of(prometheus_url, "one-of-two-down")
    assert found.targets["history"] == Reading.of(1)
    assert found.instances["history"] == (Instance(name="a", up=True), Instance(name="b", up=False))
    assert found.readings[S.STATE_TRANSITIONS_RATE].value == pytest.approx(10)
    # The instance that is down does nothing.
    assert found.readings[S.SHARD_CLOSED_RATE] == Reading.of(0)


async def test_jobs_whose_samples_are_dropped_are_named(prometheus_url: str) -> None:
    found = await measurement_of(prometheus_url, "dropping")
    assert found.dropped == (DroppedSamples(job="temporal-history", share=0.25),)
    assert (await measurement_of(prometheus_url, "busy")).dropped == ()


async def test_instances_whose_series_are_written_twice_are_named(prometheus_url: str) -> None:
    found = await measurement_of(prometheus_url, "written-twice")
    assert found.duplicates == tuple(sorted(f"{role.job} a" for role in Role))
    assert (await measurement_of(prometheus_url, "busy")).duplicates == ()


async def test_a_single_failed_scrape_is_not_a_service_down(prometheus_url: str) -> None:
    for _ in range(3):
        found = await measurement_of(prometheus_url, "scrapes-fail-now-and-then")
        assert found.targets["matching"] == Reading.of(1)
        await asyncio.sleep(1)  # the next sample: every second one is a failed scrape


async def test_a_role_without_series_lacks_only_its_own_signals(prometheus_url: str) -> None:
    found = await measurement_of(prometheus_url, "role-missing")
    assert found.readings[S.NO_POLLER_RATE].absence is Absence.NO_SERIES
    assert found.readings[S.SHARD_CLOSED_RATE] == Reading.of(0)


async def test_a_value_that_is_not_a_number_is_missing(prometheus_url: str) -> None:
    readings = (await measurement_of(prometheus_url, "not-numbers")).readings
    for name in (S.WORKFLOW_BACKLOG_AGE, S.BACKLOG_COUNT, S.PERSISTENCE_LATENCY_P99):
        assert readings[name].absence is Absence.NOT_A_NUMBER
        assert name in readings[name].detail


@pytest.mark.parametrize(
    ("cluster", "found"),
    [
        ("mixed", "persistence_requests, persistence_requests_total: they are in several"),
        ("without-units", "persistence_latency_count, persistence_requests_total: no bucket"),
        ("half", "exports persistence_requests_total: persistence_requests or persistence_lat"),
    ],
)
async def test_names_in_no_known_style_are_reported_as_they_are(
    prometheus_url: str, cluster: str, found: str
) -> None:
    measurement = await measurement_of(prometheus_url, cluster)
    assert absences(measurement) == {Absence.NO_SERIES}
    (detail,) = {r.detail for r in measurement.readings.values()} - {""}
    assert found in detail
    assert measurement.targets["history"] == Reading.of(1)


async def test_an_unreachable_store_makes_everything_missing() -> None:
    found = await measurement_of(f"http://127.0.0.1:{closed_port()}", "monitored")
    assert found.source_absence is Absence.REFUSED
    assert "refused the connection" in found.source_detail
    assert absences(found) == {Absence.REFUSED}
    assert set(found.targets) == set(Role)


@pytest.mark.parametrize(
    ("reply", "absence"),
    [
        (Reply("no", 503), Absence.SERVER_ERROR),
        (Reply("<html>", 200), Absence.BAD_ANSWER),
        (Reply("no org id", 401), Absence.DENIED),
    ],
)
async def test_a_store_without_a_usable_answer_is_a_missing_source(
    reply: Reply, absence: Absence
) -> None:
    async with fake_metrics_store(lambda _: reply) as store:
        found = await measurement_of(store.url, "monitored")
    assert found.source_absence is absence
    assert absences(found) == {absence}


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf"])
async def test_a_store_without_any_number_gives_no_value(value: str) -> None:
    async with fake_metrics_store(lambda _: Reply(vector(value, job="temporal-history"))) as store:
        found = await measurement_of(store.url, "monitored")
    assert {reading.value for reading in found.readings.values()} == {None}
    assert Absence.NO_OBSERVATIONS not in absences(found)


@pytest.mark.parametrize("broken", [Reply("too many samples", 422), Reply("", after_seconds=NEVER)])
async def test_a_failure_of_explaining_signals_neither_fails_nor_slows_the_others(
    prometheus_url: str, broken: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("copilot.signals.measure.EXPLAINING_SECONDS", 0.2)
    whole = await measurement_of(prometheus_url, "busy")

    def reply(query: str) -> Reply:
        if "num_goroutines" in query or "dsql_" in query or "temporal_num_pollers" in query:
            return broken
        form = {"query": query}
        return Reply(
            httpx.post(
                f"{prometheus_url}/api/v1/query", data=form, timeout=60, trust_env=False
            ).text
        )

    async with fake_metrics_store(reply) as store:
        begin = asyncio.get_running_loop().time()
        found = await measurement_of(store.url, "busy")
        assert asyncio.get_running_loop().time() - begin < 50
    for signal in CATALOG:
        reading = found.readings[signal.name]
        if signal.explains and not signal.supports:
            assert reading.absence in (Absence.SERVER_ERROR, Absence.TIMED_OUT)
        else:
            assert (reading.absence is None) == (whole.readings[signal.name].absence is None)


async def test_one_failed_query_leaves_the_other_signals(prometheus_url: str) -> None:
    def reply(query: str) -> Reply:
        if "poll_success_total" in query:
            return Reply("too many samples", 422)
        form = {"query": query}
        return Reply(
            httpx.post(
                f"{prometheus_url}/api/v1/query", data=form, timeout=60, trust_env=False
            ).text
        )

    async with fake_metrics_store(reply) as store:
        found = await measurement_of(store.url, "busy")
    assert found.source_absence is None
    assert found.readings[S.POLL_SUCCESS_RATE].absence is Absence.SERVER_ERROR
    assert "too many samples" in found.readings[S.POLL_SUCCESS_RATE].detail
    assert found.readings[S.STATE_TRANSITIONS_RATE].value == pytest.approx(10)
    assert found.active_queues == ()
