"""The shell completes `tdeploy`, by the script that it installs itself, and nothing else."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tdeploy.profile import CONTAINER_STACKS
from tests.engine.project import ROOT
from tests.tdeploy.command import Tdeploy

_PATH = "/usr/bin:/bin"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A new user's home, with the command as pip installs it in `bin`."""
    command = tmp_path / "bin" / "tdeploy"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\nfrom tdeploy.app import main\n\nmain()\n")
    command.chmod(0o755)
    return tmp_path


def bash(home: Path, script: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A script in a bash that finds the command."""
    variables = {"HOME": str(home), "PATH": f"{home}/bin:{_PATH}", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        # The last command would take the shell's place, and be asked for the shell that it is in.
        ["/bin/bash", "-c", f"{script}\nexit $?"],
        cwd=home,
        env={**variables, **more},
        capture_output=True,
        text=True,
        check=False,
    )


def offered(home: Path, line: str, **more: str) -> list[str]:
    """What bash offers after a line."""
    words = [*shlex.split(line), *([""] if line.endswith(" ") else [])]
    script = (
        f"source ~/.bashrc\nCOMP_WORDS=({shlex.join(words)})\nCOMP_CWORD={len(words) - 1}\n"
        '_tdeploy_completion tdeploy\nprintf "%s\\n" "${COMPREPLY[@]}"'
    )
    found = bash(home, script, **more)
    assert not found.stderr
    return found.stdout.split()


@pytest.mark.parametrize(
    "called", ["tdeploy", f"{sys.executable} -m tdeploy"], ids=["command", "module"]
)
def test_the_script_completes_the_command_and_never_python(home: Path, called: str) -> None:
    done = bash(home, f"{called} --install-completion")
    assert done.returncode == 0, done.stderr
    registered = bash(home, "source ~/.bashrc; complete -p").stdout.splitlines()
    assert registered == ["complete -o default -F _tdeploy_completion tdeploy"]
    assert offered(home, "tdeploy services re") == ["restart"]


@pytest.mark.parametrize("option", ["--install-completion", "--show-completion"])
@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({"PATH": _PATH}, id="no command"),
        pytest.param({"UV_RUN_RECURSION_DEPTH": "1"}, id="by uv run"),
    ],
)
def test_without_a_command_of_the_shell_there_is_nothing_to_complete(
    home: Path, option: str, variables: dict[str, str]
) -> None:
    path = f"{home}/bin:{_PATH}"
    tdeploy = Tdeploy(ROOT, {**os.environ, "HOME": str(home), "PATH": path, **variables})
    refused = tdeploy(option)
    assert (refused.exit_code, refused.answer) == (2, "")
    assert "run `uv sync`, then `source .venv/bin/activate`" in refused.error
    assert [path.name for path in home.iterdir()] == ["bin"]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("tdeploy status -p ", ["copilot", "local"]),
        ("tdeploy down --profile l", ["local"]),
        ("tdeploy services restart -p local p", ["postgresql"]),
        ("tdeploy services restart copilot-t", ["copilot-temporal"]),
        ("tdeploy services logs -p local mimir", ["mimir", "mimir-ready"]),
        ("tdeploy services ps -p wrong elastic", ["elasticsearch"]),
    ],
)
def test_profiles_and_the_services_of_each_are_offered(
    home: Path, line: str, names: list[str]
) -> None:
    bash(home, "tdeploy --install-completion")
    # Nobody is asked: no Docker, no AWS, no Pulumi.
    said = offered(home, line, DOCKER_HOST="unix:///nowhere/docker.sock", PULUMI_BIN="/nowhere")
    assert sorted(said) == names


def test_the_profile_of_the_environment_says_whose_services(home: Path) -> None:
    bash(home, "tdeploy --install-completion")
    assert offered(home, "tdeploy services ps po", TDEPLOY_PROFILE="local") == ["postgresql"]
    assert offered(home, "tdeploy services ps po") == []


@pytest.mark.parametrize("profile", CONTAINER_STACKS)
def test_a_plan_does_not_wait_for_the_sdk_of_aws(profile: str) -> None:
    code = (
        "import sys; from tdeploy.catalogue import planned, plain_settings as plain;"
        f" planned({profile!r}, plain({profile!r}));"
        " print(*{name.split('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"boto3", "pulumi_aws"} & set(loaded.stdout.split())
