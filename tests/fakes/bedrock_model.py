"""A fake of Bedrock's Converse API over HTTP, whose answers a test sets."""

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from copilot import claude
from tests.fakes import http_server
from tests.fakes.http_server import Request, Response

Json = Mapping[str, Any]
MODEL = claude.quick_model("eu-west-1").removeprefix("bedrock:")
_REFUSES_SAMPLING = re.compile(r"claude-(opus|sonnet)-5")
_REFUSES_FORCED_TOOLS = re.compile(r"claude-(opus|sonnet)-5-5")


@dataclass(frozen=True)
class FakeAnswer:
    """One answer of the API; with `hangs` it comes when the fake ends.

    `typed` is an answer by the schema: JSON, or the call of a tool, as the request wants it.
    """

    content: Sequence[Json] = ()
    stop_reason: str = "end_turn"
    typed: Json | None = None
    message: str = ""
    status: int = 200
    error: str = ""
    hangs: bool = False

    def body(self, request: Json) -> Json:
        """The body of the response to this request."""
        if self.status != HTTPStatus.OK:
            return {"message": self.message}
        content, stop_reason = list(self.content), self.stop_reason
        if self.typed is not None and "outputConfig" in request:
            content.append({"text": json.dumps(self.typed)})
        elif self.typed is not None:
            tool = {"toolUseId": "tooluse_1", "name": "final_result", "input": self.typed}
            content.append({"toolUse": tool})
            stop_reason = "tool_use"
        return {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": stop_reason,
            "usage": {"inputTokens": 2100, "outputTokens": 310, "totalTokens": 2410},
            "metrics": {"latencyMs": 900},
        }


def typed_answer(**answer: object) -> FakeAnswer:
    """An answer by the schema."""
    return FakeAnswer(typed=answer)


def text_answer(text: str, stop_reason: str = "end_turn") -> FakeAnswer:
    """The model writes text instead."""
    return FakeAnswer([{"text": text}], stop_reason)


def thinking_answer(stop_reason: str = "end_turn", **answer: object) -> FakeAnswer:
    """The model thinks first; without an answer, the limit of output ends its thinking."""
    thinking = {"reasoningText": {"text": "The backlog grows.", "signature": "signed"}}
    return FakeAnswer([{"reasoningContent": thinking}], stop_reason, answer or None)


def error_answer(status: int, error: str, message: str = "no") -> FakeAnswer:
    """The API refuses the request."""
    return FakeAnswer(message=message, status=status, error=error)


def _refused(model: str, request: Json) -> FakeAnswer | None:
    """What current models refuse: settings of sampling, and a forced choice of a tool."""
    sampling = {"temperature", "topP"} & request.get("inferenceConfig", {}).keys()
    if sampling and _REFUSES_SAMPLING.search(model):
        return error_answer(400, "ValidationException", f"{sampling} is deprecated for this model")
    forced = request.get("toolConfig", {}).get("toolChoice", {}).keys() - {"auto"}
    if forced and _REFUSES_FORCED_TOOLS.search(model):
        return error_answer(400, "ValidationException", "tool_choice forces tool use")
    return None


class FakeBedrock:
    """Gives each of `answers` once, then the last one again; `requests` are the requests' bodies.

    `models` are the ids or ARNs in their paths; `profiles` have the ARN of the model behind the ARN
    of an inference profile.
    """

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[FakeAnswer] = []
        self.requests: list[Json] = []
        self.models: list[str] = []
        self.profiles: dict[str, str] = {}
        self.ended = threading.Event()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a Copilot that uses this model, practically without a budget."""
        return {
            "AWS_ACCESS_KEY_ID": "fake",
            "AWS_ENDPOINT_URL_BEDROCK": self.url,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self.url,
            "AWS_REGION": "eu-west-1",
            "AWS_SECRET_ACCESS_KEY": "fake",
            "COPILOT_MODEL": f"bedrock:{MODEL}",
            "COPILOT_MODEL_CALLS_PER_HOUR": "10000",
            "COPILOT_MODEL_TOKENS_PER_DAY": "1000000000",
        }

    @property
    def prompts(self) -> list[str]:
        """Each request with its instructions and schema, as text."""
        return [json.dumps(request, ensure_ascii=False) for request in self.requests]

    def respond(self, request: Request) -> Response:
        if request.path.startswith("/inference-profiles/"):
            return self._profile(unquote(request.path.split("/", 2)[2]))
        body = json.loads(request.body)
        self.requests.append(body)
        self.models.append(unquote(request.path.split("/")[2]))
        answer = _refused(request.path, body)
        if answer is None:
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer.hangs:
            self.ended.wait(120)
        headers = {"Content-Type": "application/json"}
        if answer.error:
            headers["x-amzn-ErrorType"] = answer.error
        return Response(json.dumps(answer.body(body)), answer.status, headers)

    def _profile(self, name: str) -> Response:
        """Of GetInferenceProfile."""
        if name not in self.profiles:
            headers = {"x-amzn-ErrorType": "AccessDeniedException"}
            return Response('{"message": "no"}', 403, headers)
        model = {"modelArn": self.profiles[name]}
        return Response(json.dumps({"inferenceProfileArn": name, "models": [model]}))


@contextmanager
def running() -> Iterator[FakeBedrock]:
    bedrock = FakeBedrock()
    with http_server.serving(bedrock.respond) as bedrock.url:
        try:
            yield bedrock
        finally:
            bedrock.ended.set()
