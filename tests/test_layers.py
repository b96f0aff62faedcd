"""`python -m tests`: no test is in no layer or in two, a failure hides nothing, Ctrl-C ends all."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests import __main__ as tests
from tests.__main__ import ROOT, main
from tests.layers import LAYERS, Layer, arguments
from tests.tools.test_servers import stub
from tests.waiting import until
from tools.servers import CACHE_VARIABLE, TOXIPROXY

LIMIT_SECONDS = 300


@pytest.fixture(autouse=True)
def without_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The layers here need no plugin of pytest, whose import takes two seconds of CPU time."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def files(layer: Layer) -> set[Path]:
    """The test files of a layer, by pytest's rule for --ignore."""
    words = arguments(layer)
    ignored = [ROOT / word.removeprefix("--ignore=") for word in words if word.startswith("--")]
    found = set[Path]()
    for path in layer.paths:
        top = ROOT / path
        found |= {top} if top.is_file() else set(top.rglob("test_*.py"))
    return {file for file in found if not any(file.is_relative_to(path) for path in ignored)}


def test_every_test_file_is_in_one_layer() -> None:
    in_layers = sorted(file for layer in LAYERS for file in files(layer))
    assert in_layers == sorted((ROOT / "tests").rglob("test_*.py"))


def layer(folder: Path, name: str, body: str) -> Layer:
    """One test with this body."""
    file = folder / f"test_{name}.py"
    imports = "import os, time\nfrom tests.waiting import until"
    file.write_text(f"{imports}\ndef test_{name}():\n    {body}\n")
    return Layer(name, (str(file),))


def test_a_failed_layer_hides_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bodies = {"wrong": "assert False", "slow": "time.sleep(0.3)", "dead": "os._exit(3)", "fine": ""}
    assert main([layer(tmp_path, name, body or "pass") for name, body in bodies.items()]) == 1
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    outcomes = {line[0]: line[1] for line in lines if line and line[0] in bodies and line[1:]}
    assert outcomes == {"wrong": "failed", "slow": "passed", "dead": "failed", "fine": "passed"}
    slowest = next(line for line in lines if "::" in "".join(line) and "FAILED" not in line)
    assert slowest[-1].endswith("::test_slow")


def test_layers_with_limits_on_time_run_one_at_a_time(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    body = f"os.mkdir({str(lock)!r}); time.sleep(0.3); os.rmdir({str(lock)!r})"
    layers = [layer(tmp_path, name, body) for name in ("one", "two", "three")]
    assert main([replace(one, is_timed=True) for one in layers]) == 0


def test_one_layer_a_cpu_runs_the_timed_one_among_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tests, "CONCURRENT", 3)
    met = tmp_path / "met"
    met.mkdir()
    awaited = f"until(lambda: len(os.listdir({str(met)!r})) == 3, {LIMIT_SECONDS}, 'all run')"
    timed, *others = (
        layer(tmp_path, name, f"os.mkdir({str(met / name)!r}); {awaited}")
        for name in ("timed", "one", "two")
    )
    assert main([replace(timed, is_timed=True), *others]) == 0


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without servers, and the file of the program that would build them."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(TOXIPROXY.variable, raising=False)
    return folder / "go"


def test_a_layer_starts_when_its_servers_are_built_and_others_before(
    tmp_path: Path, go: Path
) -> None:
    go_on = tmp_path / "go-on"
    stub(
        go,
        f"n=0; until [ -e {go_on} ]; do sleep 0.1; n=$((n+1)); [ $n -lt {10 * LIMIT_SECONDS} ]"
        ' || exit 1; done; while [ "$1" != -o ]; do shift; done; cp /bin/true "$2"',
    )
    served = layer(tmp_path, "served", f"assert os.access({str(TOXIPROXY.cached)!r}, os.X_OK)")
    other = layer(tmp_path, "other", f"os.mkdir({str(go_on)!r})")
    assert main([replace(served, servers=(TOXIPROXY,)), other]) == 0


def test_a_server_that_cannot_be_built_keeps_no_layer_back(tmp_path: Path, go: Path) -> None:
    stub(go, "exit 1")
    served = layer(tmp_path, "served", "assert True")
    assert main([replace(served, servers=(TOXIPROXY,))]) == 0


def still_runs(process: psutil.Process) -> bool:
    """A process that was not waited for by its parent, which has ended too, does not run."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_every_child(tmp_path: Path, number: signal.Signals) -> None:
    child = f"import subprocess; subprocess.run(['sleep', '{3 * LIMIT_SECONDS}'])"
    layers = tuple(layer(tmp_path, name, child) for name in ("one", "two"))
    program = (
        "import typer; from tests import __main__ as tests; from tests.layers import Layer;"
        f"tests.LAYERS = {layers}; typer.run(tests.command)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) as running:
        process = psutil.Process(running.pid)

        def sleeping() -> list[psutil.Process]:
            below = process.children(recursive=True)
            return below if [one.name() for one in below].count("sleep") == 2 else []

        try:
            below = until(sleeping, LIMIT_SECONDS, "both tests run")
        finally:
            running.send_signal(number)
        assert running.wait(LIMIT_SECONDS) == 130
    until(lambda: not any(map(still_runs, below)), LIMIT_SECONDS, "every child has ended")
