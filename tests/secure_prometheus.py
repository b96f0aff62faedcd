"""A real Prometheus behind TLS: it requires client certificates and basic authentication."""

import json
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.certificates import Certificates, write_leaf
from tests.ports import free_port
from tests.waiting import until
from tools.build import ensure
from tools.servers import PROMETHEUS

USER, PASSWORD = "copilot", "correct-horse"
# bcrypt of PASSWORD with the smallest cost.
_HASH = "$2b$04$iWWZqFgnw1jX7yfeKes57OndJllhqm2vufwldxF44dlax8vZcr7Ti"
START_SECONDS = 180


@contextmanager
def secure_prometheus(certificates: Certificates, folder: Path) -> Iterator[str]:
    """Its base URL; the certificate is for localhost."""
    binary = ensure(PROMETHEUS, print)
    certificate, key = write_leaf(certificates.ca.issue_cert("localhost"), folder, "server")
    web, config, port = folder / "web.yml", folder / "prometheus.yml", free_port()
    tls = {
        "cert_file": str(certificate),
        "key_file": str(key),
        "client_auth_type": "RequireAndVerifyClientCert",
        "client_ca_file": str(certificates.ca_file),
    }
    web.write_text(json.dumps({"tls_server_config": tls, "basic_auth_users": {USER: _HASH}}))
    config.write_text("global: {}\n")
    command = (
        str(binary),
        f"--config.file={config}",
        f"--web.config.file={web}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.route-prefix=/prometheus",
    )
    url = f"https://localhost:{port}/prometheus"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until(
            lambda: _is_ready(url, certificates, process, folder / "log"),
            START_SECONDS,
            "Prometheus is ready",
        )
        yield url
    finally:
        process.kill()
        process.wait(START_SECONDS)


def _is_ready(
    url: str, certificates: Certificates, process: subprocess.Popen[bytes], log: Path
) -> bool:
    assert process.poll() is None, log.read_text()[-2000:]
    context = ssl.create_default_context(cafile=certificates.ca_file)
    context.load_cert_chain(certificates.client_file, certificates.client_key)
    try:
        return httpx.get(
            f"{url}/-/ready",
            verify=context,
            auth=(USER, PASSWORD),
            timeout=START_SECONDS,
            trust_env=False,
        ).is_success
    except httpx.TransportError:
        return False
