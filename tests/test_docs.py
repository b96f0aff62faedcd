"""Links, commands, settings, make targets and files in documents and hints exist."""

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
from copilot.settings import variables
from stacks.catalogue.by_stack import fullest_catalogue
from stacks.catalogue.catalogue import Catalogue
from stacks.configuration import parsed
from stacks.registry import CONTAINER_STACKS, STACKS
from tests.command_lines import PROGRAMS, require_known
from tests.documents import DOCUMENTS, ROOT, Mention, anchors, code, code_in_sources, links

CATALOGUES: Mapping[str, Catalogue] = {
    stack: fullest_catalogue(settings) for stack, settings in CONTAINER_STACKS.items()
}
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "."}
# Created by a command, and in no clone.
CREATED = {"grafana/json"}
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
# To be replaced by the reader: STACK, NAME:TAG, or {profile} in a hint.
PLACEHOLDER = re.compile(r"[A-Z_:]+|\{.*\}")
NEEDS_A_CHECKOUT = {"temporal_source"}


def command(mention: Mention) -> Mention:
    """The command without a prefix such as `uv run`, and without `…` and what follows it."""
    text = re.sub(r"^(uv run |\.venv/bin/|[A-Z_]+=\S+ )+", "", mention.text)
    text = re.sub(r"^python -m tdeploy\b", "tdeploy", text)
    return Mention(mention.where, re.split(" (?:…|\\.\\.\\.)", text)[0])


IN_DOCUMENTS = [command(mention) for document in DOCUMENTS for mention in code(document)]
COMMANDS = [*IN_DOCUMENTS, *map(command, code_in_sources())]


def label(mention: Mention) -> str:
    return f"{mention.where} {mention.text}"


def starting(*words: str) -> list[Mention]:
    """Every command that begins with these words, once for each line."""
    found = [one for one in COMMANDS if any(f"{one.text} ".startswith(f"{w} ") for w in words)]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_has_a_target(document: Path) -> None:
    for mention in links(document):
        if "://" in mention.text:
            continue
        file, _, anchor = mention.text.partition("#")
        target = (document.parent / file) if file else document
        assert target.exists(), f"{mention.where}: {file} does not exist"
        if anchor:
            assert anchor in anchors(target), (
                f"{mention.where}: no heading #{anchor} in {target.name}"
            )


@pytest.mark.parametrize("mention", starting(*PROGRAMS), ids=label)
def test_our_commands_parse(mention: Mention) -> None:
    for stack in CATALOGUES:
        require_known(re.sub(r"(?<= -p )(STACK|\{[^}]*\})", stack, mention.text))


@pytest.mark.parametrize("mention", starting("make"), ids=label)
def test_make_targets_exist(mention: Mention) -> None:
    assert mention.text.split()[1] in TARGETS


def test_contributing_names_every_target_of_make() -> None:
    commands = {one.text for one in IN_DOCUMENTS if one.where.startswith("CONTRIBUTING.md:")}
    assert {f"make {target}" for target in TARGETS} <= commands


@pytest.mark.parametrize("mention", starting("python -m"), ids=label)
def test_modules_that_are_run_exist(mention: Mention) -> None:
    module = mention.text.split()[2]
    found = find_spec(module)
    assert found
    assert not found.submodule_search_locations or find_spec(f"{module}.__main__")


def pulumi_commands(*words: str) -> list[Mention]:
    """Every command of Pulumi that begins with these words, through `tdeploy` or not."""
    called = starting(*words, *(f"tdeploy {one}" for one in words))
    return [Mention(one.where, one.text.removeprefix("tdeploy ")) for one in called]


@pytest.mark.parametrize(
    "mention", pulumi_commands("pulumi config set", "pulumi config rm"), ids=label
)
def test_settings_belong_to_their_stack(mention: Mention) -> None:
    options = ArgumentParser(exit_on_error=False)
    options.add_argument("-s", dest="stack")
    options.add_argument("--path", action="store_true")
    options.add_argument("--secret", action="store_true")
    options.add_argument("key", nargs="?")
    options.add_argument("value", nargs="?")
    words = options.parse_args(shlex.split(mention.text, comments=True)[3:])
    if words.key is None or PLACEHOLDER.fullmatch(words.key):
        return
    assert words.stack, "which stack?"
    if words.key.startswith("docker:"):
        return  # a setting of the provider, which no model has
    if words.stack.startswith("{"):
        # A hint for some of the stacks.
        models = [one.settings for one in STACKS.values()]
        assert any(words.key in {*model.model_fields, *model.secrets} for model in models)
        return
    for stack in CATALOGUES if words.stack == "STACK" else (words.stack,):
        model = STACKS[stack].settings
        field, _, name = words.key.partition(".")
        assert bool(name) == words.path, "--path goes with a key that has parts"
        if words.secret:
            assert words.key in model.secrets, f"{words.key} is not a secret of {stack}"
            continue
        assert field in model.model_fields, f"{field} is not a setting of {stack}"
        if PLACEHOLDER.fullmatch(name):
            continue
        if name and hasattr(CATALOGUES[stack].overridable, field):
            assert name in getattr(CATALOGUES[stack].overridable, field)
        if words.value and not PLACEHOLDER.search(words.value) and field not in NEEDS_A_CHECKOUT:
            value = parsed(words.value)
            model.model_validate({field: {name: value} if name else value})


@pytest.mark.parametrize("mention", pulumi_commands("pulumi"), ids=label)
def test_stacks_exist(mention: Mention) -> None:
    stacks = re.findall(r"(?<= -s )\S+", mention.text)
    assert all(PLACEHOLDER.fullmatch(one) or one in STACKS for one in stacks)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_exist(document: Path) -> None:
    for mention in code(document):
        path = re.fullmatch(r"([\w.-]+)/[\w./-]*", mention.text)
        if not path or path[1] not in FOLDERS or mention.text in CREATED:
            continue
        if not any(PLACEHOLDER.fullmatch(part) for part in Path(mention.text).parts):
            assert (ROOT / mention.text).exists(), f"{mention.where}: {mention.text} does not exist"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_variables_of_the_copilot_exist(document: Path) -> None:
    known = variables()
    for mention in code(document):
        for name in re.findall(r"\bCOPILOT_[A-Z_]+\b", mention.text):
            is_start = name.endswith("_") and any(one.startswith(name) for one in known)
            assert name in known or is_start, f"{mention.where}: {name}"


def test_the_documents_name_the_apis_routes() -> None:
    modules = [
        import_module(f"{routes.__name__}.{one.name}") for one in iter_modules(routes.__path__)
    ]
    served = {route.path for module in modules for route in module.router.routes}
    documented = {
        document.name: {
            found[1]
            for mention in code(document)
            if (found := re.fullmatch(r"(?:GET |POST |curl .*:8081)?(/[a-z/{}]+)", mention.text))
        }
        for document in DOCUMENTS
    }
    assert documented["api.md"] >= served
    for document, paths in documented.items():
        assert paths <= served, document
