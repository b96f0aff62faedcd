"""A real Prometheus behind TLS: it requires client certificates and basic authentication."""

import json
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True)
class SecurePrometheus:
    """The certificate is for localhost."""

    url: str
    """Its base URL."""
    certificates: Certificates
    file: Path
    """Of its configuration."""

    def configure(self, configuration: object) -> None:
        """Replace its configuration."""
        self.file.write_text(json.dumps(configuration))
        self._request("POST", "reload").raise_for_status()

    def is_ready(self) -> bool:
        try:
            return self._request("GET", "ready").is_success
        except httpx.TransportError:
            return False

    def _request(self, method: str, name: str) -> httpx.Response:
        context = ssl.create_default_context(cafile=self.certificates.ca_file)
        context.load_cert_chain(self.certificates.client_file, self.certificates.client_key)
        return httpx.request(
            method,
            f"{self.url}/-/{name}",
            verify=context,
            auth=(USER, PASSWORD),
            timeout=START_SECONDS,
            trust_env=False,
        )


@contextmanager
def secure_prometheus(certificates: Certificates, folder: Path) -> Iterator[SecurePrometheus]:
    """One that scrapes nothing yet."""
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
    config.write_text("{}")
    command = (
        str(binary),
        f"--config.file={config}",
        f"--web.config.file={web}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.route-prefix=/prometheus",
        "--web.enable-lifecycle",
    )
    server = SecurePrometheus(f"https://localhost:{port}/prometheus", certificates, config)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)

    def is_ready() -> bool:
        assert process.poll() is None, (folder / "log").read_text()[-2000:]
        return server.is_ready()

    try:
        until(is_ready, START_SECONDS, "Prometheus is ready")
        yield server
    finally:
        process.kill()
        process.wait(START_SECONDS)
