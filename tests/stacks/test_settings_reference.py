"""docs/stacks.md: up to date, complete, and true of the settings."""

import json
import re

import pytest

from stacks import settings_reference
from stacks.catalogue.by_stack import catalogue_for
from stacks.generated import REFERENCE
from stacks.registry import CONTAINER_STACKS, STACKS
from stacks.settings import CopilotSettings

PAGE = settings_reference.as_markdown()


def rows(stack: str) -> dict[str, list[str]]:
    """The cells of each line about the stack, by the key in the first cell."""
    lines = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells for cells in lines if stack in cells[-1].split(", ")}


def test_the_page_is_up_to_date() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == PAGE, "run `make generated`"


@pytest.mark.parametrize("stack", STACKS)
def test_every_key_of_a_stack_is_there_and_described(stack: str) -> None:
    listed = rows(stack)
    model = STACKS[stack].settings
    for key in (*model.model_fields, *model.secrets):
        parts = [name for name in listed if name == key or name.startswith(f"{key}.")]
        assert parts, f"{key} is not listed"
        assert all(listed[part][-2] for part in parts)


def test_a_default_can_be_set_as_it_is_written() -> None:
    written = {key: cells[2].strip("`") for key, cells in rows("copilot").items() if len(cells) > 4}
    given = {
        key: json.loads(default) if default.startswith("[") else default
        for key, default in written.items()
        if default != "not set" and "." not in key
    }
    assert len(given) > 10
    assert CopilotSettings.model_validate(given) == CopilotSettings()


def test_values_have_the_description_of_a_refusal() -> None:
    listed = rows("copilot")
    assert listed["region"][1] == "the code of an AWS region, such as eu-west-1"
    assert listed["history_shards"][1] == "1 to 16384"
    assert listed["log_level"][1] == "`debug`, `info`, `warn`, `error`"
    assert listed["ulimits.nofile"][1] == "4096 or more"


@pytest.mark.parametrize("stack", CONTAINER_STACKS)
def test_every_name_that_can_be_overridden_is_there(stack: str) -> None:
    names = catalogue_for(CONTAINER_STACKS[stack]()).overridable
    about = [line for line in PAGE.splitlines() if re.search(rf"\b{stack}\b[a-z, ]*\|$", line)]
    for name in (*names.images, *names.ports, *names.memory):
        assert any(line.startswith(f"| `{name}` |") for line in about), name


def test_every_service_is_listed_with_its_ports_and_memory() -> None:
    listed = [line for line in PAGE.splitlines() if re.match(r"\| (copilot-api|alloy) \|", line)]
    alloy, api = (line.strip("| ").split(" | ") for line in listed)
    assert alloy[2:] == ["12345", "384 MB", "copilot, local"]
    assert api[2:] == ["8081", "256 MB", "copilot, local, watch"]
