"""The look-up of a server: variable, PATH if the version fits, cache, a build with Go."""

import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.waiting import until
from tools.build import ensure
from tools.errors import ToolsError
from tools.servers import CACHE_VARIABLE, PROMETHEUS, SERVERS, TOXIPROXY, Server, find

ROOT = Path(__file__).parents[2]
LIMIT_SECONDS = 180


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without servers: an empty cache, and a PATH with the shell's tools only."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    for server in SERVERS:
        monkeypatch.delenv(server.variable, raising=False)
    return folder


def stub(file: Path, script: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def stub_go(folder: Path, *, before: str = "") -> Path:
    """A fake Go, which writes a binary to the path of `-o` and counts its runs."""
    write = 'while [ "$1" != -o ]; do shift; done; echo half > "$2"'
    finish = 'printf "#!/bin/sh\\n" > "$2"; chmod +x "$2"'
    return stub(folder / "go", f'echo run >> "{folder}/runs"; {write}; {before}\n{finish}')


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text().splitlines())


def silent(_: str) -> None:
    """A Progress without output."""


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_every_server_is_pinned_to_an_exact_version(server: Server) -> None:
    assert server.version.count(".") == 2
    assert (server.go_folder / "go.sum").exists()


def test_the_variable_wins_over_path_and_cache(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = stub(tmp_path / "mine", "exit 0")
    stub(path / "toxiproxy-server", f"echo version {TOXIPROXY.version}")
    stub(TOXIPROXY.cached, "exit 0")
    monkeypatch.setenv(TOXIPROXY.variable, str(chosen))
    assert find(TOXIPROXY) == chosen


@pytest.mark.parametrize("wrong", ["absent", "folder", "plain"])
def test_a_variable_must_name_an_executable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain").write_text("not executable")
    monkeypatch.setenv(TOXIPROXY.variable, str(tmp_path / wrong))
    with pytest.raises(ToolsError, match=rf"{TOXIPROXY.variable}=.*{wrong}.*not an executable"):
        find(TOXIPROXY)


def test_path_is_used_if_the_version_fits(path: Path) -> None:
    stub(TOXIPROXY.cached, "exit 0")
    installed = stub(path / "toxiproxy-server", f"echo toxiproxy version {TOXIPROXY.version}")
    assert find(TOXIPROXY) == installed


@pytest.mark.parametrize("answer", ["echo toxiproxy version 2.1.4", "echo git", "exit 1"])
def test_another_version_on_path_is_not_used(path: Path, answer: str) -> None:
    stub(path / "toxiproxy-server", answer)
    assert find(TOXIPROXY) is None
    cached = stub(TOXIPROXY.cached, "exit 0")
    assert find(TOXIPROXY) == cached


@pytest.mark.parametrize(
    ("version", "is_used"), [("2.45.0", True), ("3.2.1", True), ("2.42.0", False)]
)
def test_a_prometheus_of_the_distribution_is_used_if_it_is_not_too_old(
    path: Path, version: str, *, is_used: bool
) -> None:
    installed = stub(path / "prometheus", f"echo prometheus, version {version}")
    assert find(PROMETHEUS) == (installed if is_used else None)


def test_a_build_is_made_once_and_found_again(path: Path) -> None:
    stub_go(path)
    built = ensure(TOXIPROXY, silent)
    assert os.access(built, os.X_OK)
    assert find(TOXIPROXY) == built
    assert ensure(TOXIPROXY, silent) == built
    assert runs(path) == 1


def test_two_builders_at_once_build_once(path: Path) -> None:
    # The first build goes on when the second one waits for it.
    stub_go(path, before='while [ ! -e "$0.go-on" ]; do sleep 0.1; done')
    waits = threading.Event()

    def note(text: str) -> None:
        if text.startswith("waiting for another build"):
            waits.set()

    with ThreadPoolExecutor(2) as pool:
        builds = [pool.submit(ensure, TOXIPROXY, note) for _ in range(2)]
        is_noted = waits.wait(LIMIT_SECONDS)
        (path / "go.go-on").touch()
        assert len({build.result(LIMIT_SECONDS) for build in builds}) == 1
    assert is_noted
    assert runs(path) == 1


def test_progress_shows_what_is_built_and_the_usual_time(path: Path) -> None:
    stub_go(path)
    progress: list[str] = []
    ensure(TOXIPROXY, progress.append)
    step = f"building toxiproxy {TOXIPROXY.version} (usually 0.3 min on 2 cores)"
    assert re.fullmatch(rf"{re.escape(step)}, 0:\d\d", progress[0])


def test_a_failed_build_is_one_line_and_leaves_nothing(path: Path) -> None:
    stub_go(path, before="echo noise; echo 'x.go:1: no such thing' >&2; exit 1")
    with pytest.raises(
        ToolsError, match=r"building toxiproxy .* failed: .*no such thing"
    ) as caught:
        ensure(TOXIPROXY, silent)
    assert "\n" not in str(caught.value)
    assert left_in_cache() == []


def test_without_go_it_exits_with_2_in_one_line() -> None:
    result = tools("build", "toxiproxy")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "install Go 1." in result.stderr
    assert TOXIPROXY.variable in result.stderr


def test_a_cache_that_cannot_be_written_is_an_error(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub_go(path)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(ToolsError, match=rf"cannot write .*file.*{CACHE_VARIABLE}"):
        ensure(TOXIPROXY, silent)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_build_leaves_nothing_broken(path: Path, sign: signal.Signals) -> None:
    stub_go(path, before='echo $$ > "$0.pid"; exec sleep 900')
    with subprocess.Popen(
        [sys.executable, "-m", "tools", "build", "toxiproxy"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as builder:
        compiler = wait_for_number(path / "go.pid")
        builder.send_signal(sign)
        assert builder.wait(LIMIT_SECONDS) != 0
    if sign == signal.SIGKILL:
        # Nothing ended the compiler; its unfinished file is not used.
        os.kill(compiler, signal.SIGKILL)
    else:
        assert left_in_cache() == []
    assert find(TOXIPROXY) is None
    stub_go(path)
    assert os.access(ensure(TOXIPROXY, silent), os.X_OK)
    assert left_in_cache() == [TOXIPROXY.cached]


def test_where_shows_missing_servers(tmp_path: Path) -> None:
    cached = stub(TOXIPROXY.cached, "exit 0")
    result = tools("where", "--json")
    assert result.returncode == 1
    assert f'"toxiproxy": "{cached}"' in result.stdout
    assert '"temporal-server": null' in result.stdout
    assert str(tmp_path) in result.stdout


def test_an_unknown_server_exits_with_2() -> None:
    result = tools("build", "postgresql")
    assert result.returncode == 2
    assert "there is no server postgresql: choose from temporal-server" in result.stderr


def tools(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


def left_in_cache() -> list[Path]:
    return [file for file in TOXIPROXY.cached.parent.iterdir() if file.suffix != ".lock"]


def wait_for_number(file: Path) -> int:
    text = until(
        lambda: file.exists() and file.read_text().strip(), LIMIT_SECONDS, f"{file} exists"
    )
    return int(text)
