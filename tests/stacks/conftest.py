"""A machine on which everything is as it should be, for programs run on mocks."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from components import docker_engine
from components.docker_engine import Engine
from tests.stacks import aws_stand_in
from tests.stacks.aws_stand_in import Aws

GIGABYTES_8 = 8192


@contextmanager
def fine_engine() -> Iterator[Engine]:
    """A Docker engine with enough memory, every image and no container."""
    found = Engine(GIGABYTES_8, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(docker_engine, "inspect", lambda: found)
        patch.setattr(docker_engine, "missing_image", lambda _, **__: None)
        patch.setattr(docker_engine, "may_have_container", lambda _: True)
        patch.setattr("stacks.preflight._is_free", lambda _: True)
        yield found


@contextmanager
def signed_in(home: Path) -> Iterator[Aws]:
    """AWS as the preflight sees it, with the credentials that are in `home`."""
    folder = home / ".aws"
    folder.mkdir()
    keys = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = example\n"
    (folder / "credentials").write_text(f"[default]\n{keys}")
    with pytest.MonkeyPatch.context() as patch, aws_stand_in.serving() as served:
        for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(home))
        patch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
        patch.setenv("AWS_ENDPOINT_URL", served.url)
        yield served


@pytest.fixture(autouse=True)
def engine() -> Iterator[Engine]:
    """What `fine_engine` gives, for each test."""
    with fine_engine() as found:
        yield found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home folder of this user, who is signed in to AWS."""
    return tmp_path


@pytest.fixture
def aws(home: Path) -> Iterator[Aws]:
    """AWS as the preflight sees it, with this user's credentials."""
    with signed_in(home) as served:
        yield served
