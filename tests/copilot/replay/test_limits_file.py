"""Limits for a replay: what is accepted, and what is refused with its line."""

from pathlib import Path

import pytest

from copilot.errors import FileError
from copilot.health.contradictions import ORDERED, TIERS, contradictions
from copilot.health.thresholds import STARTER, Thresholds
from copilot.replay.limits_file import read_limits

YAML = """\
# Half of the usual age.
starved_age_seconds: 5
starter:
  demand_floor: 1.5
critical_after: 4
"""
JSON = """\
{
\t"starved_age_seconds": 5,
\t"starter": {"demand_floor": 15e-1},
\t"critical_after": 4
}
"""


def file_of(folder: Path, content: str | bytes) -> Path:
    path = folder / "limits.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("content", [YAML, JSON])
def test_limits_that_the_file_names_replace_the_defaults(tmp_path: Path, content: str) -> None:
    limits = read_limits(file_of(tmp_path, content))
    assert limits == Thresholds(
        starved_age_seconds=5,
        critical_after=4,
        starter=STARTER.model_copy(update={"demand_floor": 1.5}),
    )


@pytest.mark.parametrize(
    ("content", "line", "word"),
    [
        ("clear_after: 2\nstarved_age_second: 5\n", 2, "starved_age_seconds"),
        ("starter:\n  demand: 1\n", 2, "starter.demand"),
        ("small:\n  demand_floor: 1\n", 1, "small"),
        ("starter: 5\n", 1, "starter"),
        ("idle_demand:\n  starter: 5\n", 2, "idle_demand"),
        ("\nidle_demand: [5]\n", 2, "idle_demand"),
        ("idle_demand: yes\n", 1, "idle_demand"),
        ("idle_demand:\n", 1, "idle_demand"),
        ("idle_demand: .inf\n", 1, "idle_demand"),
        ("idle_demand: nan\n", 1, "idle_demand"),
        ("idle_demand: inf\n", 1, "idle_demand"),
        ("clear_after: 2\nidle_demand: -1\n", 2, "idle_demand"),
        ("clear_after: 0\n", 1, "clear_after"),
        ("clear_after: 2.5\n", 1, "clear_after"),
        ("drop_ratio: 1.5\n", 1, "drop_ratio"),
        ("idle_demand: 1\nidle_demand: 2\n", 2, "twice"),
        ("starter:\n  history_lag_stressed: 900\n", 2, "starter.history_lag_critical"),
        ("persistence_error_ratio_stressed: 0.8\n", 1, "persistence_error_ratio_critical"),
        ("high_throughput_from: 20\nmid_scale_from: 30\n", 2, "high_throughput_from"),
        ("- idle_demand\n", 1, "mapping"),
        ("5\n", 1, "mapping"),
        ("? [a]\n: 1\n", 1, "mapping"),
        ("clear_after: 2\nidle_demand: {\n", 3, "YAML"),
        ("clear_after: 2\nidle_demand: *other\n", 2, "YAML"),
        ('{"clear_after": 2,\n "idle_demand" 5}\n', 2, "YAML"),
        ("clear_after: 2\n\x07: 1\n", 2, "YAML"),
        (b"clear_after: 2\n\xff: 1\n", 2, "UTF-8"),
        ("[" * 500, 1, "deep"),
    ],
)
def test_wrong_limits_are_refused_with_their_line(
    tmp_path: Path, content: str | bytes, line: int, word: str
) -> None:
    path = file_of(tmp_path, content)
    with pytest.raises(FileError) as caught:
        read_limits(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, line {line}:")
    assert word in message
    assert "\n" not in message


@pytest.mark.parametrize("content", ["", "# nothing\n", "---\n", "{}\n"])
def test_a_file_without_limits_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(FileError, match="empty"):
        read_limits(file_of(tmp_path, content))


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        read_limits(file_of(tmp_path, "clear: 1\nidle_demand: x\nidle_updates: 3\n"))
    assert "line 1: clear" in str(caught.value)
    assert "line 2: idle_demand" in str(caught.value)


def test_the_default_limits_do_not_contradict_each_other() -> None:
    assert not list(contradictions(Thresholds()))


def test_every_limit_of_two_severities_is_compared() -> None:
    compared = {name for pair in ORDERED for name in pair}
    assert {
        "persistence_error_ratio_stressed",
        *(f"{tier}.history_lag_stressed" for tier in TIERS),
    } <= compared
