"""The Copilot as a user runs it, on a real cluster: each fault gets its verdict and its cause.

Cycles of 3 s, scrapes of 2 s and windows of 15 s and 30 s stand in for 30 s, 15 s, 1 min and
5 min: the same rules, counted in cycles. A stand-in for Loki counts in the servers' own log files,
and one for Bedrock explains.
"""

from collections.abc import Callable, Iterator

import pytest

from lab.cluster import Lab
from lab.faults import FAULTS, Fault
from tests import bedrock_model
from tests.bedrock_model import BedrockStandIn, explained
from tests.lab.test_cluster import query, until
from tests.lab.watch import RANK, Status, Watch, detected
from tests.loki_stand_in import loki_over

FAST = {
    "COPILOT_CYCLE_SECONDS": "3",
    "COPILOT_SHORT_WINDOW_SECONDS": "15",
    "COPILOT_LONG_WINDOW_SECONDS": "30",
}
RATE = 3  # workflow starts a second
FIRST_VERDICT_SECONDS = 45
DETECTION_SECONDS = 40
RECOVERY_SECONDS = 90
# First, because a database that has just come back has few connections, and opening more through
# 200 ms takes longer than requests wait: a burst of errors that is a third of a window of 15 s, and
# a twentieth of the default minute.
IN_ORDER = sorted(FAULTS.values(), key=lambda fault: fault.name != "slow-database")
# Latency alone and half-failing workflows are never critical, however long they last.
AT_MOST_STRESSED = {"slow-database", "failing-workflows"}
# What the servers go on logging of a fault, at the lab's level `warn`: pattern, and who logs it.
LOGGED = {
    "kill-history": ("connection_refused", "frontend"),
    "kill-matching": ("role_without_members", "history"),
    "database-down": ("database_unreachable", "history"),
    "slow-database": ("deadline_exceeded", "history"),
}


# The Copilot's long window: what an earlier test broke in the session's lab has left it.
AT_REST = (
    'min(min_over_time(up{cluster="monitored",job=~"temporal-.*"}[30s])) == 1'
    ' and on() (sum(rate(no_poller_tasks_total{cluster="monitored"}[30s])) or vector(0)) == 0'
    ' and on() (sum(rate(service_errors_total{cluster="monitored"}[30s])) or vector(0)) == 0'
)
WORDS = "Something holds back progress."


@pytest.fixture(scope="module")
def bedrock() -> Iterator[BedrockStandIn]:
    """A model that explains whatever it is told."""
    with bedrock_model.running() as stand_in:
        stand_in.answers = [explained(summary=WORDS)]
        yield stand_in


@pytest.fixture(scope="module")
def watch(lab: Lab, bedrock: BedrockStandIn) -> Iterator[Watch]:
    """The Copilot beside the session's lab, first without any load."""
    until(lambda: query(lab, AT_REST) != {}, "the lab is at rest", seconds=120)
    with loki_over(lab.folder / "logs") as (loki_url, _):
        lab.start_copilot({**FAST, **bedrock.environment, "LOKI_URL": loki_url})
        watch = Watch(f"http://127.0.0.1:{lab.state.published.copilot_api}")
        yield watch
        watch.close()
        lab.stop_load()
        lab.stop_copilot()


def logs_name(fault: str) -> Callable[[Status], bool]:
    """Is the pattern of that fault counted? True of a fault of which servers log nothing."""
    pattern, service = LOGGED.get(fault, ("", ""))

    def named(status: Status) -> bool:
        return not pattern or any(
            (found["name"], found["service"]) == (pattern, service) and found["count"] > 0
            for found in status.get("log_patterns", [])
        )

    return named


def test_an_idle_cluster_is_happy(watch: Watch) -> None:
    status = watch.until_state("happy", FIRST_VERDICT_SECONDS)
    watch.begin()
    watch.cycles(5, within=30)
    assert watch.states == ["happy"], watch.reasons
    assert status["causes"] == []


def test_a_busy_cluster_is_happy(lab: Lab, watch: Watch) -> None:
    lab.start_load(RATE)
    watch.until(lambda s: (s["signals"]["workflow_success_rate"] or 0) > 1, 60, "under load")
    watch.begin()
    watch.cycles(10, within=60)
    assert watch.states == ["happy"], watch.reasons
    status = watch.status()
    assert not status["idle"]
    assert status["logs_missing"] == ""
    assert not [found for found in status["log_patterns"] if found["severity"] != "info"]


@pytest.mark.parametrize("fault", IN_ORDER, ids=[fault.name for fault in IN_ORDER])
def test_a_fault_gets_its_verdict_and_cause_and_healing_ends_it(
    lab: Lab, watch: Watch, fault: Fault
) -> None:
    lab.start_load(RATE)
    watch.until_state("happy", RECOVERY_SECONDS)
    watch.begin()
    lab.inject(fault.name)
    try:
        watch.until(detected(fault), DETECTION_SECONDS, f"detected: {fault.name}")
        if fault.verdict == "critical":
            watch.until_state("critical", DETECTION_SECONDS)
        watch.until(logs_name(fault.name), DETECTION_SECONDS, f"logged: {fault.name}")
        watch.cycles(6, within=60)
        status = watch.status()
        assert detected(fault)(status), status
        assert watch.states[:2] != ["happy", "critical"]
        if fault.name in AT_MOST_STRESSED:
            assert "critical" not in watch.states
        if fault.verdict in RANK:
            assert status["fired_gates"], "a verdict shows its evidence"
            watch.until_worded(WORDS, DETECTION_SECONDS)
    finally:
        lab.heal(fault.name)
    watch.until_state("happy", RECOVERY_SECONDS)


def test_a_spike_is_never_critical(lab: Lab, watch: Watch) -> None:
    lab.start_load(RATE)
    watch.until_state("happy", RECOVERY_SECONDS)
    watch.begin()
    lab.spike(4)
    try:
        watch.cycles(10, within=60)
    finally:
        lab.spike(1)
    watch.until_state("happy", RECOVERY_SECONDS)
    assert "critical" not in watch.states


def test_a_model_was_told_enough_and_not_too_much(lab: Lab, bedrock: BedrockStandIn) -> None:
    """Of every fault above: within 6,000 tokens, at three characters each."""
    assert len(bedrock.asked) >= len([fault for fault in FAULTS.values() if fault.verdict in RANK])
    for asked in bedrock.prompts:
        assert "fired gates" in asked
        assert len(asked) / 3 < 6000
        assert lab.state.database_password not in asked
        # A name that the load chose.
        assert "order-fulfilment" not in asked
