"""A stand-in for the few AWS calls that the preflight makes."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ACCOUNT = "123456789012"
_IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    "<GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/someone</Arn>"
    "<UserId>AIDAEXAMPLE</UserId><Account>{account}</Account></GetCallerIdentityResult>"
    "</GetCallerIdentityResponse>"
)
_REFUSAL = (
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    "<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    "</ErrorResponse>"
)


@dataclass
class Aws:
    """What it answers. `url` is what AWS_ENDPOINT_URL has to be."""

    url: str = ""
    refusal: tuple[str, str] | None = None
    """Code and message with which STS refuses the credentials."""
    model_error: str | None = None
    """Code with which Bedrock answers for the embedding model."""
    model_access: str = "AUTHORIZED"
    """What Bedrock says of this account's right to the model that is set."""
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str) -> tuple[int, dict[str, str], str]:
        """Status, headers and body."""
        self.asked.append(path)
        if path.startswith("/cluster"):
            return 200, {"Content-Type": "application/json"}, '{"clusters": []}'
        if path.startswith("/foundation-model-availability/"):
            said = {"authorizationStatus": self.model_access, "regionAvailability": "AVAILABLE"}
            return 200, {"Content-Type": "application/json"}, json.dumps(said)
        if path.startswith("/foundation-models/"):
            if self.model_error:
                return 400, {"x-amzn-ErrorType": self.model_error}, '{"message": "no"}'
            return 200, {"Content-Type": "application/json"}, '{"modelDetails": {}}'
        if self.refusal:
            code, message = self.refusal
            return 403, {"Content-Type": "text/xml"}, _REFUSAL.format(code=code, message=message)
        return 200, {"Content-Type": "text/xml"}, _IDENTITY.format(account=ACCOUNT)


@contextmanager
def serving() -> Iterator[Aws]:
    """One AWS on a free port of 127.0.0.1, until the end of the block."""
    aws = Aws()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            del body
            status, headers, text = aws.answer(self.path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    aws.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield aws
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
