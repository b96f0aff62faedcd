"""The check of a model of Bedrock: what stands in its way, and the remedy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stacks.settings import CopilotSettings
from tdeploy.checks.aws import check_aws
from tdeploy.checks.model import check_model
from tests.fakes.aws_preflight import FakeAws
from tests.stacks.conftest import signed_in

REGION = "eu-west-1"
CLAUDE = "anthropic.claude-sonnet-5-5"
PROFILE = f"eu.{CLAUDE}"
GLM = "zai.glm-4.7"
APPLICATION = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123"
MODELS = "arn:aws:bedrock:eu-west-1::foundation-model/"


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[FakeAws]:
    with signed_in(tmp_path) as served:
        yield served


@pytest.mark.parametrize(
    ("name", "base"),
    [
        (PROFILE, CLAUDE),
        (f"global.{CLAUDE}", CLAUDE),
        (CLAUDE, CLAUDE),
        (GLM, GLM),
        (f"eu.{GLM}", GLM),
        (APPLICATION, GLM),
        (f"{MODELS}{GLM}", GLM),
    ],
)
def test_every_kind_of_id_is_resolved_to_its_model(aws: FakeAws, name: str, base: str) -> None:
    aws.profiles[APPLICATION] = f"{MODELS}{GLM}"
    assert check_model("model", name, REGION).state == "ok"
    assert aws.asked[-1] == f"/foundation-model-availability/{base}"


@pytest.mark.parametrize(
    ("answer", "state", "remedy"),
    [
        ({"authorizationStatus": "NOT_AUTHORIZED"}, "wrong", "bedrock:InvokeModel"),
        ({"entitlementAvailability": "NOT_AVAILABLE"}, "wrong", "put-use-case-for-model-access"),
        (
            {"agreementAvailability": {"status": "NOT_AVAILABLE"}},
            "wrong",
            "aws-marketplace:Subscribe",
        ),
        ({"agreementAvailability": {"status": "ERROR", "errorMessage": "x"}}, "wrong", "Subscribe"),
        ({"agreementAvailability": {"status": "PENDING"}}, "warning", "wait"),
        # The model of a profile is served from its other regions.
        ({"regionAvailability": "NOT_AVAILABLE"}, "ok", ""),
    ],
)
def test_what_the_account_lacks_has_a_remedy(
    aws: FakeAws, answer: dict[str, Any], state: str, remedy: str
) -> None:
    aws.availability = answer
    check = check_model("deep_model", PROFILE, REGION)
    assert (check.name, check.state) == ("deep_model", state)
    assert remedy in check.fix


def test_only_anthropic_wants_a_form(aws: FakeAws) -> None:
    aws.availability = {"entitlementAvailability": "NOT_AVAILABLE"}
    assert "use-case" not in check_model("model", GLM, REGION).fix


@pytest.mark.parametrize(
    ("life", "state"),
    [
        ({"status": "ACTIVE"}, "ok"),
        ({"status": "LEGACY", "endOfLifeTime": "2999-01-02T00:00:00Z"}, "warning"),
        ({"status": "LEGACY", "endOfLifeTime": "2020-01-02T00:00:00Z"}, "wrong"),
    ],
)
def test_the_end_of_a_models_life(aws: FakeAws, life: dict[str, str], state: str) -> None:
    aws.model = {"modelLifecycle": life}
    check = check_model("model", PROFILE, REGION)
    assert check.state == state
    assert life.get("endOfLifeTime", "")[:10] in check.finding


def test_a_profile_and_a_model_that_do_not_exist(aws: FakeAws) -> None:
    aws.model_error = "ValidationException"
    for name in (GLM, APPLICATION):
        check = check_model("model", name, REGION)
        assert check.state == "wrong"
        assert name in check.finding
        assert "setting model" in check.fix


def test_a_model_that_only_profiles_serve(aws: FakeAws) -> None:
    aws.model = {"inferenceTypesSupported": ["INFERENCE_PROFILE"]}
    assert check_model("model", CLAUDE, REGION).state == "wrong"
    assert check_model("model", PROFILE, REGION).state == "ok"


def test_a_denied_question_is_unknown_and_names_the_permission(aws: FakeAws) -> None:
    aws.refusals["foundation-model-availability"] = "AccessDeniedException"
    check = check_model("model", PROFILE, REGION)
    assert (check.state, check.fix) == ("unknown", "")
    assert "bedrock:GetFoundationModelAvailability" in check.finding


@pytest.mark.usefixtures("aws")
def test_without_an_answer_the_question_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    for service in ("BEDROCK", "DSQL"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", "http://127.0.0.1:9")
    found = {check.name: check for check in check_aws(CopilotSettings())}
    assert found["aws"].state == "ok"
    for name in ("region", "model", "deep_model"):
        assert found[name].state == "unknown"
        assert "network" in found[name].fix
