"""Options of one run, from the environment."""

from typing import get_args

import pulumi
import pytest

from stacks import run_options


@pytest.mark.parametrize("value", get_args(run_options.ContainerMode))
def test_the_mode_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(run_options.SERVICES_VARIABLE, value)
    assert run_options.container_mode() == value


def test_an_unknown_mode_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(run_options.SERVICES_VARIABLE, "paused")
    with pytest.raises(pulumi.RunError, match="TDEPLOY_SERVICES=paused"):
        run_options.container_mode()


def test_a_plain_run_means_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(run_options.SERVICES_VARIABLE, raising=False)
    assert run_options.container_mode() == "running"
