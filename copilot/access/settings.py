"""Settings of sign-in, one model a kind of source. Secrets are given by value or as a file.

Files are read when they are used, and again when they change: see `copilot.access.files`.
"""

import re
from collections.abc import Iterable

from pydantic import (
    AliasGenerator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from copilot.setting_types import HostName, OptionalSecretUrl, Region


class Access(BaseModel):
    """What all sources have in common. Paths are empty where a file is not used."""

    model_config = ConfigDict(
        frozen=True,
        populate_by_name=True,
        alias_generator=AliasGenerator(validation_alias=str.upper),
    )

    headers: SecretStr = Field(
        SecretStr(""),
        description="more headers of each request, NAME=VALUE separated by commas, such as"
        " X-Scope-OrgID=team",
    )
    headers_file: str = Field("", description="file with more headers, one NAME=VALUE a line")
    ca_file: str = Field(
        "",
        description="PEM file with the only CA certificates to trust; empty: those of the system",
    )
    certificate_file: str = Field("", description="PEM file with the client certificate")
    key_file: str = Field(
        "",
        description="PEM file with the key of the client certificate, without a passphrase;"
        " empty: the key is in the certificate's file",
    )

    @field_validator("headers")
    @classmethod
    def _has_headers(cls, value: SecretStr) -> SecretStr:
        parse_headers(value.get_secret_value().split(","))
        return value

    @field_validator("key_file")
    @classmethod
    def _has_a_certificate(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("certificate_file") == "":
            raise ValueError("needs the file of its certificate")
        return value


class HttpAccess(Access):
    """A source with an HTTP API. At most one of token, user and AWS signature."""

    token: SecretStr = Field(SecretStr(""), description="bearer token")
    token_file: str = Field("", description="file with the bearer token")
    username: str = Field("", description="user name of basic authentication")
    password: SecretStr = Field(SecretStr(""), description="password of basic authentication")
    password_file: str = Field("", description="file with the password of basic authentication")
    proxy: OptionalSecretUrl = Field(
        SecretStr(""), description="URL of the HTTP proxy to use; the environment's is not used"
    )

    @field_validator("token_file")
    @classmethod
    def _is_the_only_token(cls, value: str, info: ValidationInfo) -> str:
        return _only_one(value, info, "token")

    @field_validator("password_file")
    @classmethod
    def _is_the_only_password(cls, value: str, info: ValidationInfo) -> str:
        return _only_one(value, info, "password")

    @field_validator("username")
    @classmethod
    def _is_the_only_sign_in(cls, value: str, info: ValidationInfo) -> str:
        return _only_one(value, info, "token", "token_file")

    @field_validator("password", "password_file")
    @classmethod
    def _has_a_user(cls, value: SecretStr | str, info: ValidationInfo) -> SecretStr | str:
        if _text(value) and info.data.get("username") == "":
            raise ValueError("needs a user name")
        return value


class MetricsAccess(HttpAccess):
    """A metrics store, which may be Amazon Managed Service for Prometheus."""

    aws_region: Region = Field(
        "",
        description="region of Amazon Managed Service for Prometheus: requests are signed (SigV4)"
        " with the AWS credentials in force",
    )

    @field_validator("aws_region")
    @classmethod
    def _is_the_only_signature(cls, value: str, info: ValidationInfo) -> str:
        return _only_one(value, info, "token", "token_file", "username")


class TemporalAccess(Access):
    """A Temporal frontend."""

    tls: bool | None = Field(
        None,
        description="true or false: TLS; by default it is on where an API key, a certificate or a"
        " server name is set",
    )
    server_name: HostName = Field(
        "", description="name in the frontend's certificate, where it is not the address's host"
    )
    api_key: SecretStr = Field(SecretStr(""), description="API key or JWT, sent as a bearer token")
    api_key_file: str = Field("", description="file with the API key or JWT")

    @field_validator("api_key_file")
    @classmethod
    def _is_the_only_key(cls, value: str, info: ValidationInfo) -> str:
        return _only_one(value, info, "api_key")

    @property
    def has_tls(self) -> bool:
        if self.tls is not None:
            return self.tls
        files = (self.ca_file, self.certificate_file, self.api_key_file)
        return any((*files, self.server_name, self.api_key.get_secret_value()))


# A header's name; and its value: visible ASCII characters with spaces between them.
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?")
_RESERVED = {"connection", "content-length", "host", "transfer-encoding"}


def parse_headers(lines: Iterable[str]) -> dict[str, str]:
    """Headers by lower-case name from lines NAME=VALUE; empty lines are left out.

    Raises ValueError, whose message has no value: it may be a secret.
    """
    headers = {}
    for number, line in enumerate((line for line in lines if line.strip()), start=1):
        name, _, value = (part.strip() for part in line.partition("="))
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"header {number} should be NAME=VALUE")
        if name.lower() in _RESERVED:
            raise ValueError(f"the header {name} cannot be set")
        headers[name.lower()] = value
    return headers


def _only_one(value: str, info: ValidationInfo, *others: str) -> str:
    """`value`, which must be empty where one of the other fields has a value."""
    for name in others:
        if value and _text(info.data.get(name, "")):
            raise ValueError(f"{name.upper()} is set too: set one of them")
    return value


def _text(value: SecretStr | str) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
