"""AWS as the preflight checks call it: STS, Bedrock's models and profiles, the DSQL clusters.

The shapes of answers and errors are those of AWS's API references. A test chooses the refusals.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.fakes import http_server
from tests.fakes.http_server import Request, Response

ACCOUNT = "123456789012"
_IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    f"<GetCallerIdentityResult><Arn>arn:aws:iam::{ACCOUNT}:user/someone</Arn>"
    f"<UserId>AIDAEXAMPLE</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult>"
    "</GetCallerIdentityResponse>"
)
_AREAS = {"eu", "global", "us"}
_MODELS = "arn:aws:bedrock:eu-west-1::foundation-model/"
# The first part of the path where the credentials are not checked.
_OF_ACCOUNT = {"federation", "token"}
_ACCESS = {
    "agreementAvailability": {"status": "AVAILABLE"},
    "authorizationStatus": "AUTHORIZED",
    "entitlementAvailability": "AVAILABLE",
    "regionAvailability": "AVAILABLE",
}
_REFUSAL = (
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    "<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    "</ErrorResponse>"
)


@dataclass
class FakeAws:
    """`url` is the value for AWS_ENDPOINT_URL."""

    url: str = ""
    refusal: tuple[str, str] | None = None
    """Code and message with which STS refuses the credentials."""
    model_error: str | None = None
    """Code with which Bedrock answers for the embedding model."""
    availability: dict[str, Any] = field(default_factory=dict)
    """What differs from access in the answer to GetFoundationModelAvailability."""
    model: dict[str, Any] = field(default_factory=dict)
    """Details of the models, such as `modelLifecycle`."""
    profiles: dict[str, str] = field(default_factory=dict)
    """The ARN of the model by the id or ARN of its inference profile."""
    refusals: dict[str, str] = field(default_factory=dict)
    """The error code by the first part of the path."""
    asked: list[str] = field(default_factory=list)
    """Path of each request."""

    def respond(self, request: Request) -> Response:
        path = request.path
        self.asked.append(path)
        first, _, name = unquote(path).strip("/").partition("/")
        if self.refusal and first not in _OF_ACCOUNT:
            return self._refuse(self.refusal, is_xml=not first)
        return self._answer(first, name)

    def _answer(self, first: str, name: str) -> Response:
        if code := self.refusals.get(first):
            return _error(code)
        if first == "cluster":
            return _json({"clusters": []})
        if first == "ListVectorBuckets":
            return _json({"vectorBuckets": []})
        if first == "inference-profiles":
            return self._profile(name)
        if first == "foundation-model-availability":
            return _json({**_ACCESS, **self.availability})
        if first == "foundation-models":
            if self.model_error:
                return _error(self.model_error)
            return _json({"modelDetails": {"modelId": name, **self.model}})
        return _xml(_IDENTITY)

    def _refuse(self, refusal: tuple[str, str], *, is_xml: bool) -> Response:
        code, message = refusal
        if is_xml:
            return _xml(_REFUSAL.format(code=code, message=message), 403)
        return _error(code, message)

    def _profile(self, name: str) -> Response:
        area, _, model = name.partition(".")
        if area in _AREAS:
            return _json({"models": [{"modelArn": f"{_MODELS}{model}"}]})
        if name in self.profiles:
            return _json({"models": [{"modelArn": self.profiles[name]}]})
        return _error("ResourceNotFoundException")


@contextmanager
def serving() -> Iterator[FakeAws]:
    """Serve until the end of the block."""
    aws = FakeAws()
    with http_server.serving(aws.respond) as aws.url:
        yield aws


def _error(code: str, message: str = "no") -> Response:
    return Response(json.dumps({"message": message}), 400, {"x-amzn-ErrorType": code})


def _json(content: object) -> Response:
    return Response(json.dumps(content), headers={"Content-Type": "application/json"})


def _xml(text: str, status: int = 200) -> Response:
    return Response(text, status, {"Content-Type": "text/xml"})
