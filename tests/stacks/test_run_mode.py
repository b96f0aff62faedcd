from typing import get_args

import pulumi
import pytest

from stacks import run_mode


@pytest.mark.parametrize("value", get_args(run_mode.Services))
def test_what_should_run_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(run_mode.SERVICES_VARIABLE, value)
    assert run_mode.services() == value


def test_what_should_run_is_refused_when_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(run_mode.SERVICES_VARIABLE, "paused")
    with pytest.raises(pulumi.RunError, match="TDEPLOY_SERVICES=paused: use running, stopped"):
        run_mode.services()


def test_a_plain_run_means_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(run_mode.SERVICES_VARIABLE, raising=False)
    assert run_mode.services() == "running"
