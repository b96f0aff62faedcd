"""The check of a model of Bedrock: its inference profile, its life cycle, this account's access."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from copilot.aws_errors import AWS_ERRORS, error_code, network_problem, sign_in_problem
from copilot.aws_session import signed_in
from stacks.preflight.aws import NO_MODEL, QUICK
from tdeploy.aws import DENIED, denied
from tdeploy.checks.check import Check

_OF_A_MODEL = ":foundation-model/"
_PROFILES = ("inference-profile/", "application-inference-profile/")
_FIRST_USE = (
    "submit Anthropic's first-use form once for the account (in Bedrock's console at the model, or"
    " with `aws bedrock put-use-case-for-model-access`)"
)
_SUBSCRIBE = (
    "call the model once as a user with aws-marketplace:Subscribe and"
    " aws-marketplace:ViewSubscriptions, for example in Bedrock's playground"
)


_WORST_FIRST = ("wrong", "warning", "ok")


class _CannotTellError(Exception):
    """The message says why the check cannot be made. A permission is no `fix`: it is optional."""

    def __init__(self, error: Exception) -> None:
        reason, self.fix = f"because Bedrock answers {error}", ""
        if problem := sign_in_problem(error) or network_problem(error):
            problem, _, self.fix = problem.partition(": ")
            reason = f"because {problem}"
        elif isinstance(error, ClientError) and error_code(error) in DENIED:
            reason = f"because {denied(f'bedrock:{error.operation_name}')}"
        super().__init__(reason)


def check_model(setting: str, name: str, region: str) -> Check:
    """Whether the account can use the model, by id, by inference profile or by an ARN of either.

    The state is unknown where AWS denies a question or does not answer.
    """
    choose = f"choose another with the setting {setting}"
    try:
        return _Model(setting, name, region, choose).check()
    except _CannotTellError as error:
        return Check(setting, "unknown", f"{name} is not checked, {error}", error.fix)


class _Model:
    def __init__(self, setting: str, name: str, region: str, choose: str) -> None:
        self._setting, self._name, self._region, self._choose = setting, name, region, choose
        try:
            # Any: boto3 creates clients at run time.
            session: Any = signed_in(region)
            self._client = session.client("bedrock", config=QUICK)
        except (*AWS_ERRORS, OSError) as error:
            raise _CannotTellError(error) from error

    def check(self) -> Check:
        """One finding, the worst."""
        profile = self._answer("get_inference_profile", inferenceProfileIdentifier=self._name)
        if profile is None and any(kind in self._name for kind in _PROFILES):
            return self._wrong(
                f"{self._region} has no inference profile {self._name}", self._choose
            )
        base = _base(profile) if profile else self._name.rpartition(_OF_A_MODEL)[2]
        details = self._answer("get_foundation_model", modelIdentifier=base)
        if details is None:
            what = f"model {base}" if profile else f"inference profile or model {self._name}"
            return self._wrong(f"{self._region} has no {what}", self._choose)
        model = details["modelDetails"]
        by_demand = "ON_DEMAND" in model.get("inferenceTypesSupported", ["ON_DEMAND"])
        if profile is None and not by_demand:
            return self._wrong(
                f"{base} is served by inference profiles only",
                f"set {self._setting} to one of `aws bedrock list-inference-profiles`",
            )
        found = [*self._access(base, is_profile=profile is not None), *self._life(base, model)]
        ok = Check(self._setting, "ok", f"this account has access to {self._name}")
        return min([*found, ok], key=lambda check: _WORST_FIRST.index(check.state))

    def _access(self, base: str, *, is_profile: bool) -> Iterator[Check]:
        answer = self._answer("get_foundation_model_availability", modelId=base)
        if answer is None:
            return
        agreement = answer.get("agreementAvailability", {})
        status = agreement.get("status", "AVAILABLE")
        form = f"{_FIRST_USE}, then " if base.startswith("anthropic.") else ""
        # A profile serves a model from other regions too.
        if not is_profile and answer.get("regionAvailability") == "NOT_AVAILABLE":
            yield self._wrong(f"{self._region} does not serve {base}", self._choose)
        elif answer.get("authorizationStatus") == "NOT_AUTHORIZED":
            yield self._wrong(
                f"this account is not authorized to use {base} in {self._region}",
                f"{form}let a policy, also of the organization, allow bedrock:InvokeModel on it",
            )
        elif status == "PENDING":
            fix = "wait some minutes, then run this command again"
            yield Check(self._setting, "warning", f"the agreement for {base} is pending", fix)
        elif status != "AVAILABLE" or answer.get("entitlementAvailability") == "NOT_AVAILABLE":
            why = f" ({agreement['errorMessage']})" if agreement.get("errorMessage") else ""
            yield self._wrong(
                f"this account has no agreement for {base} in {self._region}{why}",
                f"{form}{_SUBSCRIBE}",
            )

    def _life(self, base: str, model: dict[str, Any]) -> Iterator[Check]:
        life = model.get("modelLifecycle", {})
        end: datetime | None = life.get("endOfLifeTime")
        if end and end <= datetime.now(UTC):
            yield self._wrong(f"{base} reached its end of life on {end:%Y-%m-%d}", self._choose)
        elif life.get("status") == "LEGACY":
            until = f", its end of life is {end:%Y-%m-%d}" if end else ""
            yield Check(self._setting, "warning", f"{base} is a legacy model{until}", self._choose)

    def _wrong(self, finding: str, fix: str) -> Check:
        return Check(self._setting, "wrong", finding, fix)

    def _answer(self, request: str, **parameters: str) -> dict[str, Any] | None:
        """None where what it asks for does not exist. Raises _CannotTellError."""
        try:
            answer: dict[str, Any] = getattr(self._client, request)(**parameters)
        except ClientError as error:
            if error_code(error) in NO_MODEL:
                return None
            raise _CannotTellError(error) from error
        except AWS_ERRORS as error:
            raise _CannotTellError(error) from error
        return answer


def _base(profile: dict[str, Any]) -> str:
    """The id of the model behind an inference profile, the same in each of its regions."""
    arn: str = profile["models"][0]["modelArn"]
    return arn.rpartition(_OF_A_MODEL)[2]
