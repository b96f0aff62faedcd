"""`python -m copilot replay`, on files as users have them."""

import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Any, BinaryIO

import pytest

from copilot.__main__ import main
from copilot.health.decision import Memory, State
from copilot.replay.snapshot_file import VERSION, SnapshotLine
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import Snapshot
from tests.builders import cycle_time, decisions_of, queue_facts, snapshot

ROOT = Path(__file__).parents[3]
LIMIT_SECONDS = 300
SLOW = {S.PERSISTENCE_LATENCY_P95: 600.0}
PAST = [snapshot(cycle_time(cycle), {} if cycle < 3 else SLOW) for cycle in range(6)]

TIER = decisions_of(PAST)[-1].band


def written(folder: Path, *lines: Snapshot | bytes) -> Path:
    file = folder / "past.jsonl"
    with file.open("wb") as out:
        for one in lines:
            out.write(one if isinstance(one, bytes) else one.model_dump_json().encode() + b"\n")
    return file


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


def copilot(*arguments: str | Path) -> Done:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([str(one) for one in arguments])
    return Done(code, out.getvalue(), err.getvalue())


def process(
    *arguments: str | Path, stdout: int | BinaryIO = PIPE, stdin: int | BinaryIO = DEVNULL
) -> Popen[str]:
    command = [sys.executable, "-m", "copilot", *map(str, arguments)]
    return Popen(command, cwd=ROOT, stdin=stdin, stdout=stdout, stderr=PIPE, text=True)


def refused(done: Done, *words: str) -> None:
    """One line that has the words, and exit code 2."""
    assert done.code == 2, done.err
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert all(word in done.err for word in words), done.err


def test_each_cycle_has_its_decision(tmp_path: Path) -> None:
    done = copilot("replay", written(tmp_path, *PAST), "--json")
    assert (done.code, done.err) == (0, "")
    expected = decisions_of(PAST)
    assert [(one["state"], one["cycle"], one["causes"]) for one in done.objects] == [
        (one.state, one.cycle, [cause.model_dump() for cause in one.causes]) for one in expected
    ]
    assert expected[-1].state is State.STRESSED
    last = done.objects[-1]
    assert [rule["name"] for rule in last["fired"]] == ["persistence_latency"]
    assert last["notices"] == []


def test_a_line_a_cycle_for_people(tmp_path: Path) -> None:
    with written(tmp_path, *PAST).open("rb") as stdin, process("replay", "-", stdin=stdin) as run:
        lines, _ = run.communicate(timeout=LIMIT_SECONDS)
    assert run.returncode == 0
    first, *_, last = lines.splitlines()
    assert lines.count("\n") == len(PAST)
    assert "happy" in first
    assert "stressed" in last
    assert "persistence_latency" in last


def test_other_limits_on_the_same_past(tmp_path: Path) -> None:
    limits = tmp_path / "limits.yaml"
    limits.write_text(f"{TIER}:\n  persistence_latency_p95: 700\n")
    done = copilot("replay", written(tmp_path, *PAST), "--json", "--thresholds", limits)
    assert (done.code, done.err) == (0, "")
    *cycles, last = done.objects
    assert [one["differs"] for one in cycles] == [False] * 3 + [True] * 3
    assert {one["with_thresholds"]["state"] for one in cycles} == {"happy"}
    summary = last["summary"]
    assert (summary["cycles"], summary["differing"]) == (6, 3)
    assert summary["changes"] == [{"from_state": "stressed", "to_state": "happy", "cycles": 3}]
    text = copilot("replay", written(tmp_path, *PAST), "--thresholds", limits)
    assert text.out.count("differs") == 3
    assert len(text.out.splitlines()) > len(PAST)


def test_each_cluster_has_its_own_memory(tmp_path: Path) -> None:
    other = [snapshot(one.at, cluster="other") for one in PAST]
    mixed = [one for pair in zip(PAST, other, strict=True) for one in pair]
    found = copilot("replay", written(tmp_path, *mixed), "--json").objects
    assert [one["cycle"] for one in found] == [n for n in range(1, 7) for _ in range(2)]
    assert {one["state"] for one in found if one["cluster"] == "other"} == {"happy"}


def test_a_memory_in_a_line_is_where_its_cycle_starts(tmp_path: Path) -> None:
    earlier = Memory(state=State.CRITICAL, standing=State.CRITICAL, cycle=70)
    line = SnapshotLine(**dict(PAST[0]), memory=earlier)
    found = copilot("replay", written(tmp_path, line, PAST[1]), "--json").objects
    assert [(one["cycle"], one["state"]) for one in found] == [
        (one.cycle, one.state) for one in decisions_of(PAST[:2], earlier)
    ]


def test_names_that_users_chose_stay_on_their_line(tmp_path: Path) -> None:
    stuck = queue_facts("a\nb\x1b[31m", backlog=900, backlog_age_seconds=900, pollers=0)
    file = written(tmp_path, snapshot(queues=[stuck]))
    done = copilot("replay", file)
    assert len(done.out.splitlines()) == 1
    assert "\x1b" not in done.out
    assert done.code == 0


GOOD = PAST[0].model_dump_json().encode() + b"\n"
NEWER = SnapshotLine(**dict(PAST[1]), version=VERSION + 1).as_line()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (GOOD + NEWER, "line 2"),
        (GOOD + b'{"version": 99, "snapshots": {}}\n', "version 99"),
        (GOOD + b'{"version": "x"}\n', "line 2"),
        (GOOD + b"[1]\n", "line 2"),
        (GOOD + b'{"other": 1}\n', "line 2"),
        (b"\x7fELF\x00\x01", "line 1"),
        (b"\xff\xfe\n", "line 1"),
        (b"[" * 100_000, "line 1"),
        (b"name,value\n1,2\n", "line 1"),
        (GOOD + GOOD[:-20], "line 2"),
        (GOOD[:100], "truncated"),
        (GOOD.replace(b"100", b"NaN", 1).replace(b"0.0", b"NaN"), "line 1"),
        (PAST[1].model_dump_json().encode() + b"\n" + GOOD, "line 2"),
    ],
    ids=str,
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, content: bytes, word: str) -> None:
    file = written(tmp_path, content)
    refused(copilot("replay", file), str(file), word)


def test_what_is_whole_before_a_truncated_line_is_evaluated(tmp_path: Path) -> None:
    done = copilot("replay", written(tmp_path, *PAST[:3], GOOD[:200]), "--json")
    refused(done, "line 4", "truncated")
    assert len(done.objects) == 3


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    refused(copilot("replay", tmp_path / "none.jsonl"), "none.jsonl")
    refused(copilot("replay", tmp_path), str(tmp_path))
    file = written(tmp_path, *PAST)
    refused(copilot("replay", file, "--thresholds", tmp_path / "none.yaml"), "none.yaml")


def test_a_reader_that_has_enough_is_no_failure(tmp_path: Path) -> None:
    file = written(tmp_path, *(snapshot(cycle_time(cycle)) for cycle in range(400)))
    with process("replay", file, "--json") as run:
        assert run.stdout
        assert run.stderr
        run.stdout.readline()
        run.stdout.close()
        assert run.stderr.read() == ""
    assert run.returncode == 0


def test_a_full_disk_is_said_in_one_line(tmp_path: Path) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        process("replay", written(tmp_path, *PAST), stdout=full) as run,
    ):
        _, message = run.communicate(timeout=LIMIT_SECONDS)
    refused(Done(run.returncode, "", message))
