"""A fake of Amazon Managed Service for Prometheus: it checks signatures as AWS documents them.

The check does not use botocore, whose signer is under test.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

from tests.fakes.http_server import Request, Response
from tests.fakes.http_source import vector

MOST_SKEW = timedelta(minutes=5)
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8}/([\w-]+)/(\w+)/aws4_request), "
    r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})"
)


@dataclass
class FakeAmazonPrometheus:
    """`keys` are secrets by access key id, `tokens` the session tokens that go with some."""

    region: str
    keys: dict[str, str]
    tokens: dict[str, str] = field(default_factory=dict)

    def respond(self, request: Request) -> Response:
        problem = self._problem(request)
        if problem:
            return Response(json.dumps({"message": problem}), 403)
        return Response(vector("1"))

    def _problem(self, request: Request) -> str:
        headers = request.headers
        found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if not found:
            return "Missing Authentication Token"
        key, scope, region, service, names, signature = found.groups()
        if key not in self.keys or headers.get("x-amz-security-token") != self.tokens.get(key):
            return "The security token included in the request is invalid."
        if (region, service) != (self.region, "aps"):
            return f"Credential should be scoped to a valid region, not '{region}'."
        at = headers.get("x-amz-date", "")
        moment = datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs(datetime.now(UTC) - moment) > MOST_SKEW or at[:8] != scope[:8]:
            return f"Signature expired: {at}"
        required = {"host", "x-amz-date"} | (
            {"x-amz-security-token"} if self.tokens.get(key) else set()
        )
        if not required <= set(names.split(";")):
            return "Not all required headers are signed"
        text = "\n".join(("AWS4-HMAC-SHA256", at, scope, _hash(_canonical(request, names))))
        if not hmac.compare_digest(signature, _sign(self.keys[key], scope, text)):
            return "The request signature we calculated does not match the signature you provided."
        return ""


def _canonical(request: Request, names: str) -> str:
    url = urlsplit(request.path)
    assert not url.query
    headers: Mapping[str, str] = request.headers
    signed = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in names.split(";"))
    # The path is encoded twice for all services but S3.
    return "\n".join(
        (request.method, quote(url.path, safe="/-_.~"), "", signed, names, _hash(request.body))
    )


def _sign(secret: str, scope: str, text: str) -> str:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
