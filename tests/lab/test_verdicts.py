"""The Copilot as a user runs it, on a real cluster: each fault gets its verdict and its cause.

Cycles of 5 s, scrapes of 2 s and windows of 15 s and 30 s replace 30 s, 15 s, 1 min and 5 min; the
rules count in cycles. Half of a cycle is the time-out of a source, which a busy machine needs. A
fake Loki counts in the servers' log files, and a fake Bedrock explains.
"""

from collections.abc import Iterator

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
    "COPILOT_CYCLE_SECONDS": "5",
    "COPILOT_SHORT_WINDOW_SECONDS": "15",
    "COPILOT_LONG_WINDOW_SECONDS": "30",
}
# Workflow starts a second: enough for every rule, and cheap beside other tests.
RATE = 2
# For a busy machine: `make bench` measures how soon a fault is detected.
WITHIN_SECONDS = 240
# Causes of a database that gets no CPU: most requests to it time out, which is rightly critical.
WITHOUT_CPU = {"persistence"}
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
# Latency alone and half-failing workflows are never critical. The value is the kind of cause by
# which the fault can be critical all the same.
AT_MOST_STRESSED = {"slow-database": WITHOUT_CPU, "failing-workflows": set[str]()}
# A state that may still get worse is observed for longer.
STEADY_CYCLES = {"stressed": 4, "critical": 2, "unknown": 2}
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
    until(lambda: query(lab, AT_REST), WITHIN_SECONDS, "the lab is at rest")
    with loki_over(lab.folder / "logs") as (loki_url, _):
        lab.start_copilot({**FAST, **bedrock.environment, "LOKI_URL": loki_url})
        watch = Watch(f"http://127.0.0.1:{lab.state.published.copilot_api}")
        yield watch
        watch.close()
        lab.stop_load()
        lab.stop_copilot()


def critical_causes(watch: Watch) -> set[str]:
    """The kinds of the first causes of critical verdicts since `begin`."""
    critical = (change for change in watch.changes if change["health_state"] == "critical")
    return {change["causes"][0]["kind"] for change in critical}


def test_an_idle_cluster_is_happy(watch: Watch) -> None:
    watch.until_state("happy", WITHIN_SECONDS)
    watch.begin()
    status = watch.until_steady("happy", 4, WITHIN_SECONDS)
    # A machine that stands still for longer than a cycle leaves it without samples.
    assert set(watch.states) <= {"happy", "unknown"}, watch.changes
    assert status["causes"] == []


def test_a_busy_cluster_is_happy(lab: Lab, watch: Watch) -> None:
    lab.start_load(RATE)
    watch.until(
        lambda s: (s["signals"].get("workflow_success_rate") or 0) > 1, WITHIN_SECONDS, "under load"
    )
    watch.begin()
    # Servers without CPU for seconds are rightly reported, but not as down.
    watch.until_steady("happy", 6, WITHIN_SECONDS)
    assert "critical" not in watch.states, watch.changes

    def is_quiet(status: Status) -> bool:
        serious = [found for found in status["log_patterns"] if found["severity"] != "info"]
        return not (serious or status["idle"] or status["logs_missing"])

    watch.until(is_quiet, WITHIN_SECONDS, "a cycle under load without serious log patterns")


@pytest.mark.parametrize("fault", IN_ORDER, ids=[fault.name for fault in IN_ORDER])
def test_a_fault_gets_its_verdict_and_cause_and_healing_ends_it(
    lab: Lab, watch: Watch, fault: Fault
) -> None:
    lab.start_load(RATE)
    watch.until_state("happy", WITHIN_SECONDS)
    watch.begin()
    lab.inject(fault.name)
    try:
        watch.until(detected(fault), WITHIN_SECONDS, f"detected: {fault.name}")
        if fault.verdict == "critical":
            watch.until_state("critical", WITHIN_SECONDS)
        if logged := LOGGED.get(fault.name):
            # In any cycle of the fault: some patterns are logged at its begin alone.
            watch.until(lambda _: logged in watch.logged, WITHIN_SECONDS, f"logged: {logged}")
        watch.cycles(STEADY_CYCLES[fault.verdict], WITHIN_SECONDS)
        status = watch.until(detected(fault), WITHIN_SECONDS, f"still detected: {fault.name}")
        assert watch.states[:2] != ["happy", "critical"]
        if fault.name in AT_MOST_STRESSED:
            assert critical_causes(watch) <= AT_MOST_STRESSED[fault.name], watch.changes
        if fault.verdict in RANK:
            assert status["fired_gates"], "a verdict shows its evidence"
            watch.until_explained(WORDS, WITHIN_SECONDS)
    finally:
        lab.heal(fault.name)
    watch.until_state("happy", WITHIN_SECONDS)


def test_a_spike_is_never_critical(lab: Lab, watch: Watch) -> None:
    lab.start_load(RATE)
    watch.until_state("happy", WITHIN_SECONDS)
    watch.begin()
    lab.spike(4)
    try:
        watch.cycles(6, WITHIN_SECONDS)
    finally:
        lab.spike(1)
    watch.until_state("happy", WITHIN_SECONDS)
    assert critical_causes(watch) <= WITHOUT_CPU, watch.changes


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
