"""Each fault gets its verdict and its cause on a real cluster, and healing ends it."""

import pytest

from lab.cluster import Lab
from lab.fault import Fault
from lab.faults import FAULTS
from tests.fakes.bedrock_model import FakeBedrock
from tests.lab.verdicts.limits import RATE, WITHIN_SECONDS, WITHOUT_CPU, WORDS
from tests.lab.watch import RANK, Watch, critical_causes, detected, injected

# At the same time where each is seen beside the others. What the other faults do to the servers is
# in test_faults.py of the folder above; their verdicts are not tried here.
TOGETHER = (
    # First, because a database that has just come back has few connections, and opening more at
    # 200 ms takes longer than the requests' timeout: a burst of errors that fills a third of a
    # window of 15 s, and a twentieth of the default minute.
    ("slow-database",),
    ("kill-frontend",),
    ("kill-history",),
    ("kill-matching",),
    ("database-down",),
    ("stuck-shard", "visibility-down"),
    ("stop-workers",),
    ("abandon-queue", "failing-workflows"),
    ("kill-worker", "wedged-workflows"),
    ("stop-scrape",),
    ("stop-metrics",),
)
HERE = [[FAULTS[name] for name in names] for names in TOGETHER]
# Latency alone and half-failing workflows are never critical. The value is the kind of cause by
# which the fault can be critical all the same.
AT_MOST_STRESSED = {
    "slow-database": WITHOUT_CPU,
    "abandon-queue": set[str](),
    "stuck-shard": WITHOUT_CPU,
}
# Of a state that may still get worse, too.
STEADY_CYCLES = 2
# The pattern that the servers log during a fault at level `warn`, and the service that logs it.
LOGGED = {
    "kill-history": ("connection_refused", "frontend"),
    "kill-matching": ("role_without_members", "history"),
    "database-down": ("database_unreachable", "history"),
    "slow-database": ("deadline_exceeded", "history"),
}


@pytest.mark.parametrize("faults", HERE, ids=["+".join(names) for names in TOGETHER])
def test_faults_get_their_verdict_and_cause_and_healing_ends_it(
    lab: Lab, watch: Watch, faults: list[Fault]
) -> None:
    lab.start_load(RATE, schedule=True)
    watch.until_state("happy", WITHIN_SECONDS)
    watch.begin()
    with injected(lab, *(fault.name for fault in faults)):
        for fault in faults:
            watch.until(detected(fault), WITHIN_SECONDS, f"detected: {fault.name}")
        if any(fault.verdict == "critical" for fault in faults):
            watch.until_state("critical", WITHIN_SECONDS)
        for fault in faults:
            if logged := LOGGED.get(fault.name):
                # In any cycle of the fault: some patterns are logged at its begin alone.
                watch.until(lambda _: logged in watch.logged, WITHIN_SECONDS, f"logged: {logged}")
        watch.cycles(STEADY_CYCLES, WITHIN_SECONDS)
        for fault in faults:
            still = f"still detected: {fault.name}"
            status = watch.until(detected(fault), WITHIN_SECONDS, still)
        assert watch.states[:2] != ["happy", "critical"]
        if (first := faults[0].name) in AT_MOST_STRESSED:
            assert critical_causes(watch) <= AT_MOST_STRESSED[first], watch.changes
        if faults[0].verdict in RANK:
            assert status["fired_gates"], "a verdict shows its evidence"
            watch.until_explained(WORDS, WITHIN_SECONDS)
    watch.until_state("happy", WITHIN_SECONDS)


def test_a_prompt_has_the_evidence_and_stays_short(lab: Lab, bedrock: FakeBedrock) -> None:
    """Within 6,000 tokens, at three characters each, for every fault."""
    ranked = [faults for faults in HERE if faults[0].verdict in RANK]
    assert len(bedrock.requests) >= len(ranked)
    for prompt in bedrock.prompts:
        assert "fired rules" in prompt
        assert len(prompt) / 3 < 6000
        assert lab.state.database_password not in prompt
        # A user's name.
        assert "order-fulfilment" not in prompt
