"""Requests to the Docker engine, against a fake of its API."""

import gc
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from components import docker_engine
from components.docker_engine import STACK_LABEL, DockerEngineError
from tests.fakes.docker_engine import daemon
from tests.fakes.docker_engine.memory import EngineError, MemoryEngine, image_id


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryEngine]:
    """An engine in memory that the docker SDK finds."""
    memory = MemoryEngine()
    memory.images["tools:1"] = image_id("tools")
    with daemon.serving(memory) as host:
        monkeypatch.setenv("DOCKER_HOST", host)
        yield memory


def start(engine: MemoryEngine, name: str, *, stack: str | None, restart: str) -> None:
    body = {
        "Image": "tools:1",
        "Labels": {STACK_LABEL: stack} if stack else {},
        "HostConfig": {"NetworkMode": "bridge", "RestartPolicy": {"Name": restart}},
    }
    engine.start(engine.create_container(name, body))


def has(engine: MemoryEngine, name: str) -> bool:
    try:
        engine.named(name)
    except EngineError:
        return False
    return True


# The SDK leaves its socket to the garbage collector when it cannot connect.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("host", "tried"),
    [
        (
            "unix:///nowhere/docker.sock",
            "unix:///nowhere/docker.sock: No such file or directory",
        ),
        ("tcp://127.0.0.1:9", "tcp://127.0.0.1:9: Connection refused"),
        ("tcp://127.0.0.1:many", "tcp://127.0.0.1:many: Port could not be cast to integer"),
        (None, "unix:///nowhere/context.sock: No such file or directory"),
    ],
)
def test_the_error_names_the_address_that_was_tried_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str | None, tried: str
) -> None:
    context = tmp_path / "contexts" / "meta" / sha256(b"elsewhere").hexdigest() / "meta.json"
    context.parent.mkdir(parents=True)
    endpoint = {"Host": "unix:///nowhere/context.sock"}
    described = {"Name": "elsewhere", "Metadata": {}, "Endpoints": {"docker": endpoint}}
    context.write_text(json.dumps(described))
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "elsewhere"}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    if host:
        monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(DockerEngineError, match="DOCKER_HOST") as raised:
        docker_engine.engine_info()
    assert tried in str(raised.value)
    assert "\n" not in str(raised.value)
    del raised
    gc.collect()


def test_the_engines_memory_is_known(engine: MemoryEngine) -> None:
    assert engine
    assert docker_engine.engine_info().memory_mb > 0


@pytest.mark.parametrize("restart", ["unless-stopped", "no"])
def test_the_container_that_an_interrupted_up_left_is_removed(
    engine: MemoryEngine, restart: str
) -> None:
    start(engine, "local-job", stack="local", restart=restart)
    docker_engine.remove_leftover_container("local-job", "local")
    assert not has(engine, "local-job")


@pytest.mark.parametrize("stack", ["copilot", None])
def test_a_container_of_another_stack_stays(engine: MemoryEngine, stack: str | None) -> None:
    start(engine, "local-job", stack=stack, restart="no")
    docker_engine.remove_leftover_container("local-job", "local")
    assert has(engine, "local-job")


def test_without_a_leftover_nothing_happens(engine: MemoryEngine) -> None:
    docker_engine.remove_leftover_container("local-job", "local")
    docker_engine.remove_container("local-job")
    assert not has(engine, "local-job")


def test_a_failed_jobs_container_is_removed(engine: MemoryEngine) -> None:
    start(engine, "local-job", stack="local", restart="no")
    docker_engine.remove_container("local-job")
    assert not has(engine, "local-job")


def test_an_image_that_is_here_is_no_problem(engine: MemoryEngine) -> None:
    assert engine
    assert docker_engine.image_problem("tools:1", from_registry=False) is None


def test_an_image_that_is_built_here_is_not_looked_up_in_a_registry(engine: MemoryEngine) -> None:
    assert engine
    reason = docker_engine.image_problem("temporal-dsql-runtime:test", from_registry=False)
    assert reason


def test_an_image_that_no_registry_has_is_a_problem(engine: MemoryEngine) -> None:
    engine.not_to_pull.add("nobody/has:it")
    reason = docker_engine.image_problem("nobody/has:it", from_registry=True)
    assert reason is not None
    assert "registry" in reason


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_container_is_missing_only_where_the_engine_answers_so(
    engine: MemoryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(engine, "here", stack=None, restart="no")
    assert docker_engine.may_have_container("here")
    assert not docker_engine.may_have_container("gone")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    assert docker_engine.may_have_container("gone")
    gc.collect()
