"""A stand-in for Bedrock's Converse API: it says what a test lets it say, over real HTTP."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = Mapping[str, Any]
MODEL = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"


@dataclass(frozen=True)
class Said:
    """One answer of the API; `hangs` lets the caller wait until the stand-in ends."""

    body: Json = field(default_factory=dict)
    status: int = 200
    error: str = ""
    hangs: bool = False


def explained(**answer: object) -> Said:
    """The model calls the tool by which Pydantic AI asks for a typed answer."""
    tool = {"toolUseId": "tooluse_1", "name": "final_result", "input": answer}
    return _message([{"toolUse": tool}], "tool_use")


def prose(text: str, stop_reason: str = "end_turn") -> Said:
    """The model writes text instead."""
    return _message([{"text": text}], stop_reason)


def refused(status: int, error: str, message: str = "no") -> Said:
    """The API itself refuses."""
    return Said({"message": message}, status, error)


def _message(content: Sequence[Json], stop_reason: str) -> Said:
    return Said(
        {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": stop_reason,
            "usage": {"inputTokens": 2100, "outputTokens": 310, "totalTokens": 2410},
            "metrics": {"latencyMs": 900},
        }
    )


class BedrockStandIn:
    """Says each of `answers` once, then the last one again; `asked` are the request bodies."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: list[Said] = []
        self.asked: list[Json] = []
        self.ended = threading.Event()

    @property
    def environment(self) -> dict[str, str]:
        """With which a Copilot asks this model, as often as it likes."""
        return {
            "AWS_ACCESS_KEY_ID": "stand-in",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self.url,
            "AWS_REGION": "eu-west-1",
            "AWS_SECRET_ACCESS_KEY": "stand-in",
            "COPILOT_MODEL": f"bedrock:{MODEL}",
            "COPILOT_MODEL_CALLS_PER_HOUR": "10000",
            "COPILOT_MODEL_TOKENS_PER_DAY": "1000000000",
        }

    @property
    def prompts(self) -> list[str]:
        """All that each request told the model, with its instructions and schema, as text."""
        return [json.dumps(asked, ensure_ascii=False) for asked in self.asked]

    def next_answer(self) -> Said:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def running() -> Iterator[BedrockStandIn]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    bedrock = BedrockStandIn(f"http://127.0.0.1:{server.server_port}")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            bedrock.asked.append(json.loads(self.rfile.read(length)))
            said = bedrock.next_answer()
            if said.hangs:
                bedrock.ended.wait(30)
                self.close_connection = True
                return
            content = json.dumps(said.body).encode()
            self.send_response(said.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if said.error:
                self.send_header("x-amzn-ErrorType", said.error)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield bedrock
    finally:
        bedrock.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
