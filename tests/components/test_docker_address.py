"""Which engine is used, and whether Pulumi's docker provider would use the same one."""

import json
import os
import socket
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from components import docker_address
from components.docker_address import (
    NoSuchContextError,
    engine_address,
    provider_problem,
    provider_variables,
)

DEFAULT = "unix:///var/run/docker.sock"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without any engine."""
    for name in [name for name in os.environ if name.startswith(("DOCKER_", "COLIMA_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setattr(docker_address, "DEFAULT_SOCKET", str(tmp_path / "missing.sock"))
    return tmp_path


def context(home: Path, name: str, host: str, *, current: bool = False) -> Path:
    """Write a context as `docker context create` does; the value is its folder for certificates."""
    folder, key = home / ".docker", sha256(name.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / key / "meta.json"
    meta.parent.mkdir(parents=True)
    endpoint = {"Host": host, "SkipTLSVerify": False}
    described = {"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}}
    meta.write_text(json.dumps(described))
    (folder / "config.json").write_text(json.dumps({"currentContext": name} if current else {}))
    return folder / "contexts" / "tls" / key / "docker"


@pytest.fixture
def listening(home: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    path: Path = home / request.param
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    # By the open folder, because a socket's path is at most 107 characters.
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"/proc/self/fd/{folder}/{path.name}")
        yield path
    os.close(folder)


def test_without_an_engine_the_default_socket_is_tried() -> None:
    assert engine_address().host == DEFAULT
    assert provider_problem() is None


@pytest.mark.parametrize(
    "listening",
    [
        "runtime/docker.sock",
        ".docker/run/docker.sock",
        ".docker/desktop/docker.sock",
        ".colima/default/docker.sock",
    ],
    indirect=True,
)
def test_a_users_engine_is_found_and_the_provider_needs_its_address(listening: Path) -> None:
    assert engine_address().host == f"unix://{listening}"
    problem = provider_problem()
    assert problem is not None
    assert f"export DOCKER_HOST=unix://{listening}" in problem
    assert "\n" not in problem


@pytest.mark.parametrize("listening", [".docker/run/docker.sock"], indirect=True)
def test_docker_host_is_stronger_than_context_and_sockets(
    home: Path, listening: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert listening
    context(home, "colima", "unix:///colima.sock", current=True)
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    assert engine_address().host == "tcp://127.0.0.1:2375"
    assert provider_problem() is None


def test_the_current_context_is_used_and_the_provider_needs_its_address(home: Path) -> None:
    context(home, "colima", "unix:///colima.sock", current=True)
    assert engine_address().host == "unix:///colima.sock"
    assert "export DOCKER_HOST=unix:///colima.sock" in str(provider_problem())


def test_the_variables_make_every_client_agree(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context(home, "one", "unix:///one.sock", current=True)
    context(home, "two", "unix:///two.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "two")
    assert engine_address().host == "unix:///two.sock"
    assert provider_problem()
    for name, value in provider_variables().items():
        monkeypatch.setenv(name, value)
    assert engine_address().host == "unix:///two.sock"
    assert provider_problem() is None


def test_a_context_beside_docker_host_would_divide_the_provider(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context(home, "two", "unix:///two.sock")
    monkeypatch.setenv("DOCKER_HOST", "unix:///one.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "two")
    assert engine_address().host == "unix:///one.sock"
    assert "unset DOCKER_CONTEXT" in str(provider_problem())


def test_the_certificates_of_a_context_reach_the_provider(home: Path) -> None:
    folder = context(home, "far", "tcp://far.example.com:2376", current=True)
    folder.mkdir(parents=True)
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (folder / name).touch()
    assert provider_variables() == {
        "DOCKER_HOST": "tcp://far.example.com:2376",
        "DOCKER_CONTEXT": "",
        "DOCKER_CERT_PATH": str(folder),
        "DOCKER_TLS_VERIFY": "1",
    }


def test_a_context_that_does_not_exist_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context(home, "here", "unix:///here.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "gone")
    with pytest.raises(NoSuchContextError, match="gone"):
        engine_address()
    assert provider_variables() == {}


def test_a_garbled_context_is_refused_in_one_line(home: Path) -> None:
    context(home, "broken", "unix:///here.sock", current=True)
    (meta,) = home.glob(".docker/contexts/meta/*/meta.json")
    meta.write_text("{")
    with pytest.raises(NoSuchContextError) as raised:
        engine_address()
    assert "\n" not in str(raised.value)
