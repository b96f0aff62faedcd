"""AWS as MiniStack imitates it, from its wheel, in its own process on a free port of 127.0.0.1.

It has S3 with IAM policies, Bedrock's knowledge bases and ingestion jobs, which end at once, and
passages ranked by the terms that they share with the question.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.ports import free_port
from tests.waiting import until

KNOWLEDGE = ("s3", "bedrock-agent", "bedrock-agent-runtime")
"""The services of a knowledge base: its bucket, its management, its passages."""
REGION = "eu-west-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""Any pair is accepted. Each region has its own resources."""
LIMIT_SECONDS = 180


@contextmanager
def running(services: Sequence[str] = KNOWLEDGE) -> Iterator[str]:
    """The URL of an empty AWS, for AWS_ENDPOINT_URL or a client's `endpoint_url`.

    It starts in half a second and takes 50 MB. `services` are the names of boto3's clients. boto3
    chooses path addressing for S3, because the URL has an IP.
    """
    with tempfile.TemporaryDirectory(prefix="copilot-tests-aws-") as name:
        folder = Path(name)
        port = free_port()
        with (folder / "output").open("w+") as output:
            server = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                env=_environment(folder, port, services),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                url = f"http://127.0.0.1:{port}"
                _await_answer(server, url, folder / "output")
                yield url
            finally:
                _end(server)


def _environment(folder: Path, port: int, services: Sequence[str]) -> dict[str, str]:
    """Nothing of this machine's AWS, and no way to its Docker, which MiniStack would use."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "MINISTACK_", "LOCALSTACK_"))
    }
    return inherited | {
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": ",".join(services),
        "MINISTACK_REGION": REGION,
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
        # Both would listen on fixed ports of every address.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "PERSIST_STATE": "0",
        "S3_PERSIST": "0",
    }


def _await_answer(server: subprocess.Popen[bytes], url: str, output: Path) -> None:
    def answers() -> bool:
        assert server.poll() is None, f"MiniStack ended: {output.read_text()}"
        try:
            return httpx.get(
                f"{url}/_ministack/health", timeout=LIMIT_SECONDS, trust_env=False
            ).is_success
        except httpx.TransportError:
            return False

    until(answers, LIMIT_SECONDS, f"MiniStack answers at {url}")


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
