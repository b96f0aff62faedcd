"""What documents and hints name is there: links, commands, settings, make's targets, files."""

import re
import shlex
from argparse import ArgumentParser
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

import pytest

from copilot.api import routes
from copilot.settings import Settings
from stacks import copilot, local
from stacks.services import Catalogue
from stacks.settings import CopilotSettings, LocalSettings, parsed
from stacks.settings_reference import STACKS
from tests.command_lines import PROGRAMS, require_known
from tests.documents import DOCUMENTS, ROOT, Said, anchors, code, code_in_sources, links

CATALOGUES: Mapping[str, Catalogue] = {
    local.STACK: local.planned(LocalSettings()),
    copilot.STACK: copilot.planned(CopilotSettings()),
}
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "."}
# What a command makes, and no clone has.
MADE = {"grafana/json"}
TARGETS = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
# Words for what the reader puts there: STACK, NAME:TAG, or {profile} in a hint.
PLACEHOLDER = re.compile(r"[A-Z_:]+|\{.*\}")
NEEDS_A_CHECKOUT = {"temporal_source"}


def command(said: Said) -> Said:
    """The same without what comes before a command's own name, and after its last known word."""
    text = re.sub(r"^(uv run |\.venv/bin/|[A-Z_]+=\S+ )+", "", said.text)
    text = re.sub(r"^python -m tdeploy\b", "tdeploy", text)
    return Said(said.where, re.split(" (?:…|\\.\\.\\.)", text)[0])


IN_DOCUMENTS = [command(said) for document in DOCUMENTS for said in code(document)]
COMMANDS = [*IN_DOCUMENTS, *map(command, code_in_sources())]


def named(said: Said) -> str:
    return f"{said.where} {said.text}"


def starting(*words: str) -> list[Said]:
    """Every command that begins so, once in a line."""
    found = [one for one in COMMANDS if any(f"{one.text} ".startswith(f"{w} ") for w in words)]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for said in links(document):
        if "://" in said.text:
            continue
        file, _, anchor = said.text.partition("#")
        target = (document.parent / file) if file else document
        assert target.exists(), f"{said.where}: {file} is not there"
        if anchor:
            assert anchor in anchors(target), f"{said.where}: no heading #{anchor} in {target.name}"


@pytest.mark.parametrize("said", starting(*PROGRAMS), ids=named)
def test_a_command_of_ours_is_one(said: Said) -> None:
    for stack in CATALOGUES:
        require_known(re.sub(r"(?<= -p )(STACK|\{[^}]*\})", stack, said.text))


@pytest.mark.parametrize("said", starting("make"), ids=named)
def test_a_target_of_make_is_there(said: Said) -> None:
    assert said.text.split()[1] in TARGETS


def test_the_readme_names_every_target_of_make() -> None:
    said = {one.text for one in IN_DOCUMENTS if one.where.startswith("README.md:")}
    assert {f"make {target}" for target in TARGETS} <= said


@pytest.mark.parametrize("said", starting("python -m"), ids=named)
def test_a_module_that_is_run_is_there(said: Said) -> None:
    module = said.text.split()[2]
    found = find_spec(module)
    assert found
    assert not found.submodule_search_locations or find_spec(f"{module}.__main__")


def of_pulumis(*words: str) -> list[Said]:
    """Every command of Pulumi's that begins so, called through `tdeploy` or not."""
    called = starting(*words, *(f"tdeploy {one}" for one in words))
    return [Said(one.where, one.text.removeprefix("tdeploy ")) for one in called]


@pytest.mark.parametrize("said", of_pulumis("pulumi config set", "pulumi config rm"), ids=named)
def test_a_setting_that_is_set_is_one_of_its_stack(said: Said) -> None:
    options = ArgumentParser(exit_on_error=False)
    options.add_argument("-s", dest="stack")
    options.add_argument("--path", action="store_true")
    options.add_argument("--secret", action="store_true")
    options.add_argument("key", nargs="?")
    options.add_argument("value", nargs="?")
    words = options.parse_args(shlex.split(said.text, comments=True)[3:])
    if words.key is None or PLACEHOLDER.fullmatch(words.key):
        return
    assert words.stack, "which stack?"
    if words.stack.startswith("{"):
        # Of a hint that is about some of the stacks only.
        assert any(words.key in {*model.model_fields, *model.secrets} for model in STACKS.values())
        return
    for stack in CATALOGUES if words.stack == "STACK" else (words.stack,):
        model = STACKS[stack]
        field, _, name = words.key.partition(".")
        assert bool(name) == words.path, "--path goes with a key that has parts"
        if words.secret:
            assert words.key in model.secrets, f"{words.key} is no secret of {stack}"
            continue
        assert field in model.model_fields, f"{field} is no setting of {stack}"
        if PLACEHOLDER.fullmatch(name):
            continue
        if name:
            assert name in getattr(CATALOGUES[stack].known, field)
        if words.value and not PLACEHOLDER.search(words.value) and field not in NEEDS_A_CHECKOUT:
            value = parsed(words.value)
            model.model_validate({field: {name: value} if name else value})


@pytest.mark.parametrize("said", of_pulumis("pulumi"), ids=named)
def test_a_stack_that_is_named_is_there(said: Said) -> None:
    stacks = re.findall(r"(?<= -s )\S+", said.text)
    assert all(PLACEHOLDER.fullmatch(one) or one in STACKS for one in stacks)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_file_that_is_named_is_there(document: Path) -> None:
    for said in code(document):
        path = re.fullmatch(r"([\w.-]+)/[\w./-]*", said.text)
        if not path or path[1] not in FOLDERS or said.text in MADE:
            continue
        if not any(PLACEHOLDER.fullmatch(part) for part in Path(said.text).parts):
            assert (ROOT / said.text).exists(), f"{said.where}: {said.text} is not there"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_variable_of_the_copilot_is_one(document: Path) -> None:
    known = {field.validation_alias for field in Settings.model_fields.values()}
    for said in code(document):
        for name in re.findall(r"\bCOPILOT_[A-Z_]+\b", said.text):
            assert name in known, f"{said.where}: {name}"


def test_the_apis_routes_are_those_that_are_told_of() -> None:
    modules = [
        import_module(f"{routes.__name__}.{one.name}") for one in iter_modules(routes.__path__)
    ]
    served = {route.path for module in modules for route in module.router.routes}
    told = {
        document.name: {
            found[1]
            for said in code(document)
            if (found := re.fullmatch(r"(?:GET |POST |curl .*:8081)?(/[a-z/{}]+)", said.text))
        }
        for document in DOCUMENTS
    }
    assert told["api.md"] >= served
    for document, paths in told.items():
        assert paths <= served, document
