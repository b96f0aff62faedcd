"""Secrets and certificates, read when they are used: a renewed file needs no restart."""

import re
import ssl
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from copilot.access.settings import Access, parse_headers
from copilot.errors import AccessError

# A larger file is none of ours; the CA certificates of a system are 250 kB.
_MAX_BYTES = 4_000_000
_TOKEN = re.compile(r"[!-~]+")


def read_bytes(path: str) -> bytes | None:
    """The file's content, None without a path. Raises AccessError."""
    if not path:
        return None
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise AccessError(f"cannot read {path}: {error.strerror}") from error
    if not content.strip() or len(content) > _MAX_BYTES:
        raise AccessError(f"{path} is {'too large' if content.strip() else 'empty'}")
    return content


def read_text(path: str) -> str:
    """The file's text without white space around it. Raises AccessError."""
    try:
        return (read_bytes(path) or b"").decode().strip()
    except UnicodeDecodeError as error:
        raise AccessError(f"{path} is not a text file") from error


def read_secret(value: SecretStr, path: str) -> str:
    """The text of the file at `path`, or `value` without a path. Raises AccessError."""
    return read_text(path) if path else value.get_secret_value()


def read_token(value: SecretStr, path: str) -> str:
    """A secret that is sent in a header; "" where there is none. Raises AccessError."""
    token = read_secret(value, path)
    if token and not _TOKEN.fullmatch(token):
        raise AccessError(f"{path or 'the token'} should hold one token, without white space")
    return token


def read_headers(access: Access) -> dict[str, str]:
    """All headers by lower-case name; those of the file replace others. Raises AccessError."""
    headers = parse_headers(access.headers.get_secret_value().split(","))
    if access.headers_file:
        try:
            headers |= parse_headers(read_text(access.headers_file).splitlines())
        except ValueError as error:
            raise AccessError(f"{access.headers_file}: {error}") from error
    return headers


@dataclass(frozen=True)
class TlsFiles:
    """PEM contents; None where no file is set."""

    ca: bytes | None
    certificate: bytes | None
    key: bytes | None

    @classmethod
    def read(cls, access: Access) -> "TlsFiles":
        """Raises AccessError where a file cannot be read or used."""
        certificate = read_bytes(access.certificate_file)
        key = read_bytes(access.key_file) if access.key_file else certificate
        return cls(read_bytes(access.ca_file), certificate, key)


def load_into(context: ssl.SSLContext, access: Access) -> None:
    """Add the CA certificates and the client certificate to a context. Raises AccessError.

    A context cannot forget a CA.
    """
    if access.ca_file:
        try:
            context.load_verify_locations(cafile=access.ca_file)
        except OSError as error:
            raise AccessError(f"{access.ca_file} has no valid certificates in PEM") from error
    if access.certificate_file:
        key = access.key_file or access.certificate_file

        def refuse() -> bytes:
            raise AccessError(f"the key in {key} has a passphrase: give a file without one")

        try:
            # Without `password`, OpenSSL asks for it on the terminal.
            context.load_cert_chain(access.certificate_file, key, password=refuse)
        except OSError as error:
            reason = getattr(error, "reason", None) or "not a certificate with its key in PEM"
            raise AccessError(
                f"{access.certificate_file} and {key} cannot be used together"
                f" ({reason.lower().replace('_', ' ')})"
            ) from error


def check_tls(access: Access) -> None:
    """Raise AccessError where the files cannot be used."""
    load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), access)
