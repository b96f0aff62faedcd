"""The network and the volumes of a stack."""

import pytest

from components.cleanup_hooks import CleanupHooks
from components.network import Network
from tests.components.pulumi_run import Run, run

NETWORK = "docker:index/network:Network"
VOLUME = "docker:index/volume:Volume"


def declared(*, keep_volumes: bool) -> Run:
    return run(
        lambda: Network(
            "local",
            {"b", "a"},
            keep_volumes=keep_volumes,
            cleanup_hooks=CleanupHooks.for_stack("local"),
        )
    )


def test_names_and_labels_have_the_stack() -> None:
    result = declared(keep_volumes=False)
    label = [{"label": "io.copilot.stack", "value": "local"}]
    assert result.one(NETWORK).inputs["name"] == "copilot-local"
    assert result.one(NETWORK).inputs["labels"] == label
    names = {name: one.inputs["name"] for name, one in result.of(VOLUME).items()}
    assert names == {"a": "copilot-local-a", "b": "copilot-local-b"}
    assert result.of(VOLUME)["a"].inputs["labels"] == label


@pytest.mark.parametrize("keep_volumes", [True, False])
def test_volumes_are_retained_only_with_keep_volumes(*, keep_volumes: bool) -> None:
    volumes = declared(keep_volumes=keep_volumes).of(VOLUME).values()
    assert {one.request.retainOnDelete for one in volumes} == {keep_volumes}


def test_a_leftover_network_is_removed_first() -> None:
    hooks = declared(keep_volumes=False).one(NETWORK).request.hooks
    assert list(hooks.before_create) == ["remove-left-behind-network"]
