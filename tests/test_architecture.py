"""Which packages and parts may import which."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"copilot", "lab", "tools", "tests", "stacks", "components", "grafana", "tdeploy"}
# The packages, parts and modules of this project that a package (or one of its parts) may import.
# A part's rule replaces its package's rule.
MAY_IMPORT = {
    "tools": set[str](),
    "lab": {"copilot.signals.roles", "stacks.jobs.register_namespaces", "tools"},
    "components": set[str](),
    "stacks": {
        "components",
        "copilot.access.settings",
        "copilot.aws_errors",
        "copilot.aws_session",
        "copilot.claude",
        "copilot.setting_groups",
        "copilot.setting_types",
        "copilot.signals.roles",
        "grafana",
    },
    "grafana": {"copilot.clusters", "copilot.errors", "copilot.process", "copilot.signals"},
    # Of the Copilot its types and its corpus, and of the tools Pulumi's command line.
    "tdeploy": {"components", "copilot", "copilot.api", "copilot.knowledge", "stacks", "tools"},
    "copilot": set[str](),
    "copilot.access": set[str](),
    "copilot.clusters": {"copilot.signals.roles"},
    "copilot.signals": {"copilot.access", "copilot.clusters.labels"},
    "copilot.discover": {
        "copilot.access",
        "copilot.clusters",
        "copilot.health",
        "copilot.signals",
    },
    "copilot.health": {"copilot.signals"},
    "copilot.explain": {"copilot.health", "copilot.signals"},
    "copilot.model": {"copilot.explain", "copilot.health", "copilot.signals"},
    "copilot.knowledge": {"copilot.health", "copilot.signals"},
    "copilot.store": {
        "copilot.explain",
        "copilot.health",
        "copilot.model",
        "copilot.signals",
    },
    "copilot.replay": {"copilot.clusters", "copilot.health", "copilot.signals", "copilot.store"},
    "copilot.api": {
        "copilot.clusters",
        "copilot.explain",
        "copilot.health",
        "copilot.knowledge",
        "copilot.model",
        "copilot.signals",
        "copilot.store",
    },
}
PURE = {"copilot.health", "copilot.explain"}
# A pure part has no I/O, clock, environment or randomness.
IMPURE = {"asyncio", "httpx", "os", "pathlib", "psycopg", "random", "socket", "temporalio", "time"}


def modules() -> Iterator[tuple[str, Path]]:
    for package in sorted(PACKAGES - {"tests"}):
        for path in sorted((ROOT / package).rglob("*.py")):
            relative = path.relative_to(ROOT).with_suffix("")
            yield ".".join(part for part in relative.parts if part != "__init__"), path


def imported(path: Path) -> set[str]:
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: use absolute imports"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def part_of(module: str) -> str:
    """The part, such as `copilot.health`, if it has its own rule; else the package."""
    prefix = ".".join(module.split(".")[:2])
    return prefix if prefix in MAY_IMPORT else module.split(".", maxsplit=1)[0]


MODULES = dict(modules())


@pytest.mark.parametrize("module", MODULES)
def test_imports_follow_the_arrows(module: str) -> None:
    part = part_of(module)
    allowed = MAY_IMPORT[part]
    for name in imported(MODULES[module]):
        if name.split(".")[0] not in PACKAGES or name == part or name.startswith(part + "."):
            continue
        known = name.split(".")[0] == part.split(".")[0] and (
            part_of(name) == part.split(".")[0] or "." not in part
        )
        source = name if name in MODULES else name.rpartition(".")[0]
        assert known or {part_of(name), source} & allowed, f"{module} must not import {name}"


@pytest.mark.parametrize("module", [name for name in MODULES if part_of(name) in PURE])
def test_pure_parts_import_nothing_impure(module: str) -> None:
    reached = {name.split(".")[0] for name in imported(MODULES[module])}
    assert not reached & IMPURE
    assert "datetime.datetime" not in imported(MODULES[module])


def test_the_list_of_roles_imports_no_library() -> None:
    assert imported(MODULES["copilot.signals.roles"]) == {"enum.StrEnum"}


def test_the_docker_folder_does_not_hide_the_package_of_that_name() -> None:
    assert not (ROOT / "docker" / "__init__.py").exists()
