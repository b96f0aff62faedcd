"""`--help` of every command: it ends with an example that can be typed as it stands."""

import re

import pytest
from typer.core import TyperCommand
from typer.testing import CliRunner

from copilot.knowledge.corpus import FOLDER
from tests.command_lines import PROGRAMS, leaves, program_of, require_known
from tests.documents import ROOT

LEAVES = dict(leaves())
# Of a terminal, less the margin of help, so that an example is one line to copy.
COLUMNS = 78


def example(command: TyperCommand) -> str:
    """The paragraph that has the example, empty where there is none."""
    paragraphs = (command.help or "").split("\n\n")
    return next((one for one in paragraphs if one.startswith("Example")), "")


@pytest.mark.parametrize("name", LEAVES)
def test_a_command_has_an_example_on_a_line_of_its_own(name: str) -> None:
    shown = example(LEAVES[name])
    assert re.fullmatch(r"Example(, [^:\n]+)?: [^\n]+", shown), f"{name} --help has no example"
    assert len(shown) <= COLUMNS, shown


@pytest.mark.parametrize("name", LEAVES)
def test_an_example_calls_its_own_command_with_what_it_knows(name: str) -> None:
    shown = example(LEAVES[name])
    assert shown, f"{name} --help has no example"
    assert require_known(shown.partition(": ")[2]) == name


@pytest.mark.parametrize("name", ["tdeploy kb populate", "tdeploy kb sync"])
def test_a_corpus_is_never_deleted_by_an_example(name: str) -> None:
    words = example(LEAVES[name]).split()
    if "--source" in words:
        assert (ROOT / words[words.index("--source") + 1]).samefile(FOLDER)
    assert "--yes" not in words
    shown = CliRunner().invoke(PROGRAMS["tdeploy"], [*name.split()[1:], "--help"])
    assert "what it has not is deleted from the bucket" in " ".join(shown.output.split())


@pytest.mark.parametrize("group", sorted({name.rpartition(" ")[0] for name in LEAVES}))
def test_a_list_of_commands_says_what_each_does_in_whole_sentences(group: str) -> None:
    program = program_of(group)
    assert program
    words = [*group.removeprefix(program).split(), "--help"]
    shown = CliRunner().invoke(PROGRAMS[program], words, env={"COLUMNS": "80"})
    listed = shown.output.partition("Commands")[2]
    assert listed
    assert "..." not in listed
