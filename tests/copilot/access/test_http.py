"""Metrics stores and Loki that ask who is there: who is let in, and how a refusal is reported."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from pydantic import SecretStr

from copilot.access.settings import HttpAccess, MetricsAccess
from copilot.errors import SettingsError
from copilot.signals.instant_query import Answer
from copilot.signals.log_patterns import PATTERNS
from copilot.signals.loki import LogsClient
from copilot.signals.prometheus import MetricsClient
from copilot.signals.reading import Absence
from tests.certificates import Certificates
from tests.fakes.amazon_prometheus import FakeAmazonPrometheus
from tests.fakes.http_server import Request, Response, serving
from tests.fakes.http_source import vector
from tests.secure_prometheus import PASSWORD, USER

# A busy machine is slow, not wrong.
SECONDS = 60
OLD, NEW = "token-of-the-store-1", "token-of-the-store-2"
REGION = "eu-west-1"


async def asked(url: str, access: MetricsAccess) -> Answer:
    async with MetricsClient(url, access, timeout_seconds=SECONDS) as metrics:
        return await metrics.query("vector(1)")


def trusted(certificates: Certificates, **changes: object) -> MetricsAccess:
    """All that the real Prometheus asks for."""
    fields = {
        "ca_file": str(certificates.ca_file),
        "certificate_file": str(certificates.client_file),
        "key_file": str(certificates.client_key),
        "username": USER,
        "password": PASSWORD,
    }
    return MetricsAccess.model_validate(fields | changes)


async def test_certificates_and_a_password_open_prometheus(
    secure_url: str, certificates: Certificates, tmp_path: Path
) -> None:
    assert (await asked(secure_url, trusted(certificates))).samples[0].value == 1
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\n")
    both = tmp_path / "both.pem"
    both.write_bytes(certificates.client_file.read_bytes() + certificates.client_key.read_bytes())
    in_files = trusted(
        certificates,
        password="",
        password_file=str(password),
        certificate_file=str(both),
        key_file="",
    )
    assert (await asked(secure_url, in_files)).samples


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"password": "wrong-horse"}, "HTTP 401: Unauthorized"),
        ({"username": "", "password": ""}, "HTTP 401: Unauthorized"),
        ({"ca_file": ""}, "not trusted (unable to get local issuer certificate)"),
        ({"ca_file": "/nowhere/ca.pem"}, "cannot read /nowhere/ca.pem"),
        ({"password": "", "password_file": "/nowhere/password"}, "cannot read /nowhere/password"),
    ],
)
async def test_prometheus_denies(
    changes: dict[str, object], told: str, secure_url: str, certificates: Certificates
) -> None:
    found = await asked(secure_url, trusted(certificates, **changes))
    assert found.absence is Absence.DENIED
    assert told in found.detail
    assert "COPILOT_METRICS_" in found.detail or "/nowhere/" in found.detail
    assert "horse" not in found.detail


async def test_prometheus_requires_a_client_certificate(
    secure_url: str, certificates: Certificates
) -> None:
    access = trusted(certificates, certificate_file="", key_file="")
    found = await asked(secure_url, access)
    # The alert of the server may come after it has closed the connection.
    assert found.absence in (Absence.DENIED, Absence.REFUSED)
    assert "client certificate" in found.detail
    assert "COPILOT_METRICS_CERTIFICATE_FILE" in found.detail


async def test_a_wrong_name_protocol_or_host_is_told(
    secure_url: str, certificates: Certificates
) -> None:
    access = trusted(certificates)
    found = await asked(secure_url.replace("localhost", "127.0.0.1"), access)
    assert found.absence is Absence.DENIED
    assert "IP address mismatch" in found.detail
    found = await asked(secure_url.replace("https:", "http:"), access)
    assert "HTTP request to an HTTPS server" in found.detail
    # Too long for a name: no name server is asked.
    found = await asked(f"http://{'x' * 64}.test", MetricsAccess())
    assert found.absence is Absence.REFUSED
    assert "unknown host" in found.detail
    with serving(lambda _: Response("")) as url:
        found = await asked(url.replace("http:", "https:"), access)
    assert found.absence is Absence.BAD_ANSWER
    assert "does not speak TLS" in found.detail


async def test_renewed_certificates_are_used_without_a_restart(
    secure_url: str, certificates: Certificates, tmp_path: Path
) -> None:
    ca, certificate, key = (tmp_path / name for name in ("ca.pem", "client.pem", "client.key"))
    ca.write_bytes(certificates.other_ca_file.read_bytes())
    certificate.write_bytes(certificates.other_client_file.read_bytes())
    key.write_bytes(certificates.other_client_key.read_bytes())
    access = trusted(
        certificates, ca_file=str(ca), certificate_file=str(certificate), key_file=str(key)
    )
    async with MetricsClient(secure_url, access, timeout_seconds=SECONDS) as metrics:
        assert "not trusted" in (await metrics.query("vector(1)")).detail
        ca.write_bytes(certificates.ca_file.read_bytes())
        assert "client certificate" in (await metrics.query("vector(1)")).detail
        certificate.write_bytes(certificates.client_file.read_bytes())
        assert "cannot be used together" in (await metrics.query("vector(1)")).detail
        key.write_bytes(certificates.client_key.read_bytes())
        assert (await metrics.query("vector(1)")).samples


async def test_a_key_with_a_passphrase_is_refused_without_a_question(
    certificates: Certificates, tmp_path: Path
) -> None:
    key = tmp_path / "encrypted.key"
    plain = serialization.load_pem_private_key(certificates.client_key.read_bytes(), None)
    key.write_bytes(
        plain.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"passphrase"),
        )
    )
    found = await asked("https://localhost:9", trusted(certificates, key_file=str(key)))
    assert found.absence is Absence.DENIED
    assert "has a passphrase" in found.detail


async def test_a_token_that_expires_is_denied_until_its_file_is_renewed(tmp_path: Path) -> None:
    valid = {OLD}

    def respond(request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return Response(vector("1")) if token in valid else Response(f"expired: {token}", 401)

    file = tmp_path / "token"
    file.write_text(f"{OLD}\n")
    with serving(respond) as url:
        access = MetricsAccess(token_file=str(file))
        async with MetricsClient(url, access, timeout_seconds=SECONDS) as metrics:
            assert (await metrics.query("up")).samples
            valid = {NEW}
            answers = await metrics.query_all(map(str, range(50)))
            assert {found.absence for found in answers.values()} == {Absence.DENIED}
            detail = answers["0"].detail
            assert "HTTP 401: expired" in detail
            # The source repeats the token.
            assert OLD not in detail
            file.write_text(NEW)
            assert (await metrics.query("up")).samples
            file.write_text("two\nlines")
            assert "one token" in (await metrics.query("up")).detail
            file.unlink()
            assert f"cannot read {file}" in (await metrics.query("up")).detail


async def test_headers_choose_the_tenant_also_of_loki(tmp_path: Path) -> None:
    def respond(request: Request) -> Response:
        tenant = request.headers.get("x-scope-orgid")
        return Response(vector()) if tenant == "team|other" else Response("no org id", 401)

    end = datetime.now(UTC)
    file = tmp_path / "headers"
    file.write_text("X-Scope-OrgID=team|other\n")
    with serving(respond) as url:
        for access, absence in (
            (HttpAccess(headers=SecretStr("X-Scope-OrgID=team|other, X-Other=1")), None),
            (HttpAccess(headers_file=str(file)), None),
            (HttpAccess(), Absence.DENIED),
        ):
            async with LogsClient(
                url, access, timeout_seconds=SECONDS, budget_seconds=SECONDS
            ) as logs:
                found = await logs.survey(
                    "monitored", end - timedelta(seconds=30), end, patterns=PATTERNS[:2]
                )
            assert found.absence is absence
    assert "HTTP 401: no org id" in found.detail
    assert "COPILOT_LOGS_" in found.detail


async def test_a_proxy_is_used_with_its_password() -> None:
    def respond(request: Request) -> Response:
        assert request.path == "http://store.invalid/base/api/v1/query"
        is_known = "proxy-authorization" in request.headers
        return Response(vector("1")) if is_known else Response("who are you", 407)

    with serving(respond) as url:
        for user, told in (("copilot:secret@", ""), ("", "HTTP 407")):
            access = MetricsAccess(proxy=SecretStr(url.replace("://", f"://{user}")))
            found = await asked("http://store.invalid/base", access)
            assert bool(found.samples) is bool(user)
            assert told in found.detail
        access = MetricsAccess(proxy=SecretStr(url.replace("://", "://copilot:secret@")))
        found = await asked("https://store.invalid", access)
    assert "COPILOT_METRICS_PROXY" in found.detail
    assert "secret" not in found.detail


@pytest.mark.parametrize("value", ["http://user:hunter2/x@proxy:3128", "http://proxy:hunter2"])
def test_a_wrong_proxy_is_a_settings_error_without_its_password(value: str) -> None:
    with pytest.raises(SettingsError, match="COPILOT_METRICS_PROXY") as caught:
        MetricsClient("http://store", MetricsAccess(proxy=SecretStr(value)), timeout_seconds=1)
    assert "hunter2" not in str(caught.value)


def test_wrong_certificates_of_the_system_are_a_settings_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(SettingsError, match="SSL_CERT_FILE"):
        MetricsClient("http://store", timeout_seconds=1)


async def test_a_redirect_to_a_sign_in_page_is_told_without_its_query() -> None:
    location = {"Location": "https://login.example/start?state=hunter2"}
    with serving(lambda _: Response("", 302, location)) as url:
        found = await asked(url, MetricsAccess())
    assert found.absence is Absence.BAD_ANSWER
    assert "HTTP 302, a redirect to login.example" in found.detail
    assert "hunter2" not in found.detail


async def test_requests_are_signed_for_amazon_prometheus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    credentials = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def write(key: str, secret: str, token: str) -> None:
        credentials.write_text(
            f"[default]\naws_access_key_id={key}\naws_secret_access_key={secret}\n"
            f"aws_session_token={token}\n"
        )

    amazon = FakeAmazonPrometheus(REGION, {"KEY1": "secret-1"}, {"KEY1": "session-1"})
    with serving(amazon.respond) as url:
        endpoint = f"{url}/workspaces/ws-1234"
        access = MetricsAccess(aws_region=REGION)
        async with MetricsClient(endpoint, access, timeout_seconds=SECONDS) as metrics:
            assert "no valid AWS credentials" in (await metrics.query("up")).detail
            write("KEY1", "secret-1", "session-1")
            # Any character of PromQL.
            assert (await metrics.query('up{a=~"b|c d+ü"} > 1')).samples
            amazon.keys, amazon.tokens = {"KEY2": "secret-2"}, {"KEY2": "session-2"}
            write("KEY2", "secret-2", "session-2")
            # The first refusal makes the client read the renewed credentials.
            found = await metrics.query("up")
            assert found.absence is Absence.DENIED
            assert "HTTP 403" in found.detail
            assert "session-1" not in found.detail
            assert (await metrics.query("up")).samples
        other = await asked(endpoint, MetricsAccess(aws_region="eu-central-1"))
        assert "HTTP 403" in other.detail
        assert "HTTP 403" in (await asked(endpoint, MetricsAccess())).detail


async def test_user_and_password_of_the_url_still_work() -> None:
    def respond(request: Request) -> Response:
        expected = httpx.BasicAuth(USER, PASSWORD)
        sent = next(expected.sync_auth_flow(httpx.Request("GET", "http://store")))
        is_known = request.headers.get("authorization") == sent.headers["authorization"]
        return Response(vector("1")) if is_known else Response("", 401)

    with serving(respond) as url:
        endpoint = url.replace("://", f"://{USER}:{PASSWORD}@")
        assert (await asked(endpoint, MetricsAccess())).samples
