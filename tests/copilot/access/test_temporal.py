"""A real frontend with mTLS and tokens: who is let in, and how a refusal is reported."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr
from temporalio.converter import DataConverter

from copilot.access.settings import TemporalAccess
from copilot.access.temporal import MonitoredTemporal
from copilot.canary.worker import CanaryWorker
from copilot.errors import AccessError, MonitoredClusterError
from copilot.health.decision import Memory, State
from copilot.health.evaluate import evaluate
from copilot.signals.queue import QueueKey, QueueKind, QueueSurvey
from copilot.signals.reading import Absence
from copilot.signals.task_queues import survey, visible_queues
from tests.builders import THRESHOLDS, snapshot
from tests.certificates import Certificates, write_leaf
from tests.fakes.http_server import Response, serving
from tests.secure_temporal import NAMESPACE, START_SECONDS, SecureTemporal
from tests.waiting import until_async

# A busy machine is slow, not wrong.
CALL_SECONDS = 120
KEY = QueueKey(namespace=NAMESPACE, name="orders", kind=QueueKind.WORKFLOW)
# Too long for a name: no name server is asked.
NO_HOST = f"{'x' * 64}.test"
READ = f"{NAMESPACE}:read"


def trusted(certificates: Certificates, **changes: object) -> TemporalAccess:
    """Everything that the frontend asks for but a token."""
    fields = {
        "ca_file": str(certificates.ca_file),
        "certificate_file": str(certificates.client_file),
        "key_file": str(certificates.client_key),
    }
    return TemporalAccess.model_validate(fields | changes)


async def surveyed(
    address: str, access: TemporalAccess, *keys: QueueKey, seconds: float = CALL_SECONDS
) -> QueueSurvey:
    client = await MonitoredTemporal(address, access).client()
    return await survey(
        client,
        keys,
        namespaces=[NAMESPACE],
        call_seconds=seconds,
        budget_seconds=2 * seconds,
    )


@pytest.mark.parametrize("how", ["api_key", "api_key_file", "headers", "headers_file"])
async def test_a_token_lets_in(
    how: str, frontend: SecureTemporal, certificates: Certificates, tmp_path: Path
) -> None:
    token = frontend.issuer.token(READ)
    value = f"Authorization=Bearer {token}" if how.startswith("headers") else token
    if how.endswith("_file"):
        (tmp_path / "secret").write_text(f"{value}\n")
        value = str(tmp_path / "secret")
    access = trusted(certificates, server_name="localhost", **{how: value})

    async def is_described() -> bool:
        found = await surveyed(frontend.address, access, KEY)
        assert found.absence is None
        return [facts.key for facts in found.queues] == [KEY]

    # On a busy machine matching may not have loaded the queue when it is first asked.
    await until_async(is_described, START_SECONDS, "the queue is described")


async def test_a_renewed_token_and_certificate_are_used_without_a_restart(
    frontend: SecureTemporal, certificates: Certificates, tmp_path: Path
) -> None:
    token, certificate, key = (tmp_path / name for name in ("token", "client.pem", "client.key"))
    token.write_text(frontend.issuer.token(READ, seconds=-10))
    certificate.write_bytes(certificates.client_file.read_bytes())
    key.write_bytes(certificates.client_key.read_bytes())
    connection = MonitoredTemporal(
        frontend.address,
        trusted(
            certificates,
            api_key_file=str(token),
            certificate_file=str(certificate),
            key_file=str(key),
        ),
    )

    async def found() -> QueueSurvey:
        client = await connection.client()
        return await survey(
            client, [KEY], call_seconds=CALL_SECONDS, budget_seconds=2 * CALL_SECONDS
        )

    assert (await found()).absence is Absence.DENIED
    token.write_text(frontend.issuer.token(READ))
    assert (await found()).queues
    # It expires while the connection is open.
    token.write_text(frontend.issuer.token(READ, seconds=-10))
    assert (await found()).absence is Absence.DENIED
    token.write_text(frontend.issuer.token(READ))
    certificate.write_bytes(certificates.other_client_file.read_bytes())
    with pytest.raises(AccessError, match="cannot be used together"):
        await connection.client()
    key.write_bytes(certificates.other_client_key.read_bytes())
    assert "client certificate" in (await found()).detail
    certificate.write_bytes(certificates.client_file.read_bytes())
    key.write_bytes(certificates.client_key.read_bytes())
    assert (await found()).queues


@pytest.mark.parametrize("keys", [(), (KEY,)])
@pytest.mark.parametrize(
    "permissions",
    [pytest.param(None, id="no token"), pytest.param("orders:read", id="another namespace's")],
)
async def test_a_denied_namespace_is_told_with_and_without_known_queues(
    keys: tuple[QueueKey, ...],
    permissions: str | None,
    frontend: SecureTemporal,
    certificates: Certificates,
) -> None:
    token = frontend.issuer.token(permissions) if permissions else ""
    access = trusted(certificates, api_key=SecretStr(token))
    found = await surveyed(frontend.address, access, *keys)
    assert found.absence is Absence.DENIED
    assert "PERMISSION_DENIED: Request unauthorized" in found.detail
    assert frontend.address in found.detail
    decision = evaluate(Memory(), snapshot(survey=found), THRESHOLDS)
    assert decision.state is State.UNKNOWN
    assert "PERMISSION_DENIED" in str(decision)
    client = await MonitoredTemporal(frontend.address, access).client()
    with pytest.raises(MonitoredClusterError, match="PERMISSION_DENIED"):
        await visible_queues(client, [NAMESPACE], call_seconds=CALL_SECONDS)


@pytest.mark.parametrize(
    ("changes", "absence", "told"),
    [
        ({"ca_file": ""}, Absence.DENIED, "CA_FILE (UnknownIssuer)"),
        ({"server_name": "other.example"}, Absence.DENIED, "SERVER_NAME"),
        ({"tls": False}, Absence.REFUSED, "may require TLS"),
        ({"api_key": "not-a-jwt"}, Absence.DENIED, "Request unauthorized"),
    ],
)
async def test_a_refusal_is_told_as_what_it_is(
    changes: dict[str, object],
    absence: Absence,
    told: str,
    frontend: SecureTemporal,
    certificates: Certificates,
) -> None:
    found = await surveyed(frontend.address, trusted(certificates, **changes), KEY)
    assert found.absence is absence
    assert told in found.detail
    assert frontend.address in found.detail
    assert len(found.detail) < 300


@pytest.mark.parametrize("has_one", [False, True])
async def test_a_missing_or_foreign_client_certificate_is_refused(
    has_one: bool, frontend: SecureTemporal, certificates: Certificates
) -> None:
    access = trusted(
        certificates,
        certificate_file=str(certificates.other_client_file) if has_one else "",
        key_file=str(certificates.other_client_key) if has_one else "",
    )
    found = await surveyed(frontend.address, access, KEY)
    # The alert of the server may come after it has closed the connection.
    assert found.absence in (Absence.DENIED, Absence.REFUSED)
    assert "client certificate" in found.detail


async def test_another_product_is_told_from_a_temporal_frontend(
    frontend: SecureTemporal, certificates: Certificates
) -> None:
    plain = f"127.0.0.1:{frontend.plain_port}"
    found = await surveyed(plain, TemporalAccess(), KEY)
    assert (found.absence, "unknown service" in found.detail) == (Absence.BAD_ANSWER, True)
    found = await surveyed(plain, trusted(certificates), KEY)
    assert found.absence is Absence.BAD_ANSWER
    assert "does not speak TLS" in found.detail
    with serving(lambda _: Response("")) as url:
        found = await surveyed(url.removeprefix("http://"), TemporalAccess(), KEY)
    assert "not a Temporal frontend" in found.detail


async def test_a_workers_client_is_renewed_and_told_of_new_certificates(
    frontend: SecureTemporal, certificates: Certificates, tmp_path: Path
) -> None:
    both, token = tmp_path / "client.pem", tmp_path / "token"
    both.write_bytes(certificates.client_file.read_bytes() + certificates.client_key.read_bytes())
    token.write_text(frontend.issuer.token(READ))
    access = trusted(certificates, certificate_file=str(both), key_file="", api_key_file=str(token))
    connection = MonitoredTemporal(frontend.address, access)
    client = await connection.connect(NAMESPACE, DataConverter.default)
    token.write_text(frontend.issuer.token("orders:read"))
    connection.renew(client)
    found = await survey(client, [KEY], call_seconds=CALL_SECONDS, budget_seconds=2 * CALL_SECONDS)
    assert found.absence is Absence.DENIED
    assert not connection.has_new_certificates()
    renewed, key = write_leaf(certificates.ca.issue_cert("sre@copilot.test"), tmp_path, "renewed")
    both.write_bytes(renewed.read_bytes() + key.read_bytes())
    assert connection.has_new_certificates()
    await connection.connect(NAMESPACE, DataConverter.default)
    assert not connection.has_new_certificates()


async def test_an_unknown_host_is_told() -> None:
    found = await surveyed(f"{NO_HOST}:7233", TemporalAccess(), KEY)
    assert found.absence is Absence.REFUSED
    assert "host is unknown" in found.detail


async def test_a_canary_that_the_cluster_refuses_says_so_in_one_line(
    frontend: SecureTemporal, certificates: Certificates
) -> None:
    """It may read, and not register a namespace."""
    access = trusted(certificates, api_key=SecretStr(frontend.issuer.token(READ)))
    worker = CanaryWorker(MonitoredTemporal(frontend.address, access), "monitored")
    running = asyncio.create_task(worker.run())
    try:
        await until_async(lambda: "PERMISSION_DENIED" in worker.problem, CALL_SECONDS, "refused")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert "COPILOT_CANARY=off" in worker.problem
    assert "\n" not in worker.problem
    assert worker.ground is None


async def test_a_running_canary_takes_new_certificates(
    frontend: SecureTemporal,
    certificates: Certificates,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("copilot.canary.worker.RENEW_SECONDS", 0.2)
    both = tmp_path / "client.pem"
    both.write_bytes(certificates.client_file.read_bytes() + certificates.client_key.read_bytes())
    access = trusted(
        certificates,
        certificate_file=str(both),
        key_file="",
        api_key=SecretStr(frontend.issuer.token(f"{NAMESPACE}:admin")),
    )
    worker = CanaryWorker(MonitoredTemporal(frontend.address, access), "monitored")
    running = asyncio.create_task(worker.run())
    try:
        await until_async(lambda: worker.ground is not None, START_SECONDS, "the canary runs")
        first = worker.client
        renewed, key = write_leaf(certificates.ca.issue_cert("sre@copilot.test"), tmp_path, "new")
        both.write_bytes(renewed.read_bytes() + key.read_bytes())
        await until_async(lambda: worker.client is not first, CALL_SECONDS, "a new client")
        assert worker.ground is not None
        assert worker.problem == ""
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
