"""Which Docker engine is used: one for the checks, the clean-up and Pulumi's docker provider.

The order is that of Docker's own command line: DOCKER_HOST, DOCKER_CONTEXT, the current context.
Where the default socket is missing, the sockets follow of engines that a user starts without root:
rootless Docker, Docker Desktop, Colima. Pulumi's docker provider reads DOCKER_HOST alone when it
builds an image, and prefers DOCKER_CONTEXT for containers.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from docker.context import ContextAPI
from docker.errors import DockerException
from docker.tls import TLSConfig

DEFAULT_SOCKET = "/var/run/docker.sock"
_DEFAULT = f"unix://{DEFAULT_SOCKET}"
HOST_VARIABLE = "DOCKER_HOST"
CONTEXT_VARIABLE = "DOCKER_CONTEXT"
_CERTIFICATES_VARIABLE = "DOCKER_CERT_PATH"
_VERIFY_VARIABLE = "DOCKER_TLS_VERIFY"


class NoSuchContextError(DockerException):
    """DOCKER_CONTEXT or Docker's configuration names a context that cannot be read."""


@dataclass(frozen=True)
class EngineAddress:
    """The address of an engine, and where it was found."""

    host: str
    source: str
    """What names it, for a message."""
    tls: TLSConfig | None = None
    """The client's certificate of a context."""

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment with which every client uses this engine and no other."""
        if self.source == HOST_VARIABLE:
            # It keeps the certificates that the environment names.
            return {HOST_VARIABLE: self.host, CONTEXT_VARIABLE: ""}
        certificate = self.tls.ca_cert if self.tls else None
        return {
            HOST_VARIABLE: self.host,
            CONTEXT_VARIABLE: "",
            _CERTIFICATES_VARIABLE: str(Path(certificate).parent) if certificate else "",
            _VERIFY_VARIABLE: "1" if self.tls and self.tls.verify else "",
        }


def engine_address() -> EngineAddress:
    """The engine that this process's environment chooses. Raises NoSuchContextError."""
    if host := os.environ.get(HOST_VARIABLE):
        return EngineAddress(host, HOST_VARIABLE)
    name = os.environ.get(CONTEXT_VARIABLE) or None
    try:
        context = ContextAPI.get_context(name)
    # The SDK raises Exception for a garbled file, and KeyError for one that lacks a part.
    except Exception as error:
        raise NoSuchContextError(f"Docker's context cannot be read: {error}") from error
    host = context.Host if context else None
    if context is None or host is None:
        raise NoSuchContextError(_missing(name))
    if context.name == ContextAPI.DEFAULT_CONTEXT.name:
        return _default(host)
    return EngineAddress(host, f"Docker's context {context.name}", context.TLSConfig)


def provider_variables() -> Mapping[str, str]:
    """The environment with which Pulumi's docker provider uses the same engine as this process.

    Empty where none can be chosen: the program then says why.
    """
    try:
        return engine_address().variables
    except NoSuchContextError:
        return {}


def provider_problem() -> str | None:
    """Why Pulumi's docker provider would use another engine than this process, in one line.

    Raises NoSuchContextError.
    """
    address = engine_address()
    assignments = {name: value for name, value in address.variables.items() if value}
    wrong = [name for name, value in assignments.items() if os.environ.get(name) != value]
    # The provider's own default.
    if _is_same_socket(address.host, _DEFAULT):
        wrong = [name for name in wrong if name != HOST_VARIABLE]
    context = os.environ.get(CONTEXT_VARIABLE)
    if not wrong and not context:
        return None
    unset = [f"unset {CONTEXT_VARIABLE}"] if context else []
    commands = [*unset, *(f"export {name}={value}" for name, value in assignments.items())]
    return (
        f"Pulumi's docker provider would not use {address.host}, which {address.source} names:"
        f" run `{'; '.join(commands)}`, or use tdeploy, which does the same"
    )


def _default(host: str) -> EngineAddress:
    is_there = os.name == "nt" or Path(DEFAULT_SOCKET).exists()
    for socket in () if is_there else _users_sockets():
        if socket.is_socket():
            return EngineAddress(f"unix://{socket}", "its socket")
    return EngineAddress(host, "Docker's default context")


def _users_sockets() -> Iterator[Path]:
    home = Path.home()
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    yield Path(runtime) / "docker.sock"
    yield home / ".docker" / "run" / "docker.sock"
    yield home / ".docker" / "desktop" / "docker.sock"
    yield Path(os.environ.get("COLIMA_HOME") or home / ".colima") / "default" / "docker.sock"


def _is_same_socket(one: str, other: str) -> bool:
    """Whether two addresses are one socket; Docker Desktop links the default one to its own."""
    paths = [Path(address.removeprefix("unix://")) for address in (one, other)]
    return one == other or (one.startswith("unix://") and paths[0].resolve() == paths[1].resolve())


def _missing(name: str | None) -> str:
    chosen = f"{CONTEXT_VARIABLE}={name}" if name else "the current context of Docker"
    return f"{chosen} names no context with an engine"
