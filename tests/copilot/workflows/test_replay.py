"""A loop of an earlier version continues under this one."""

from pathlib import Path

import pytest
from pydantic_ai.durable_exec.temporal import PydanticAIPlugin
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from copilot.model.agent import register
from copilot.workflows.assess import AssessCycle
from copilot.workflows.observe import Observe
from copilot.workflows.payloads import DATA_CONVERTER
from tests.copilot.workflows.record import HISTORIES, SCENARIOS

RECORDED_MODEL = "bedrock:eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
RECORDED = sorted(HISTORIES.glob("*.json"))


def history(path: Path, workflow_id: str = "copilot-observe-monitored") -> WorkflowHistory:
    return WorkflowHistory.from_json(workflow_id, path.read_text("utf-8"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_recorded_history_replays(path: Path) -> None:
    replayer = Replayer(
        workflows=[Observe],
        data_converter=DATA_CONVERTER,
        debug_mode=True,  # a busy machine is slow, not deadlocked
    )
    await replayer.replay_workflow(history(path))


@pytest.mark.parametrize(
    "path", sorted((HISTORIES / "assess").glob("*.json")), ids=lambda path: path.stem
)
async def test_a_recorded_assessment_replays(path: Path) -> None:
    """One request each that explained, was refused or throttled; and an answer sent back once."""
    register(RECORDED_MODEL, "eu-west-1")
    replayer = Replayer(workflows=[AssessCycle], plugins=[PydanticAIPlugin()], debug_mode=True)
    await replayer.replay_workflow(history(path, "assess-1"))


def test_every_scenario_is_recorded() -> None:
    assert {path.stem for path in RECORDED} >= set(SCENARIOS)
