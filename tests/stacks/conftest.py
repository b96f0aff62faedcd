"""A machine and an AWS account without problems, for programs run on mocks."""

import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from components import docker_address, docker_engine
from components.docker_engine import EngineInfo
from components.drift import Drift
from tests.components.pulumi_run import Run, run
from tests.fakes import aws_preflight
from tests.fakes.aws_preflight import FakeAws

MAIN = Path(__file__).parents[2] / "__main__.py"
GIGABYTES_8 = 8192


def run_main(stack: str, folder: Path, **options: Any) -> Run:  # noqa: ANN401
    """The whole program of a stack on mocks; `options` are those of `run`."""
    return run(
        lambda: runpy.run_path(str(MAIN), run_name="__main__"),
        stack=stack,
        folder=folder,
        **options,
    )


@contextmanager
def ready_engine() -> Iterator[EngineInfo]:
    """A Docker engine with enough memory, every image and no container."""
    info = EngineInfo(GIGABYTES_8, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(docker_engine, "engine_info", lambda: info)
        patch.setattr(docker_engine, "image_problem", lambda _, **__: None)
        patch.setattr(docker_engine, "may_have_container", lambda _: True)
        patch.setattr(docker_address, "provider_problem", lambda: None)
        patch.setattr("stacks.deploy.find_drift", lambda *_: Drift())
        patch.setattr("stacks.deploy.remove_replaced_images", lambda: None)
        patch.setattr("components.container_service.until_ready", _no_problem)
        patch.setattr("stacks.preflight.docker._is_free", lambda _: True)
        yield info


async def _no_problem(_identifier: str, _seconds: float) -> None:
    """Every service is ready at once."""


@contextmanager
def signed_in(home: Path) -> Iterator[FakeAws]:
    """AWS for the preflight, with credentials in `home`."""
    folder = home / ".aws"
    folder.mkdir()
    keys = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = example\n"
    (folder / "credentials").write_text(f"[default]\n{keys}")
    with pytest.MonkeyPatch.context() as patch, aws_preflight.serving() as served:
        for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(home))
        patch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
        patch.setenv("AWS_ENDPOINT_URL", served.url)
        yield served


@pytest.fixture(autouse=True)
def engine() -> Iterator[EngineInfo]:
    """`ready_engine` in each test."""
    with ready_engine() as info:
        yield info


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home folder with the credentials."""
    return tmp_path


@pytest.fixture
def aws(home: Path) -> Iterator[FakeAws]:
    """AWS for the preflight, with the user's credentials."""
    with signed_in(home) as served:
        yield served
