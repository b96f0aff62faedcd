"""HTTP clients that sign in to a source as its settings say."""

import asyncio
import ssl
from collections.abc import AsyncGenerator

import httpx

from copilot.access.aws import AwsSignature
from copilot.access.files import TlsFiles, load_into, read_headers, read_secret, read_token
from copilot.access.settings import HttpAccess, MetricsAccess
from copilot.errors import SettingsError
from copilot.redact import SHOWN_INSTEAD

# A shorter text is no secret, and removing it would garble other text.
_SECRET_LENGTH = 4


class SourceAuth(httpx.Auth):
    """Credentials of each request, from files as they are at that time.

    A request without usable credentials raises AccessError; the constructor raises SettingsError
    where the system's CA certificates cannot be read.
    """

    def __init__(self, access: HttpAccess) -> None:
        self._access = access
        region = access.aws_region if isinstance(access, MetricsAccess) else ""
        self._aws = AwsSignature(region) if region else None
        # Only the given CAs, or those of the system; a context cannot forget one.
        self.context = (
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if access.ca_file else _trust_of_the_system()
        )
        self._loaded: TlsFiles | None = None
        self._secrets: set[str] = set()

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        access = self._access
        self._load_certificates()
        headers = read_headers(access)
        token = read_token(access.token, access.token_file)
        password = read_secret(access.password, access.password_file)
        sent = {token, password, *headers.values()}
        self._secrets = {secret for secret in sent if len(secret) >= _SECRET_LENGTH}
        request.headers.update(headers)
        if self._aws:
            signed = {"Content-Type": request.headers.get("Content-Type", "")}
            request.headers.update(
                await asyncio.to_thread(
                    self._aws.headers, request.method, str(request.url), signed, request.content
                )
            )
        elif token:
            request.headers["Authorization"] = f"Bearer {token}"
        elif access.username or request.url.userinfo:
            user = (access.username, password) if access.username else _user(request.url)
            request = next(httpx.BasicAuth(*user).sync_auth_flow(request))
        response = yield request
        if self._aws and response.status_code == httpx.codes.FORBIDDEN:
            self._aws.sign_in_again()

    def hide(self, text: str) -> str:
        """The text without the secrets that were sent last."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, SHOWN_INSTEAD)
        return text

    def _load_certificates(self) -> None:
        """Changed files hold for new connections; only pairs that fit together are loaded."""
        files = TlsFiles.read(self._access)
        if files != self._loaded:
            load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), self._access)
            load_into(self.context, self._access)
            self._loaded = files


def open_client(
    base: httpx.URL, auth: SourceAuth, proxy: str, *, timeout_seconds: float, connections: int
) -> httpx.AsyncClient:
    """A client for the source at `base`; `proxy` is empty or the URL of an HTTP proxy."""
    return httpx.AsyncClient(
        base_url=base,
        auth=auth,
        verify=auth.context,
        proxy=proxy or None,
        timeout=timeout_seconds,
        limits=httpx.Limits(max_connections=connections),
        # Use the endpoint as it was set: no proxy, no .netrc of the environment.
        trust_env=False,
    )


def _trust_of_the_system() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise SettingsError(
            "SSL_CERT_FILE: names no PEM file with CA certificates; correct or unset it"
        ) from error


def _user(url: httpx.URL) -> tuple[str, str]:
    return url.username, url.password
