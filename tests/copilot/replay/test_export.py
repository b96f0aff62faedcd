"""From a store on a real PostgreSQL to a file, and back to the stored decisions."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from copilot.__main__ import main
from copilot.health.decision import Decision, State
from copilot.replay import export
from copilot.replay.evaluated import evaluate_again
from copilot.replay.snapshot_file import read_snapshots
from copilot.signals.reading import Absence, Reading
from copilot.signals.signal_names import SignalName as S
from copilot.store.records import CycleRecord
from copilot.store.repository import Repository
from tests.builders import blind_snapshot, cycle_time, queue_facts, records_of, snapshot

CYCLES = 12


def past() -> list[CycleRecord]:
    """A slow database, a starved queue, a gap without metrics, and a recovery."""
    starved = queue_facts(backlog=900, backlog_age_seconds=900, dispatch_rate=0.0, pollers=0)
    changes: dict[int, dict[S, float | Reading]] = {
        2: {S.PERSISTENCE_LATENCY_P95: 900.0},
        3: {S.PERSISTENCE_LATENCY_P95: 900.0},
        4: {S.PERSISTENCE_ERROR_RATE: Reading.missing(Absence.TIMED_OUT)},
    }
    return records_of(
        blind_snapshot(cycle_time(cycle))
        if cycle == 6
        else snapshot(
            cycle_time(cycle),
            changes.get(cycle),
            queues=[starved] if cycle in (7, 8) else (),
            down=["history"] if cycle in (9, 10) else (),
        )
        for cycle in range(CYCLES)
    )


@pytest.fixture
async def stored(
    repository: Repository, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> list[Decision]:
    """The decisions of a past that is in the store which the settings name."""
    monkeypatch.setenv("COPILOT_DATABASE_URL", database_url)
    monkeypatch.setattr(export, "CYCLES_A_PAGE", 5)
    records = past()
    await repository.save(records)
    await repository.save(records_of([snapshot(cycle_time(1), cluster="other")]))
    decisions = [record.decision for record in records]
    assert {one.state for one in decisions} >= {State.HAPPY, State.STRESSED, State.UNKNOWN}
    return decisions


async def copilot(*arguments: str | Path) -> int:
    return await asyncio.to_thread(main, [str(one) for one in arguments])


def replayed(path: Path) -> list[Decision]:
    return [one.decision for one in evaluate_again(read_snapshots(str(path)))]


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_replay_gives_the_stored_decisions_again(
    stored: list[Decision], tmp_path: Path
) -> None:
    file = tmp_path / "past.jsonl"
    assert await copilot("export", file) == 0
    assert replayed(file) == stored
    assert names(tmp_path) == [file.name]


@pytest.mark.parametrize("first", [0, 3, 8, 10])
async def test_a_window_starts_from_the_memory_before_it(
    stored: list[Decision], tmp_path: Path, first: int
) -> None:
    file = tmp_path / "past.jsonl"
    start, end = cycle_time(first), cycle_time(11)
    assert await copilot("export", "--from", start.isoformat(), "--to", end.isoformat(), file) == 0
    assert replayed(file) == stored[first:11]


async def test_cycles_that_are_not_stored_leave_a_new_start(
    repository: Repository,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COPILOT_DATABASE_URL", database_url)
    records = past()
    await repository.save([*records[2:4], *records[8:]])
    file = tmp_path / "past.jsonl"
    assert await copilot("export", file) == 0
    found = replayed(file)
    assert [one.cycle for one in found] == [3, 4, 9, 10, 11, 12]
    assert [one.previous_state for one in found] == [
        record.decision.previous_state for record in (*records[2:4], *records[8:])
    ]


async def test_a_cluster_is_chosen(stored: list[Decision], tmp_path: Path) -> None:
    file = tmp_path / "other.jsonl"
    assert await copilot("export", "--cluster", "other", file) == 0
    assert [(one.cluster, one.at) for one in replayed(file)] == [("other", stored[1].at)]


@pytest.mark.usefixtures("stored")
async def test_a_time_without_cycles_is_said_and_leaves_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "past.jsonl"
    file.write_text("earlier")
    later = (cycle_time(CYCLES) + timedelta(days=1)).isoformat()
    assert await copilot("export", "--from", later, file) == 1
    assert await copilot("export", "--cluster", "none", file) == 1
    assert await copilot("export", "--from", later, "--to", later, file) == 2
    assert await copilot("export", tmp_path / "none" / "past.jsonl") == 2
    assert await copilot("export", tmp_path) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len([line for line in errors if line.startswith("error: ")]) == len(errors) == 5
    assert file.read_text() == "earlier"
    assert names(tmp_path) == [file.name]


async def test_a_store_that_does_not_answer_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COPILOT_DATABASE_URL", "postgresql://copilot@127.0.0.1:1/copilot")
    assert await copilot("export", tmp_path / "past.jsonl") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not names(tmp_path)


@pytest.mark.parametrize("time", ["yesterday", "2026-13-01"])
def test_a_wrong_time_is_refused(time: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["export", "--from", time])
    assert caught.value.code == 2
    assert time in capsys.readouterr().err
