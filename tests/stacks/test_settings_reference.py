"""docs/stacks.md: that it is written anew, has every setting, and is true of the settings."""

import json
import re

import pytest

from stacks import copilot, local, settings_reference
from stacks.generated import REFERENCE
from stacks.services import Catalogue
from stacks.settings import CopilotSettings, LocalSettings, StackSettings

PAGE = settings_reference.as_markdown()


def rows(stack: str) -> dict[str, list[str]]:
    """The cells of each line that is about the stack, by the key in its first cell."""
    lines = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells for cells in lines if stack in cells[-1].split(", ")}


def test_the_page_is_as_it_is_written_now() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == PAGE, "run `make generated`"


@pytest.mark.parametrize(("stack", "model"), settings_reference.STACKS.items())
def test_every_key_of_a_stack_is_there_and_described(
    stack: str, model: type[StackSettings]
) -> None:
    listed = rows(stack)
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


def test_values_are_said_in_the_words_of_a_refusal() -> None:
    listed = rows("copilot")
    assert listed["region"][1] == "the code of a region of AWS, such as eu-west-1"
    assert listed["history_shards"][1] == "1 to 16384"
    assert listed["log_level"][1] == "`debug`, `info`, `warn`, `error`"
    assert listed["ulimits.nofile"][1] == "4096 or more"


@pytest.mark.parametrize(
    ("stack", "catalogue"),
    [
        ("local", local.planned(LocalSettings())),
        ("copilot", copilot.planned(CopilotSettings())),
    ],
)
def test_every_name_that_can_be_overridden_is_there(stack: str, catalogue: Catalogue) -> None:
    about = [line for line in PAGE.splitlines() if re.search(rf"\b{stack}\b[a-z, ]*\|$", line)]
    for name in (*catalogue.known.images, *catalogue.known.ports, *catalogue.known.memory):
        assert any(line.startswith(f"| `{name}` |") for line in about), name
