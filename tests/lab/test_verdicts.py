"""The Copilot as a user runs it, on a real cluster: each fault gets its verdict and its cause.

Cycles of 3 s, scrapes of 2 s and windows of 15 s and 30 s replace 30 s, 15 s, 1 min and 5 min; the
rules count in cycles. A fake Loki counts in the servers' log files, and a fake Bedrock explains.
"""

from collections.abc import Callable, Iterator

import pytest

from lab.cluster import Lab
from lab.fault import Fault
from lab.faults import FAULTS
from tests.fakes import bedrock_model
from tests.fakes.bedrock_model import FakeBedrock, typed_answer
from tests.fakes.loki import loki_over
from tests.lab.watch import RANK, Status, Watch, detected, query
from tests.waiting import until

FAST = {
    "COPILOT_CYCLE_SECONDS": "3",
    "COPILOT_SHORT_WINDOW_SECONDS": "15",
    "COPILOT_LONG_WINDOW_SECONDS": "30",
}
# Workflow starts a second: enough for every rule, and cheap beside other tests.
RATE = 2
FIRST_VERDICT_SECONDS = 45
DETECTION_SECONDS = 40
RECOVERY_SECONDS = 90
# First, because a database that has just come back has few connections, and opening more at 200 ms
# takes longer than the requests' timeout: a burst of errors that fills a third of a window of 15 s,
# and a twentieth of the default minute.
# What the other faults do to the servers is in test_faults.py; their verdicts are not tried here.
TRIED = (
    "kill-frontend",
    "kill-history",
    "kill-matching",
    "database-down",
    "slow-database",
    "stop-workers",
    "abandon-queue",
    "failing-workflows",
    "stop-scrape",
    "stop-metrics",
)
HERE = [FAULTS[name] for name in TRIED]
IN_ORDER = sorted(HERE, key=lambda fault: fault.name != "slow-database")
# Latency alone and half-failing workflows are never critical.
AT_MOST_STRESSED = {"slow-database", "failing-workflows"}
# A state that may still get worse is observed for longer.
STEADY_CYCLES = {"stressed": 6, "critical": 3, "unknown": 3}
# The pattern that the servers log during a fault at level `warn`, and the service that logs it.
LOGGED = {
    "kill-history": ("connection_refused", "frontend"),
    "kill-matching": ("role_without_members", "history"),
    "database-down": ("database_unreachable", "history"),
    "slow-database": ("deadline_exceeded", "history"),
}


# Faults of earlier tests have left the Copilot's long window.
AT_REST = (
    'min(min_over_time(up{cluster="monitored",job=~"temporal-.*"}[30s])) == 1'
    ' and on() (sum(rate(no_poller_tasks_total{cluster="monitored"}[30s])) or vector(0)) == 0'
    ' and on() (sum(rate(service_errors_total{cluster="monitored"}[30s])) or vector(0)) == 0'
)
WORDS = "Something holds back progress."


@pytest.fixture(scope="module")
def bedrock() -> Iterator[FakeBedrock]:
    """A model that explains everything with the same words."""
    with bedrock_model.running() as fake:
        fake.answers = [typed_answer(reading=WORDS)]
        yield fake


@pytest.fixture(scope="module")
def watch(lab: Lab, bedrock: FakeBedrock) -> Iterator[Watch]:
    """The Copilot on the session's lab, at first without load."""
    until(lambda: query(lab, AT_REST), 120, "the lab is at rest")
    with loki_over(lab.folder / "logs") as (loki_url, _):
        lab.start_copilot({**FAST, **bedrock.environment, "LOKI_URL": loki_url})
        watch = Watch(f"http://127.0.0.1:{lab.state.published.copilot_api}")
        yield watch
        watch.close()
        lab.stop_load()
        lab.stop_copilot()


def is_logged(fault: str) -> Callable[[Status], bool]:
    """Whether the fault's log pattern is counted; true for a fault without one."""
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
        watch.until(is_logged(fault.name), DETECTION_SECONDS, f"logged: {fault.name}")
        watch.cycles(STEADY_CYCLES[fault.verdict], within=60)
        status = watch.status()
        assert detected(fault)(status), status
        assert watch.states[:2] != ["happy", "critical"]
        if fault.name in AT_MOST_STRESSED:
            assert "critical" not in watch.states
        if fault.verdict in RANK:
            assert status["fired_gates"], "a verdict shows its evidence"
            watch.until_explained(WORDS, DETECTION_SECONDS)
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


def test_a_prompt_has_the_evidence_and_stays_short(lab: Lab, bedrock: FakeBedrock) -> None:
    """Within 6,000 tokens, at three characters each, for every fault."""
    ranked = [fault for fault in HERE if fault.verdict in RANK]
    assert len(bedrock.requests) >= len(ranked)
    for prompt in bedrock.prompts:
        assert "fired rules" in prompt
        assert len(prompt) / 3 < 6000
        assert lab.state.database_password not in prompt
        # A user's name.
        assert "order-fulfilment" not in prompt
