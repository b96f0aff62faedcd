"""A loop that began under an earlier version goes on under this one."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from copilot.payloads import DATA_CONVERTER
from copilot.workflows.observe import Observe
from tests.copilot.workflows.record import HISTORIES, SCENARIOS

RECORDED = sorted(HISTORIES.glob("*.json"))


def history(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json("copilot-observe-monitored", path.read_text("utf-8"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_recorded_history_replays(path: Path) -> None:
    replayer = Replayer(workflows=[Observe], data_converter=DATA_CONVERTER)
    await replayer.replay_workflow(history(path))


def test_every_scenario_is_recorded() -> None:
    assert {path.stem for path in RECORDED} >= set(SCENARIOS)
