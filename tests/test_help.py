"""`--help` of every command has an example that runs as it is written."""

import re

import pytest
from typer.core import TyperCommand, TyperGroup

from copilot.knowledge.corpus import FOLDER
from tests.command_lines import PROGRAMS, leaves, program_of, require_known, subcommand
from tests.documents import ROOT

LEAVES = dict(leaves())
# A terminal's 80, less the margin of the help, so that an example is one line to copy.
COLUMNS = 78


def example(command: TyperCommand) -> str:
    """The paragraph with the example, "" if there is none."""
    paragraphs = (command.help or "").split("\n\n")
    return next((one for one in paragraphs if one.startswith("Example")), "")


@pytest.mark.parametrize("name", LEAVES)
def test_a_command_has_an_example_on_a_line_of_its_own(name: str) -> None:
    line = example(LEAVES[name])
    assert re.fullmatch(r"Example(, [^:\n]+)?: [^\n]+", line), f"{name} --help has no example"
    assert len(line) <= COLUMNS, line


@pytest.mark.parametrize("name", LEAVES)
def test_an_example_calls_its_own_command_with_known_options(name: str) -> None:
    line = example(LEAVES[name])
    assert line, f"{name} --help has no example"
    assert require_known(line.partition(": ")[2]) == name


@pytest.mark.parametrize("name", ["tdeploy kb populate", "tdeploy kb sync"])
def test_no_example_deletes_a_corpus(name: str) -> None:
    words = example(LEAVES[name]).split()
    if "--source" in words:
        assert (ROOT / words[words.index("--source") + 1]).samefile(FOLDER)
    assert "--yes" not in words


@pytest.mark.parametrize("group", sorted({name.rpartition(" ")[0] for name in LEAVES}))
def test_a_list_of_commands_has_whole_sentences(
    group: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    program = program_of(group)
    assert program
    PROGRAMS[program].main(
        [*group.removeprefix(program).split(), "--help"], prog_name=program, standalone_mode=False
    )
    listed = capsys.readouterr().out.partition("Commands")[2]
    command: object = PROGRAMS[program]
    for name in group.removeprefix(program).split():
        assert isinstance(command, TyperGroup)
        command = subcommand(command, name)
    assert isinstance(command, TyperGroup)
    assert all(name in listed for name in command.commands)
    assert "..." not in listed
