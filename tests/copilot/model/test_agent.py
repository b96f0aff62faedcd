"""Registering a model, its price, and the reason of a failure."""

from collections.abc import Callable

import pytest
from botocore import exceptions
from pydantic_ai import RunUsage
from pydantic_ai.exceptions import ModelHTTPError
from temporalio.exceptions import ApplicationError

from copilot import aws_errors, claude
from copilot.aws_errors import network_problem, sign_in_problem
from copilot.model.agent import priced_as, register
from copilot.model.failures import failure_reason
from copilot.model.prices import cost_usd
from tests.fakes.bedrock_model import MODEL


@pytest.mark.parametrize("model_id", ["openai:gpt-5", "no-such-provider:x"])
def test_the_reason_why_a_model_cannot_be_used_is_one_line(model_id: str) -> None:
    problem = register(model_id, "eu-west-1")
    assert problem.startswith(f"{model_id} cannot be used: ")
    assert "\n" not in problem


def test_registering_a_bedrock_model_needs_no_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "gone")
    assert register(f"bedrock:{MODEL}", "eu-west-1") == ""


def test_a_model_without_a_list_price_has_no_cost() -> None:
    usage = RunUsage(input_tokens=1_000_000, output_tokens=0)
    known = cost_usd(f"bedrock:{MODEL}", usage)
    assert known
    assert 0.1 < known < 100
    assert cost_usd("bedrock:no.such-model", usage) is None


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1", "ap-northeast-1", "sa-east-1"])
@pytest.mark.parametrize("default", [claude.quick_model, claude.deep_model])
def test_the_default_models_are_known_and_have_a_price(
    default: Callable[[str], str], region: str
) -> None:
    model_id = default(region)
    assert register(model_id, region) == ""
    assert cost_usd(priced_as(model_id), RunUsage(input_tokens=1000, output_tokens=10))


@pytest.mark.parametrize(
    ("model_id", "has_price"),
    [
        ("bedrock:zai.glm-4.7", False),
        (f"bedrock:arn:aws:bedrock:eu-west-1:123456789012:inference-profile/{MODEL}", True),
    ],
)
def test_ids_with_dots_and_arns_can_be_used(model_id: str, *, has_price: bool) -> None:
    assert register(model_id, "eu-west-1") == ""
    price = cost_usd(priced_as(model_id), RunUsage(input_tokens=1000, output_tokens=10))
    assert bool(price) is has_price


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (exceptions.ReadTimeoutError(endpoint_url="x"), "network"),
        (exceptions.ConnectTimeoutError(endpoint_url="x"), "network"),
        (exceptions.EndpointConnectionError(endpoint_url="x"), "network"),
        (exceptions.ConnectionClosedError(endpoint_url="x"), "network"),
        (exceptions.ProxyConnectionError(proxy_url="x"), "HTTPS_PROXY"),
        (exceptions.SSLError(endpoint_url="x", error=OSError()), "AWS_CA_BUNDLE"),
        (exceptions.InfiniteLoopConfigError(source_profile="x", visited_profiles=[]), "config"),
        (exceptions.LoginRefreshRequired(), "aws sso login"),
    ],
)
def test_an_error_that_temporal_carried_has_the_remedy_of_the_error(
    error: Exception, remedy: str
) -> None:
    carried = ApplicationError("carried", type=type(error).__name__)
    for said in (failure_reason(carried, "bedrock:m"), aws_errors.remedy(error)):
        assert remedy in said
    assert sign_in_problem(error) or network_problem(error)


def test_other_errors_are_no_problem_of_sign_in_or_network() -> None:
    error = exceptions.ParamValidationError(report="x")
    assert sign_in_problem(error) == network_problem(error) == ""


def test_a_failure_reason_has_no_text_of_the_provider() -> None:
    error = ModelHTTPError(500, "m", body={"message": "password=hunter2"})
    assert failure_reason(error, "bedrock:m") == "bedrock:m cannot be reached"
