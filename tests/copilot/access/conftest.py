import os
import shutil
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.certificates import Certificates, write_certificates
from tests.secure_prometheus import secure_prometheus
from tests.secure_temporal import SecureTemporal, secure_temporal
from tools.servers import PROMETHEUS, TEMPORAL_SERVER, Server, find


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return write_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
async def frontend(
    certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SecureTemporal]:
    _skip_without(TEMPORAL_SERVER)
    async with secure_temporal(certificates, tmp_path_factory.mktemp("temporal")) as running:
        yield running


@pytest.fixture(scope="session")
def secure_url(
    certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Prometheus with TLS, client certificates and basic authentication."""
    _skip_without(PROMETHEUS)
    with secure_prometheus(certificates, tmp_path_factory.mktemp("prometheus")) as running:
        yield running.url


def _skip_without(server: Server) -> None:
    if find(server) is None and not shutil.which("go") and os.environ.get("CI") != "true":
        pytest.skip(f"needs {server.name}: install Go, then run `python -m tools build`")
