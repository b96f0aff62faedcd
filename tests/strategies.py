"""Hypothesis strategies for snapshots and for the memory of earlier cycles."""

from datetime import timedelta

from hypothesis import strategies as st

from copilot.health.decision import BacklogCourse, Memory, ScaleTier, State
from copilot.signals.matchers import PER_NAMESPACE, SYSTEM_WORKFLOWS
from copilot.signals.measurement import Measurement
from copilot.signals.probe import CanaryReport, CanaryStep, LateCanary, Probe
from copilot.signals.queue import UNVERSIONED, QueueKind, QueueSurvey, VersionBacklog
from copilot.signals.reading import Absence, Reading
from copilot.signals.roles import Role
from copilot.signals.signal_names import SignalName
from copilot.signals.snapshot import EarlierCycle, Snapshot
from tests.builders import CLUSTER, HEALTHY, START, queue_facts

rates = st.floats(0, 5000, allow_nan=False)
readings = st.one_of(
    st.builds(Reading.of, rates),
    st.builds(Reading.missing, st.sampled_from(Absence)),
)
ups = st.one_of(
    st.builds(Reading.of, st.sampled_from([0.0, 1.0])),
    st.builds(Reading.missing, st.sampled_from(Absence)),
)
_versions = st.builds(
    VersionBacklog,
    version=st.sampled_from(["shop:1", "shop:2"]),
    backlog=st.integers(0, 2000),
    age_seconds=rates,
    dispatch_rate=rates,
)
facts = st.builds(
    queue_facts,
    st.sampled_from(["orders", "payments", "order-fulfilment"]),
    backlog=st.integers(0, 2000),
    backlog_age_seconds=rates,
    add_rate=rates,
    dispatch_rate=rates,
    pollers=st.integers(0, 4),
    current_version=st.sampled_from(["", "shop:2"]),
    polled_versions=st.sampled_from([None, (), ("shop:1",)]),
    version_polls=st.dictionaries(st.sampled_from(["shop:1", UNVERSIONED]), st.just(START)),
    versions=st.lists(_versions, max_size=2).map(tuple),
    needed=st.sampled_from([None, True, False]),
)
_system_queues = st.lists(
    st.builds(
        queue_facts,
        st.sampled_from([PER_NAMESPACE, SYSTEM_WORKFLOWS]),
        st.sampled_from(QueueKind),
        backlog=st.integers(0, 20),
        backlog_age_seconds=rates,
        dispatch_rate=rates,
    ),
    max_size=2,
).map(tuple)
_earlier = st.lists(
    st.builds(
        EarlierCycle,
        at=st.integers(1, 7).map(lambda days: START - timedelta(days=days)),
        updates=rates,
        starts=rates,
        signals=rates,
    ),
    max_size=4,
).map(tuple)
surveys = st.one_of(
    st.builds(QueueSurvey, queues=st.lists(facts, max_size=3).map(tuple)),
    st.builds(QueueSurvey, absence=st.sampled_from(Absence)),
)
_late = st.builds(
    LateCanary,
    shard=st.integers(1, 16),
    step=st.sampled_from(CanaryStep),
    seconds=st.floats(10, 3600),
    detail=st.sampled_from(["", "context deadline exceeded"]),
)
_canaries = st.builds(
    CanaryReport,
    shards=st.integers(0, 16),
    passed=st.integers(0, 16),
    late=st.lists(_late, max_size=3, unique_by=lambda one: one.shard).map(tuple),
    fails=st.booleans(),
    visibility=st.sampled_from(["", "no answer"]),
    problem=st.sampled_from(["", "denied"]),
)
probes = st.one_of(
    st.none(),
    st.builds(
        Probe,
        at=st.just(START),
        frontend=st.sampled_from(["", "no connection"]),
        store=st.sampled_from(["", "no answer"]),
        store_seconds=st.sampled_from([None, 0.004, 0.4]),
        canary=st.one_of(st.none(), _canaries),
    ),
)
snapshots = st.builds(
    Snapshot,
    cluster=st.just(CLUSTER),
    at=st.just(START),
    metrics=st.builds(
        Measurement,
        readings=st.fixed_dictionaries({str(name): readings for name in SignalName}),
        targets=st.fixed_dictionaries(dict.fromkeys(Role, ups)),
        source_absence=st.one_of(st.none(), st.none(), st.sampled_from(Absence)),
    ),
    queues=surveys,
    probe=probes,
    system_queues=_system_queues,
    earlier=_earlier,
)
# Snapshots without a missing reading: most properties are vacuous where the state is unknown.
readable = st.builds(
    Snapshot,
    cluster=st.just(CLUSTER),
    at=st.just(START),
    metrics=st.builds(
        Measurement,
        readings=st.fixed_dictionaries(
            {
                str(name): st.builds(Reading.of, st.one_of(st.just(value), rates))
                for name, value in (dict.fromkeys(SignalName, 0.0) | {**HEALTHY}).items()
            }
        ),
        targets=st.fixed_dictionaries(
            dict.fromkeys(Role, st.builds(Reading.of, st.sampled_from([1.0, 1.0, 0.0])))
        ),
    ),
    queues=st.builds(QueueSurvey, queues=st.lists(facts, max_size=2).map(tuple)),
    probe=probes,
    system_queues=_system_queues,
    earlier=_earlier,
)
_known = st.sampled_from([State.HAPPY, State.STRESSED, State.CRITICAL])
_labels = facts.map(lambda one: one.key.label)
_times = st.integers(-900, 0).map(lambda seconds: START + timedelta(seconds=seconds))
_courses = st.builds(
    BacklogCourse,
    highest=st.integers(0, 2000),
    highest_at=_times,
    lowest=st.integers(0, 2000),
    lowest_at=_times,
)
memories = st.builds(
    lambda standing, blind, **rest: Memory(
        state=State.UNKNOWN if blind or standing is None else standing, standing=standing, **rest
    ),
    st.one_of(st.none(), _known),
    st.booleans(),
    band=st.one_of(st.none(), st.sampled_from(ScaleTier)),
    cycle=st.integers(0, 10_000),
    critical_run=st.integers(0, 5),
    below_critical_run=st.integers(0, 5),
    clear_run=st.integers(0, 5),
    roles_seen=st.sampled_from([(), tuple(Role)]),
    at=st.one_of(st.none(), _times),
    update_rates=st.sampled_from([(), (145.0,) * 12]),
    demand_rates=st.sampled_from([(), (9.0,) * 12]),
    backlogs=st.dictionaries(_labels, _courses, max_size=3),
    dispatch_rates=st.dictionaries(_labels, rates, max_size=3),
    canary_seconds=st.floats(0, 60),
)
