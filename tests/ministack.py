"""A stand-in for AWS: MiniStack, from its wheel, in its own process on a free port of 127.0.0.1."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

KNOWLEDGE = ("s3", "bedrock-agent", "bedrock-agent-runtime")
"""What a knowledge base needs: its bucket, its making and ingestion, and asking it."""
REGION = "eu-west-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""Any pair will do; what is made in one region is not seen from another."""
LIMIT_SECONDS = 60


@contextmanager
def running(services: Sequence[str] = KNOWLEDGE) -> Iterator[str]:
    """The URL of an AWS that is up, empty, and gone afterwards: half a second to start,
    50 MB.

    `services` are the names of boto3's clients. It is what `AWS_ENDPOINT_URL` (or a client's
    `endpoint_url`) has to be. S3 needs path addressing, which boto3 chooses for an IP by itself.
    """
    with tempfile.TemporaryDirectory(prefix="copilot-tests-aws-") as name:
        folder = Path(name)
        port = _free_port()
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
    due = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < due:
        assert server.poll() is None, f"MiniStack ended: {output.read_text()}"
        try:
            if httpx.get(f"{url}/_ministack/health", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"MiniStack does not answer at {url}: {output.read_text()}")


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
