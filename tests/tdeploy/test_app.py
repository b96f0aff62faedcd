"""The command as a whole: help, imports, usage errors, defects, a clone without its project."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tdeploy.app import MODULES
from tests.engine.project import ROOT
from tests.tdeploy.command import Tdeploy
from tests.tdeploy.conftest import Clone

# Imported by the commands that need it only, or `--help` would be slow.
HEAVY = {"boto3", "docker", "grpc", "pulumi", "pulumi_aws", "pydantic", "requests", "rich"}
# Times the CPU seconds of importing typer, for a machine of any speed; usually 1.4.
HELP_CPU = 3
_RUNS = 3


@pytest.fixture
def tdeploy() -> Tdeploy:
    """The command in this repository, for what changes nothing."""
    return Tdeploy(ROOT, {**os.environ, "COLUMNS": "100"})


def imported(code: str) -> set[str]:
    """The modules that Python has loaded after some code."""
    process = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules, file=sys.stderr)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(process.stderr.split())


def cpu_seconds(run: Callable[[], object]) -> float:
    """The least CPU seconds of some runs: on a busy machine a process waits for its turn."""
    usages = [resource.getrusage(resource.RUSAGE_CHILDREN)]
    for _ in range(_RUNS):
        run()
        usages.append(resource.getrusage(resource.RUSAGE_CHILDREN))
    return min(
        after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        for before, after in pairwise(usages)
    )


def test_help_is_quick_and_lists_every_command(tdeploy: Tdeploy) -> None:
    shown = tdeploy("--help")
    assert cpu_seconds(lambda: tdeploy("--help")) < HELP_CPU * cpu_seconds(
        lambda: imported("import typer")
    )
    assert shown.exit_code == 0
    lines = shown.stdout.partition("Commands:")[2].split("\n")[1:]
    listed = dict(line.split(maxsplit=1) for line in lines if line)
    assert listed.keys() == MODULES.keys()
    assert all(listed.values())


def test_the_list_of_commands_imports_none_of_them() -> None:
    modules = imported(
        "from tdeploy.app import command\n"
        "try: command().main(['--help'], prog_name='tdeploy')\n"
        "except SystemExit: pass"
    )
    assert not HEAVY & modules
    assert not modules & set(MODULES.values())


def test_help_of_a_command_imports_only_that_command() -> None:
    modules = imported(
        "from tdeploy.app import command\n"
        "try: command().main(['env', '--help'], prog_name='tdeploy')\n"
        "except SystemExit: pass"
    )
    assert modules & set(MODULES.values()) == {MODULES["env"]}
    assert not {"boto3", "pulumi_aws"} & modules


def test_a_usage_error_names_the_option_or_a_similar_command(tdeploy: Tdeploy) -> None:
    option = tdeploy("services", "logs", "--tail", "many")
    assert option.exit_code == 2
    assert "Traceback" not in option.stderr
    assert "--tail" in option.stderr
    command = tdeploy("statis")
    assert command.exit_code == 2
    assert "'status'" in command.stderr


def test_a_defect_has_a_traceback_and_no_answer(fresh: Clone) -> None:
    module = fresh.world.folder / "tdeploy" / "doctor.py"
    text = module.read_text(encoding="utf-8")
    line = "    checks: list[Check] = []\n"
    assert line in text
    module.write_text(text.replace(line, f'    raise RuntimeError("a defect")\n{line}'))
    ended = fresh.tdeploy("doctor", "-p", "local")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "Traceback (most recent call last)" in ended.stderr
    assert ended.stderr.endswith("RuntimeError: a defect\n")


def test_another_program_than_pulumi_is_refused(fresh: Clone, tmp_path: Path) -> None:
    old = tmp_path / "old-pulumi"
    old.write_text("#!/bin/sh\necho v3.100.0\n")
    old.chmod(0o755)
    for path in ("/nowhere/pulumi", str(old)):
        refused = fresh.tdeploy("env", PULUMI_BIN=path)
        assert refused.exit_code == 2
        assert f"PULUMI_BIN={path}" in refused.error


def test_outside_a_clone_every_command_is_refused(fresh: Clone) -> None:
    (fresh.world.folder / "Pulumi.yaml").unlink()
    refused = fresh.tdeploy("env")
    assert refused.exit_code == 2
    assert "Pulumi.yaml" in refused.error
