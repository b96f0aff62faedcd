"""The network and the volumes of a stack."""

import pytest

from components.healing import Healing
from components.network import Network
from tests.components.pulumi_run import Run, run

NETWORK = "docker:index/network:Network"
VOLUME = "docker:index/volume:Volume"


def made(*, keep_volumes: bool) -> Run:
    return run(
        lambda: Network(
            "local", {"b", "a"}, keep_volumes=keep_volumes, healing=Healing.of_stack("local")
        )
    )


def test_names_tell_the_stack_and_labels_too() -> None:
    result = made(keep_volumes=False)
    label = [{"label": "io.copilot.stack", "value": "local"}]
    assert result.one(NETWORK).inputs["name"] == "copilot-local"
    assert result.one(NETWORK).inputs["labels"] == label
    names = {name: one.inputs["name"] for name, one in result.of(VOLUME).items()}
    assert names == {"a": "copilot-local-a", "b": "copilot-local-b"}
    assert result.of(VOLUME)["a"].inputs["labels"] == label


@pytest.mark.parametrize("keep_volumes", [True, False])
def test_volumes_stay_only_when_that_is_wanted(*, keep_volumes: bool) -> None:
    volumes = made(keep_volumes=keep_volumes).of(VOLUME).values()
    assert {one.request.retainOnDelete for one in volumes} == {keep_volumes}


def test_what_an_interrupted_up_left_is_removed_first() -> None:
    hooks = made(keep_volumes=False).one(NETWORK).request.hooks
    assert list(hooks.before_create) == ["remove-left-behind-network"]
