"""Pulled and built images."""

from functools import partial
from pathlib import Path

import pytest

from components.images import Build, Images
from tests.components.pulumi_run import run

BUILD = Build(
    name="temporal-sre-copilot:dev",
    context=Path("/source"),
    dockerfile=Path("/source/docker/copilot/Dockerfile"),
    arguments={"PYTHON_IMAGE": "python:3.13-slim"},
)


def test_ids_change_with_the_content() -> None:
    ids: dict[str, object] = {}

    def program() -> None:
        images = Images(
            "local",
            public={"grafana": "grafana/grafana:1"},
            built={"copilot": BUILD},
            generations={"copilot": "first"},
        )
        for key, value in images.ids.items():
            value.apply(partial(ids.setdefault, key))

    run(program)
    assert ids == {"grafana": "sha256:grafana", "copilot": "sha256:copilot-image"}


def test_a_destroy_leaves_pulled_images() -> None:
    result = run(
        lambda: Images("local", public={"grafana": "grafana/grafana:1"}, built={}, generations={})
    )
    inputs = result.one("docker:index/remoteImage:RemoteImage").inputs
    assert inputs == {"name": "grafana/grafana:1", "keepLocally": True}


@pytest.mark.parametrize("name", ["aarch64", "arm64"])  # on Linux, on macOS
def test_an_image_is_built_for_this_machine_and_not_pushed(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("platform.machine", lambda: name)
    result = run(
        lambda: Images(
            "local", public={}, built={"copilot": BUILD}, generations={"copilot": "first"}
        )
    )
    inputs = result.one("docker:index/image:Image").inputs
    assert inputs["skipPush"] is True
    assert inputs["build"] == {
        "context": "/source",
        "dockerfile": "/source/docker/copilot/Dockerfile",
        "args": {"PYTHON_IMAGE": "python:3.13-slim"},
        "platform": "linux/arm64",
    }


def test_a_new_generation_builds_an_image_again() -> None:
    result = run(
        lambda: Images(
            "local", public={}, built={"copilot": BUILD}, generations={"copilot": "first"}
        )
    )
    trigger = result.one("docker:index/image:Image").request.replacement_trigger
    assert trigger.string_value == "first"
