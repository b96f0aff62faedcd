"""Laws of the verdict, for any snapshot and any memory."""

from hypothesis import given
from hypothesis import strategies as st

from copilot.health.decision import Decision, Memory, Severity, State
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.signals.reading import Absence, Reading
from copilot.signals.signal_names import SignalName
from copilot.signals.snapshot import Snapshot
from tests.builders import snapshot as healthy
from tests.strategies import memories, readable, snapshots

LIMITS = Thresholds()
RANK = {State.HAPPY: 0, State.STRESSED: 1, State.CRITICAL: 2}
GAPS = [absence for absence in Absence if absence is not Absence.NO_OBSERVATIONS]
# Signals that are worse when higher, each read by a rule.
WORSE_WHEN_HIGHER = [
    SignalName.WORKFLOW_FAILED_RATE,
    SignalName.HISTORY_QUEUE_LATENCY_P95,
    SignalName.PERSISTENCE_LATENCY_P95,
    SignalName.UPDATE_LATENCY_P95,
    SignalName.FRONTEND_LATENCY_P95,
    SignalName.FRONTEND_ERROR_RATE,
    SignalName.PERSISTENCE_ERROR_RATE,
    SignalName.SHARD_CREATED_RATE,
]


def with_reading(snapshot: Snapshot, name: SignalName, reading: Reading) -> Snapshot:
    metrics = snapshot.metrics
    changed = metrics.model_copy(update={"readings": {**metrics.readings, name: reading}})
    return snapshot.model_copy(update={"metrics": changed})


def fresh(memory: Memory) -> Memory:
    return memory.model_copy(update={"band": None})


@given(memories, snapshots)
def test_the_same_input_gives_the_same_decision(memory: Memory, snapshot: Snapshot) -> None:
    assert evaluate(memory, snapshot, LIMITS) == evaluate(memory, snapshot, LIMITS)


@given(memories, snapshots)
def test_never_from_happy_to_critical(memory: Memory, snapshot: Snapshot) -> None:
    decision = evaluate(memory, snapshot, LIMITS)
    if State.HAPPY in (memory.state, memory.standing):
        assert decision.state is not State.CRITICAL


@given(memories, snapshots)
def test_a_decision_equals_its_evidence(memory: Memory, snapshot: Snapshot) -> None:
    """The results of the rules alone lead to the same state, up to the counters."""
    decision = evaluate(memory, snapshot, LIMITS)
    severities = {result.severity for result in decision.fired}
    for result in decision.fired:
        if result.fires_when == "above":
            assert result.observed is not None
            assert result.threshold is not None
            assert result.observed > result.threshold
        elif result.fires_when == "below":
            assert result.observed is not None
            assert result.threshold is not None
            assert result.observed < result.threshold
    if decision.state is State.HAPPY:
        assert not severities
        assert not any(result.unread for result in decision.gates)
        assert decision.causes == ()
    if Severity.BLIND in severities:
        assert decision.state is State.UNKNOWN
    if Severity.CRITICAL in severities:
        assert decision.state in (State.STRESSED, State.CRITICAL)
    if decision.state is State.UNKNOWN:
        assert decision.causes
    assert set(decision.causes) >= {result.cause for result in decision.fired if result.cause}
    assert decision.memory.state is decision.state
    assert Decision.model_validate_json(decision.model_dump_json()) == decision


@given(memories, readable, st.sampled_from(SignalName), st.sampled_from(GAPS))
def test_missing_is_never_healthier(
    memory: Memory, snapshot: Snapshot, name: SignalName, gap: Absence
) -> None:
    seen = evaluate(fresh(memory), snapshot, LIMITS)
    unseen = evaluate(fresh(memory), with_reading(snapshot, name, Reading.missing(gap)), LIMITS)
    if seen.state is not State.UNKNOWN and unseen.state is not State.UNKNOWN:
        assert RANK[unseen.state] >= RANK[seen.state] - _sized_by(name)


def _sized_by(name: SignalName) -> int:
    """Without updates or demand the tier is unknown, and a smaller tier has wider limits."""
    return int(name in (SignalName.STATE_TRANSITIONS_RATE, SignalName.START_REQUEST_RATE))


@given(memories, readable, st.sampled_from(SignalName), st.sampled_from(GAPS))
def test_a_missing_reading_that_a_rule_needs_is_never_happy(
    memory: Memory, snapshot: Snapshot, name: SignalName, gap: Absence
) -> None:
    decision = evaluate(memory, with_reading(snapshot, name, Reading.missing(gap)), LIMITS)
    if any(result.unread for result in decision.gates):
        assert decision.state is not State.HAPPY


@given(memories, readable, st.sampled_from(WORSE_WHEN_HIGHER), st.floats(0, 1e6))
def test_a_worse_signal_is_never_a_better_state(
    memory: Memory, snapshot: Snapshot, name: SignalName, more: float
) -> None:
    value = snapshot.metrics.readings[name].value or 0.0
    worse = with_reading(snapshot, name, Reading.of(value + more))
    before = evaluate(memory, snapshot, LIMITS)
    after = evaluate(memory, worse, LIMITS)
    if before.state is not State.UNKNOWN:
        assert after.state is not State.UNKNOWN
        assert RANK[after.state] >= RANK[before.state]


@given(readable, st.integers(1, 5))
def test_one_spike_is_never_critical(spike: Snapshot, calm: int) -> None:
    memory = Memory()
    well = healthy()
    for snapshot in [*[well] * calm, spike, well, well, well]:
        decision = evaluate(memory, snapshot, LIMITS)
        assert decision.state is not State.CRITICAL
        memory = decision.memory


@given(memories, st.integers(0, 3))
def test_two_clear_cycles_end_every_trouble(memory: Memory, blind: int) -> None:
    """And not one: neither a single clear cycle nor blind ones between."""
    troubled = memory.model_copy(
        update={"standing": State.CRITICAL, "state": State.CRITICAL}
        | {"clear_run": 0, "below_critical_run": 0}
    )
    unseen = healthy(source_absence=Absence.REFUSED)
    first = evaluate(troubled, healthy(), LIMITS)
    assert first.state is State.CRITICAL
    memory = first.memory
    for _ in range(blind):
        decision = evaluate(memory, unseen, LIMITS)
        assert decision.state is State.UNKNOWN
        memory = decision.memory
    assert evaluate(memory, healthy(), LIMITS).state is State.HAPPY


@given(st.lists(st.floats(0, 2000), min_size=1, max_size=200))
def test_a_tier_moves_one_step_and_does_not_flap(updates: list[float]) -> None:
    order = ["starter", "mid_scale", "high_throughput"]
    memory = Memory()
    for rate in updates:
        observed = healthy(changes={SignalName.STATE_TRANSITIONS_RATE: rate})
        decision = evaluate(memory, observed, LIMITS)
        assert decision.band is not None
        if memory.band is not None:
            assert abs(order.index(decision.band) - order.index(memory.band)) <= 1
        again = evaluate(decision.memory, observed, LIMITS)
        assert again.band is not None
        memory = decision.memory
    assert len(memory.update_rates) <= LIMITS.trailing_cycles
