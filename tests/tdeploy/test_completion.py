"""Shell completion of `tdeploy`, with the script that it installs."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.project import ROOT
from tests.tdeploy.command import Tdeploy

_PATH = "/usr/bin:/bin"


def _home(folder: Path) -> Path:
    command = folder / "bin" / "tdeploy"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\nfrom tdeploy.app import main\n\nmain()\n")
    command.chmod(0o755)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home folder, with the command in `bin` as pip installs it."""
    return _home(tmp_path)


@pytest.fixture(scope="module")
def home_with_completion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder in which completion is installed."""
    home = _home(tmp_path_factory.mktemp("home"))
    assert bash(home, "tdeploy --install-completion").returncode == 0
    return home


def bash(home: Path, script: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a bash with the command on PATH."""
    variables = {"HOME": str(home), "PATH": f"{home}/bin:{_PATH}", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        # Without the `exit`, bash replaces itself by the last command, which looks for its shell.
        ["/bin/bash", "-c", f"{script}\nexit $?"],
        cwd=home,
        env={**variables, **more},
        capture_output=True,
        text=True,
        check=False,
    )


def offered(home: Path, line: str, **more: str) -> list[str]:
    """The completions that bash offers after a line."""
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
def test_completion_needs_a_command_on_the_path_of_the_shell(
    home: Path, option: str, variables: dict[str, str]
) -> None:
    path = f"{home}/bin:{_PATH}"
    tdeploy = Tdeploy(ROOT, {**os.environ, "HOME": str(home), "PATH": path, **variables})
    refused = tdeploy(option)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "`source .venv/bin/activate`" in refused.error
    assert [path.name for path in home.iterdir()] == ["bin"]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("tdeploy status -p ", ["copilot", "local", "watch"]),
        ("tdeploy down --profile l", ["local"]),
        ("tdeploy services restart -p local p", ["postgresql"]),
        ("tdeploy services restart copilot-t", ["copilot-temporal"]),
        ("tdeploy services logs -p local mimir", ["mimir", "mimir-ready"]),
        ("tdeploy services ps -p wrong elastic", ["elasticsearch"]),
    ],
)
def test_profiles_and_their_services_are_offered(
    home_with_completion: Path, line: str, names: list[str]
) -> None:
    # Without Docker, AWS and Pulumi.
    unavailable = {"DOCKER_HOST": "unix:///nowhere/docker.sock", "PULUMI_BIN": "/nowhere"}
    assert sorted(offered(home_with_completion, line, **unavailable)) == names


def test_the_profile_of_the_environment_is_used(home_with_completion: Path) -> None:
    line = "tdeploy services ps po"
    assert offered(home_with_completion, line, TDEPLOY_PROFILE="local") == ["postgresql"]


def test_completion_does_not_import_the_sdk_of_aws() -> None:
    code = "import sys; import tdeploy.services; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"boto3", "pulumi_aws"} & set(loaded.stdout.split())
