"""Models that there cannot be are named; prices are list prices."""

import pytest
from pydantic_ai import RunUsage
from pydantic_ai.exceptions import ModelHTTPError

from copilot.model import cost_usd, reason, register
from tests.bedrock_model import MODEL


@pytest.mark.parametrize("model_id", ["openai:gpt-5", "no-such-provider:x"])
def test_why_a_model_cannot_be_is_said_in_one_line(model_id: str) -> None:
    said = register(model_id, "eu-west-1")
    assert said.startswith(f"{model_id} cannot be used: ")
    assert "\n" not in said


def test_having_a_model_of_bedrock_at_hand_needs_no_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "gone")
    assert register(f"bedrock:{MODEL}", "eu-west-1") == ""


def test_a_price_is_known_or_not_made_up() -> None:
    usage = RunUsage(input_tokens=1_000_000, output_tokens=0)
    known = cost_usd(f"bedrock:{MODEL}", usage)
    assert known
    assert 0.1 < known < 100
    assert cost_usd("bedrock:no.such-model", usage) is None


def test_nothing_that_the_other_side_wrote_is_repeated() -> None:
    said = reason(ModelHTTPError(500, "m", body={"message": "password=hunter2"}), "bedrock:m")
    assert said == "bedrock:m could not be asked"
