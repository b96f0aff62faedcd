"""The checks of credentials, region and models in AWS."""

from collections.abc import Iterator

from stacks.preflight import aws
from stacks.preflight.aws import UnreachableError
from stacks.preflight.aws_in_containers import container_problems
from stacks.settings import CopilotSettings
from tdeploy.checks.check import Check, unknown, wrong, wrong_or_ok
from tdeploy.checks.model import check_model

_BEDROCK = "bedrock:"


def check_aws(settings: CopilotSettings) -> Iterator[Check]:
    """The credentials; if AWS accepts them, the region and the models of explanations."""
    region = settings.region
    models = dict(_bedrock_models(settings))
    try:
        refusal = aws.credentials_problem(region)
    except UnreachableError as error:
        refusal = str(error)
    problems = [*([refusal] if refusal else []), *container_problems()]
    yield from wrong_or_ok(
        "aws", problems, "AWS accepts the credentials, and containers can use it"
    )
    if refusal:
        yield from unknown(("region", *models), "AWS does not accept the credentials")
        return
    yield from _check_region(region)
    for setting, model in models.items():
        yield check_model(setting, model, region)


def _check_region(region: str) -> Iterator[Check]:
    try:
        problems = list(aws.region_problems(region, embeddings=True))
    except UnreachableError as error:
        yield Check(**{**vars(wrong("region", str(error))), "state": "unknown"})
        return
    finding = f"{region} has Aurora DSQL and the embedding model"
    yield from wrong_or_ok("region", problems, finding)


def _bedrock_models(settings: CopilotSettings) -> Iterator[tuple[str, str]]:
    """The models of Bedrock by the names of their settings."""
    chosen = {"model": settings.effective_model, "deep_model": settings.effective_deep_model}
    for setting, model in chosen.items():
        if model.startswith(_BEDROCK):
            yield setting, model.removeprefix(_BEDROCK)
