"""What the look between two cycles adds to a verdict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.health.decision import CauseKind, Decision, Memory, RuleName, State
from copilot.health.evaluate import evaluate
from copilot.signals.instances import with_probe
from copilot.signals.measurement import Instance
from copilot.signals.probe import CanaryReport, CanaryStep, LateCanary, Probe
from copilot.signals.roles import Role
from copilot.signals.snapshot import Snapshot
from tests.builders import START, THRESHOLDS, snapshot

SHARDS = 4


def late(shard: int, step: CanaryStep = CanaryStep.START) -> LateCanary:
    return LateCanary(shard=shard, step=step, seconds=20.0)


def canary(*lates: LateCanary, fails: bool = False, **changes: object) -> CanaryReport:
    fields = {"shards": SHARDS, "passed": 0 if fails else 3, "late": lates, "fails": fails}
    return CanaryReport.model_validate(fields | changes)


def probe(**changes: object) -> Probe:
    fields = {"at": START, "store_seconds": 0.004, "canary": canary()} | changes
    return Probe.model_validate(fields)


def decisions(seen: Probe | None, *, cycles: int = 1, base: Snapshot | None = None) -> Decision:
    """The last decision on a cluster that was healthy before, and whose metrics still are."""
    memory = evaluate(Memory(), snapshot(), THRESHOLDS).memory
    changed = base or snapshot()
    changed = with_probe(changed, seen) if seen else changed
    for _ in range(cycles):
        decision = evaluate(memory, changed, THRESHOLDS)
        memory = decision.memory
    return decision


@given(st.integers(1, SHARDS), st.sampled_from(CanaryStep))
def test_a_single_stuck_shard_is_stressed_and_named(shard: int, step: CanaryStep) -> None:
    decision = decisions(probe(canary=canary(late(shard, step))), cycles=4)
    assert decision.state is State.STRESSED
    assert (decision.causes[0].kind, decision.causes[0].name) == (
        CauseKind.SHARDS,
        f"shard {shard}",
    )


@pytest.mark.parametrize(
    ("step", "role"),
    [
        (CanaryStep.START, Role.HISTORY),
        (CanaryStep.TIMER, Role.HISTORY),
        (CanaryStep.WORKFLOW_TASK, Role.MATCHING),
        (CanaryStep.ACTIVITY, Role.MATCHING),
    ],
)
def test_canaries_that_all_wait_are_critical_from_the_third_cycle(
    step: CanaryStep, role: Role
) -> None:
    seen = probe(canary=canary(late(1, step), late(2, step), fails=True))
    assert decisions(seen).state is State.STRESSED
    decision = decisions(seen, cycles=3)
    assert decision.state is State.CRITICAL
    assert decision.causes[0].name == role


@pytest.mark.parametrize("store_seconds", [0.4, None])
def test_canaries_that_wait_for_a_slow_store_are_its_trouble_and_never_critical(
    store_seconds: float | None,
) -> None:
    seen = probe(canary=canary(late(1), late(2), fails=True), store_seconds=store_seconds)
    decision = decisions(seen, cycles=4)
    assert decision.state is State.STRESSED
    assert [cause.kind for cause in decision.causes] == [CauseKind.PERSISTENCE]
    one_late = probe(canary=canary(late(1)), store_seconds=store_seconds)
    assert decisions(one_late, cycles=4).state is State.HAPPY


def test_a_late_canary_does_not_blame_its_shard_where_all_are_slow() -> None:
    steps = {CanaryStep.START: 2.0, CanaryStep.WORKFLOW_TASK: 4.0}
    seen = probe(canary=canary(late(1), passed=2, steps=steps))
    assert decisions(seen, cycles=4).state is State.HAPPY
    none_passed = with_probe(snapshot(), probe(canary=canary(late(1), passed=0)))
    slow = decisions(seen).memory
    assert evaluate(slow, none_passed, THRESHOLDS).state is State.HAPPY
    lasting = late(1).model_copy(update={"seconds": 30.0})
    decision = decisions(probe(canary=canary(lasting, passed=2, steps=steps)))
    assert [cause.kind for cause in decision.causes] == [CauseKind.SHARDS]


def test_a_store_that_fails_is_the_root_of_lost_canaries() -> None:
    seen = probe(store="UNAVAILABLE", canary=canary(late(1), late(2), fails=True))
    decision = decisions(seen, cycles=3)
    assert decision.state is State.CRITICAL
    assert [cause.kind for cause in decision.causes] == [CauseKind.PERSISTENCE]


def test_a_frontend_that_does_not_answer_is_stressed_at_once() -> None:
    decision = decisions(probe(frontend="no connection"))
    assert decision.state is State.STRESSED
    assert decision.causes[0].name == Role.FRONTEND


@pytest.mark.parametrize(
    "seen",
    [
        None,
        probe(),
        probe(canary=None),
        probe(canary=canary(problem="the canary does not run: PERMISSION_DENIED", shards=0)),
    ],
)
def test_without_a_canary_the_other_rules_decide(seen: Probe | None) -> None:
    assert decisions(seen, cycles=4).state is State.HAPPY


def test_a_canary_that_cannot_run_is_a_notice() -> None:
    decision = decisions(probe(canary=canary(problem="the canary does not run: denied")))
    assert decision.state is State.HAPPY
    assert RuleName.CANARY_UNABLE in {result.name for result in decision.notices}
    assert not decision.causes


def test_a_failed_look_up_is_the_trouble_of_visibility() -> None:
    decision = decisions(probe(canary=canary(visibility="the frontend answered UNAVAILABLE")))
    assert decision.state is State.STRESSED
    assert decision.causes[0].kind is CauseKind.VISIBILITY


def with_history(*names: str) -> Snapshot:
    base = snapshot()
    group = tuple(Instance(name=name, up=True) for name in names)
    instances = {**base.metrics.instances, Role.HISTORY: group}
    metrics = base.metrics.model_copy(update={"instances": instances})
    return base.model_copy(update={"metrics": metrics})


def test_a_process_that_refuses_connections_is_down_before_its_scrapes_fail() -> None:
    seen = probe(dead=("a:1",))
    decision = decisions(seen, cycles=3, base=with_history("a:1"))
    assert decision.state is State.CRITICAL
    assert decision.causes[0].name == Role.HISTORY


def test_one_dead_instance_of_three_is_a_notice() -> None:
    decision = decisions(probe(dead=("a:1",)), base=with_history("a:1", "b:1", "c:1"))
    assert decision.state is State.HAPPY
    assert RuleName.INSTANCES_DOWN in {result.name for result in decision.notices}


def test_shards_that_a_dead_instance_leaves_have_time_to_move() -> None:
    base = with_history("a:1", "b:1", "c:1")
    seen = probe(dead=("a:1",), canary=canary(late(2)))
    assert decisions(seen, base=base).state is State.HAPPY
    lasting = late(2).model_copy(update={"seconds": 90.0})
    decision = decisions(probe(dead=("a:1",), canary=canary(lasting)), base=base)
    assert decision.state is State.STRESSED
    assert [cause.name for cause in decision.causes] == [Role.HISTORY]
