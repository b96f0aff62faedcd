"""A real Temporal frontend that requires client certificates and tokens.

One process with its store in memory, ready in about a second.
"""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError, TLSConfig

from tests.certificates import Certificates, write_leaf
from tests.fakes.http_server import Response, serving
from tests.temporal_configuration import ProcessPorts, write_configuration
from tests.waiting import until_async
from tools.build import ensure
from tools.servers import TEMPORAL_SERVER

NAMESPACE = "temporal-system"
"""The one namespace that every server has. A permission in it holds for the whole cluster."""
START_SECONDS = 180
_ROLES = ("frontend", "history", "matching")
_KEY_ID = "tests"


class TokenIssuer:
    """Signs the tokens that the frontend accepts."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def token(self, *permissions: str, seconds: float = 3600) -> str:
        """A JWT with permissions such as `temporal-system:read`, valid for `seconds` from now."""
        header = {"alg": "ES256", "kid": _KEY_ID, "typ": "JWT"}
        claims = {
            "sub": "copilot",
            "permissions": permissions,
            "exp": int(time.time() + seconds),
        }
        signed = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
        signature = self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
        numbers = utils.decode_dss_signature(signature)
        return f"{signed}.{_base64(b''.join(n.to_bytes(32, 'big') for n in numbers))}"

    def key_set(self) -> str:
        """The public key as a JWKS."""
        public = self._key.public_key().public_numbers()
        key = {"kty": "EC", "crv": "P-256", "kid": _KEY_ID, "alg": "ES256", "use": "sig"}
        x, y = (_base64(n.to_bytes(32, "big")) for n in (public.x, public.y))
        return json.dumps({"keys": [{**key, "x": x, "y": y}]})


@dataclass(frozen=True)
class SecureTemporal:
    address: str
    issuer: TokenIssuer
    plain_port: int
    """Port of the matching service, which speaks gRPC without TLS."""


@asynccontextmanager
async def secure_temporal(
    certificates: Certificates, folder: Path
) -> AsyncIterator[SecureTemporal]:
    """The frontend's certificate is for localhost and 127.0.0.1."""
    binary = ensure(TEMPORAL_SERVER, print)
    issuer = TokenIssuer()
    ports = ProcessPorts(_ROLES)
    write_leaf(certificates.ca.issue_cert("localhost", "127.0.0.1"), folder, "server")
    with serving(lambda _: Response(issuer.key_set())) as keys_url:
        config = folder / "config.yaml"
        secured = _with_tls_and_tokens(certificates, folder, keys_url)
        write_configuration(config, ports, shards=1, more=secured)
        command: Sequence[str | Path] = (
            *(binary, "--config-file", config, "start"),
            *(part for role in _ROLES for part in ("--service", role)),
        )
        log = folder / "log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output)
        try:
            client = await Client.connect(
                ports.frontend,
                lazy=True,
                api_key=issuer.token(f"{NAMESPACE}:read"),
                tls=TLSConfig(
                    server_root_ca_cert=certificates.ca_file.read_bytes(),
                    client_cert=certificates.client_file.read_bytes(),
                    client_private_key=certificates.client_key.read_bytes(),
                ),
            )

            async def is_ready() -> bool:
                assert process.returncode is None, log.read_text()[-2000:]
                return await _describes_queues(client)

            await until_async(is_ready, START_SECONDS, "the frontend describes task queues")
            yield SecureTemporal(ports.frontend, issuer, ports["matching"])
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _describes_queues(client: Client) -> bool:
    """Whether frontend and matching serve."""
    request = DescribeTaskQueueRequest(
        namespace=NAMESPACE,
        task_queue=TaskQueue(name="ready"),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    try:
        limit = timedelta(seconds=START_SECONDS)
        await client.workflow_service.describe_task_queue(request, timeout=limit)
    # The SDK raises RuntimeError for a failed connection.
    except (RPCError, RuntimeError):
        return False
    return True


def _with_tls_and_tokens(
    certificates: Certificates, folder: Path, keys_url: str
) -> dict[str, object]:
    ca = str(certificates.ca_file)
    return {
        "tls": {
            "frontend": {
                "server": {
                    "certFile": str(folder / "server.pem"),
                    "keyFile": str(folder / "server.key"),
                    "requireClientAuth": True,
                    "clientCaFiles": [ca],
                },
                "client": {"rootCaFiles": [ca], "serverName": "localhost"},
            }
        },
        "authorization": {
            "jwtKeyProvider": {"keySourceURIs": [keys_url], "refreshInterval": "1h"},
            "permissionsClaimName": "permissions",
            "authorizer": "default",
            "claimMapper": "default",
        },
    }


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
