"""Knowledge bases in MiniStack for the commands that ask AWS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import ministack
from tests.tdeploy.kb.aws_world import World, make_world


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    """A fake for AWS."""
    with ministack.running() as url:
        yield url


@pytest.fixture(scope="session")
def strict_url() -> Iterator[str]:
    """A fake for AWS that checks policies."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTH", "true")
        with ministack.running((*ministack.KNOWLEDGE, "iam", "sts")) as url:
            yield url


@pytest.fixture
def world(aws_url: str) -> World:
    """A knowledge base with an empty bucket."""
    return make_world(aws_url)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files in two folders."""
    folder = tmp_path / "corpus"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.md", "b.md", "deep/c.md"):
        (folder / name).write_text(f"# {name}\n")
    return folder
