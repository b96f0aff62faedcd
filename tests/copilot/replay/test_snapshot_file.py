"""Any snapshot survives the file, and no cut of a file goes unseen."""

from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.errors import FileError
from copilot.health.decision import Memory
from copilot.health.evaluate import evaluate
from copilot.health.thresholds import Thresholds
from copilot.replay.evaluated import evaluate_again
from copilot.replay.snapshot_file import SnapshotLine, snapshots_of
from copilot.signals.snapshot import Snapshot
from tests.builders import cycle_time, log_survey, queue_facts, snapshot
from tests.strategies import memories, snapshots

SMALL = snapshot(queues=[queue_facts("zürich-\N{SNOWMAN}")], logs=log_survey(cycle_time(0)))
LINES = [
    SnapshotLine(**dict(SMALL), memory=Memory(cycle=4)),
    SnapshotLine(**dict(SMALL)),
    SnapshotLine(**dict(SMALL)),
]
FILE = b"".join(line.as_line() for line in LINES)
ENDS = [0, *(number + 1 for number, byte in enumerate(FILE) if byte == ord("\n"))]


# Each example has three whole snapshots.
@settings(max_examples=25)
@given(st.lists(st.tuples(snapshots, st.one_of(st.none(), memories)), min_size=1, max_size=3))
def test_a_written_snapshot_is_read_as_it_was(past: list[tuple[Snapshot, Memory | None]]) -> None:
    lines = [SnapshotLine(**dict(one), memory=memory) for one, memory in past]
    file = BytesIO(b"".join(line.as_line() for line in lines))
    assert list(snapshots_of(file, "past")) == lines


@given(snapshots, memories)
def test_a_replay_decides_as_the_rules_do(observed: Snapshot, memory: Memory) -> None:
    line = SnapshotLine(**dict(observed), memory=memory)
    (found,) = evaluate_again([line], Thresholds())
    assert found.decision == found.tried == evaluate(memory, observed, Thresholds())


def read(content: bytes) -> tuple[list[SnapshotLine], str]:
    """The snapshots, and why there are no more of them."""
    lines: list[SnapshotLine] = []
    try:
        lines.extend(snapshots_of(BytesIO(content), "past"))
    except FileError as error:
        return lines, str(error)
    return lines, ""


@given(st.integers(0, len(FILE) - 1))
def test_a_file_cut_anywhere_gives_its_whole_lines(size: int) -> None:
    """A cut right after a line leaves a whole file, and one before its line feed a whole line."""
    whole = sum(end <= size + 1 for end in ENDS[1:])
    lines, problem = read(FILE[:size])
    assert lines == LINES[:whole]
    if not size:
        assert "empty" in problem
    elif size in ENDS or size + 1 in ENDS:
        assert not problem
    else:
        assert problem.startswith(f"past, line {whole + 1}: truncated")


@given(st.integers(0, len(FILE) - 1), st.integers(0, 255))
def test_a_changed_byte_is_a_snapshot_or_a_refusal(position: int, byte: int) -> None:
    """The reader raises nothing but FileError, and what it reads can be evaluated."""
    lines, problem = read(FILE[:position] + bytes([byte]) + FILE[position + 1 :])
    assert problem or lines
    assert len(list(evaluate_again(lines))) == len(lines)


def test_a_snapshot_of_an_earlier_release_is_read() -> None:
    """As it was stored before snapshots had logs, versions or truncated queues."""
    line = (
        b'{"cluster":"monitored","at":"2026-01-01T00:00:00Z","metrics":{"readings":{"a":'
        b'{"value":1.0}},"targets":{"history":{"value":1.0}}},"queues":{"queues":[]}}\n'
    )
    (found,) = snapshots_of(BytesIO(line), "past")
    assert found.logs is None
    assert found.metrics.targets["history"].value == 1
