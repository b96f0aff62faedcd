from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copilot.health.decision import State
from copilot.store.issues import issue_id
from copilot.store.records import CycleRecord, StoredIssue
from copilot.store.repository import Repository
from tests.builders import cycle_time, issue, record


async def stored(repository: Repository, *, open_only: bool = False) -> tuple[StoredIssue, ...]:
    return await repository.newest_issues(
        "monitored", open_only=open_only, severity=None, limit=100
    )


async def test_an_issue_opens_continues_and_ends(repository: Repository) -> None:
    await repository.save(
        [record(1, State.STRESSED, "orders"), record(2, State.STRESSED, "orders")]
    )
    (going_on,) = await stored(repository, open_only=True)
    assert (going_on.opened_at, going_on.last_seen_at) == (cycle_time(1), cycle_time(2))
    assert going_on.description == "as of cycle 2"
    assert going_on.likely_causes == ("no worker polls", "workers are slow")
    assert going_on.next_checks == ("look at the workers",)

    await repository.save([record(3)])
    assert await stored(repository, open_only=True) == ()
    (ended,) = await stored(repository)
    assert ended.id == going_on.id
    assert (ended.last_seen_at, ended.resolved_at) == (cycle_time(2), cycle_time(3))


async def test_an_unknown_cycle_ends_nothing(repository: Repository) -> None:
    await repository.save([record(1, State.STRESSED, "orders"), record(2, State.UNKNOWN)])
    (still_open,) = await stored(repository, open_only=True)
    assert still_open.last_seen_at == cycle_time(1)
    await repository.save([record(3, State.UNKNOWN, "orders")])
    (still_open,) = await stored(repository)
    assert (still_open.opened_at, still_open.last_seen_at) == (cycle_time(1), cycle_time(3))


async def test_a_returning_issue_is_a_new_row(repository: Repository) -> None:
    await repository.save(
        [
            record(1, State.STRESSED, "orders"),
            record(2),
            record(3, State.STRESSED, "orders", "mails"),
            record(4, State.STRESSED, "mails"),
        ]
    )
    rows = [(row.subject, row.opened_at, row.resolved_at) for row in await stored(repository)]
    assert sorted(rows[:2]) == [
        ("mails", cycle_time(3), None),
        ("orders", cycle_time(3), cycle_time(4)),
    ]
    assert rows[2] == ("orders", cycle_time(1), cycle_time(2))


async def test_issues_are_found_by_severity_and_cluster(repository: Repository) -> None:
    await repository.save(
        [
            record(1, State.STRESSED, "orders"),
            record(2, State.STRESSED, "mails", cluster="other"),
        ]
    )
    found = await repository.newest_issues(
        "monitored", open_only=True, severity="critical", limit=10
    )
    assert [row.subject for row in found] == ["orders"]
    assert not await repository.newest_issues(
        "monitored", open_only=True, severity="blind", limit=10
    )
    assert (
        len(await repository.newest_issues("other", open_only=True, severity=None, limit=10)) == 1
    )


async def test_a_subject_that_quotes_another_issue_is_another(repository: Repository) -> None:
    quoting = 'x"starved_queue:orders'
    await repository.save(
        [
            record(1, State.STRESSED, "orders"),
            record(2, State.UNKNOWN, quoting),
            record(4, State.STRESSED, "orders"),
            record(3),  # comes late, and ends the issue after its cycle 1
        ]
    )
    rows = {(row.opened_at, row.last_seen_at) for row in await stored(repository)}
    assert rows == {
        (cycle_time(1), cycle_time(1)),
        (cycle_time(2), cycle_time(2)),
        (cycle_time(4), cycle_time(4)),
    }


async def test_a_subject_with_nul_is_stored(
    repository: Repository,
) -> None:
    subject = 'a\x00"b\\'
    await repository.save([record(1, State.STRESSED, subject), record(3, State.STRESSED, subject)])
    await repository.save([record(2)])
    rows = await stored(repository)
    assert [(row.opened_at, row.resolved_at) for row in rows] == [
        (cycle_time(3), None),
        (cycle_time(1), cycle_time(2)),
    ]


SUBJECTS = ("orders", "mails")
Cycles = Sequence[tuple[State, frozenset[str]]]
Row = tuple[str, datetime, datetime, datetime | None, str]
cycles = st.lists(
    st.tuples(
        st.sampled_from([State.HAPPY, State.STRESSED, State.UNKNOWN]),
        st.frozensets(st.sampled_from(SUBJECTS)),
    ),
    min_size=1,
    max_size=7,
)


def expected(history: Cycles) -> set[Row]:
    """The same rows from a loop over the cycles in order."""
    rows: set[Row] = set()
    for subject in SUBJECTS:
        opened: int | None = None
        last = 0
        for cycle, (state, seen) in enumerate(history):
            if subject in seen:
                opened = cycle if opened is None else opened
                last = cycle
            elif opened is not None and state is not State.UNKNOWN:
                rows.add(
                    (
                        subject,
                        cycle_time(opened),
                        cycle_time(last),
                        cycle_time(cycle),
                        f"as of cycle {last}",
                    )
                )
                opened = None
        if opened is not None:
            rows.add((subject, cycle_time(opened), cycle_time(last), None, f"as of cycle {last}"))
    return rows


@given(history=cycles, data=st.data())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_order_and_repetition_of_saves_do_not_matter(
    repository: Repository, history: Cycles, data: st.DataObject
) -> None:
    cluster = f"cluster-{uuid4()}"
    records: list[CycleRecord] = [
        record(cycle, state, *sorted(seen), cluster=cluster)
        for cycle, (state, seen) in enumerate(history)
    ]
    again = data.draw(st.lists(st.sampled_from(records), max_size=3))
    await repository.save(data.draw(st.permutations(records + again)))

    rows = await repository.newest_issues(cluster, open_only=False, severity=None, limit=100)
    assert {
        (row.subject, row.opened_at, row.last_seen_at, row.resolved_at, row.description)
        for row in rows
    } == expected(history)
    assert len(rows) == len(expected(history))
    assert all(row.id == issue_id(cluster, row.fingerprint, row.opened_at) for row in rows)
    assert all(row.fingerprint == issue(row.subject).fingerprint for row in rows)
