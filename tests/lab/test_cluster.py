"""A real lab: it starts, shows its status, survives a kill of everything, and leaves nothing."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from lab.cluster import Lab
from lab.errors import LabError
from lab.faults import FAULTS
from lab.ports import Published
from lab.state import State, locked
from tests.lab.servers import require_servers
from tests.lab.watch import RANK, query
from tests.waiting import until

ROOT = Path(__file__).parents[2]
LIMIT_SECONDS = 240
# Later than any scrape, with scrapes every 2 s.
OLD_SECONDS = 6


@pytest.fixture
def new_lab() -> Iterator[Lab]:
    """A lab that is not up, for tests that break one.

    Not in a folder of pytest: another run of pytest closes those to PostgreSQL's user.
    """
    require_servers()
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        lab = Lab(Path(folder) / "lab", ports="free", scrape_seconds=2)
        yield lab
        if lab.folder.is_dir():
            lab.down(delete=True)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


def processes_of(lab: Lab) -> list[psutil.Process]:
    """Return every process of the lab, with children."""
    records = [record.process() for record in lab.state.processes.values()]
    found = [process for process in records if process]
    return found + [child for process in found for child in process.children(recursive=True)]


class TestRunning:
    """On the session's lab, which is not changed."""

    @pytest.mark.parametrize("address", ["MONITORED_TEMPORAL_ADDRESS", "TEMPORAL_ADDRESS"])
    async def test_workflows_can_start_in_both_clusters(self, lab: Lab, address: str) -> None:
        client = await Client.connect(lab.environment()[address])
        started = await client.start_workflow(
            "None", id=f"try-{address}", task_queue="try", result_type=str
        )
        assert (await started.describe()).status == WorkflowExecutionStatus.RUNNING
        await started.terminate()

    def test_prometheus_sees_every_service(self, lab: Lab) -> None:
        jobs = {"temporal-frontend", "temporal-history", "temporal-matching", "temporal-worker"}
        monitored, up = 'up{cluster="monitored",job!="lab-load"}', dict.fromkeys(jobs, 1.0)
        until(lambda: query(lab, monitored) == up, LIMIT_SECONDS, "the monitored cluster is up")
        own = 'up{job="copilot-temporal"} == 1'
        until(lambda: query(lab, own), LIMIT_SECONDS, "the Copilot's Temporal is up")
        expected = {"copilot-temporal", "copilot-worker", "copilot-api"}
        every = 'up{cluster="copilot"}'
        until(lambda: query(lab, every).keys() == expected, LIMIT_SECONDS, "all parts are scraped")

    def test_metrics_have_the_names_that_the_copilot_reads(self, lab: Lab) -> None:
        names = ("state_transition_count_ratio_count", "persistence_latency_milliseconds_bucket")
        every = " and on() ".join(f"count({name})" for name in names)
        until(lambda: query(lab, every), LIMIT_SECONDS, f"{names} are exported")

    def test_the_copilots_store_is_an_empty_database(self, lab: Lab) -> None:
        with psycopg.connect(lab.environment()["COPILOT_DATABASE_URL"]) as connection:
            assert connection.info.dbname == "copilot"

    def test_the_database_requires_its_password(self, lab: Lab) -> None:
        port = lab.state.inner.postgres
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"postgresql://postgres:guess@127.0.0.1:{port}/copilot")
        assert (lab.folder / "state.json").stat().st_mode & 0o077 == 0

    def test_both_uis_serve_their_page(self, lab: Lab) -> None:
        urls = lab.status().urls
        for name in ("temporal-ui", "copilot-temporal-ui"):
            assert httpx.get(urls[name], trust_env=False, timeout=LIMIT_SECONDS).is_success

    def test_a_second_up_changes_nothing(self, lab: Lab) -> None:
        before = {process.pid for process in processes_of(lab)}
        result = run("up", "--folder", str(lab.folder))
        assert result.returncode == 0, result.stderr
        assert "already up" in result.stdout
        assert lab.status().urls["temporal-ui"] in result.stdout
        assert {record.pid for record in lab.state.processes.values()} <= before

    def test_status_shows_each_process_and_exits_with_0(self, lab: Lab) -> None:
        result = run("status", "--json", "--folder", str(lab.folder))
        assert result.returncode == 0, result.stderr
        status = json.loads(result.stdout)
        shown = {process["name"]: process for process in status["processes"]}
        assert shown["temporal-frontend"]["state"] == "running"
        assert shown["temporal-frontend"]["ports"][0] == lab.state.published.frontend
        assert shown["postgres"]["rss_mib"] > 1
        assert shown["copilot-api"]["state"] == "stopped"
        assert status["faults"] == []
        assert "temporal-history" in run("status", "--folder", str(lab.folder)).stdout

    def test_one_command_at_a_time(self, lab: Lab) -> None:
        with locked(lab.folder):
            result = run("down", "--folder", str(lab.folder))
        assert result.returncode == 2
        assert f"is held by process {os.getpid()}" in result.stderr
        assert result.stderr.count("\n") == 1


class TestFaults:
    """What each fault does to the session's lab. Its verdict is tested in verdicts/."""

    @pytest.mark.parametrize("role", ["frontend", "history", "matching", "worker"])
    def test_a_killed_service_stays_down_until_it_is_healed(self, lab: Lab, role: str) -> None:
        process = f"temporal-{role}"
        fault = f"kill-{role}"
        lab.inject(fault)
        lab.inject(fault)
        status = lab.status()
        assert status.faults == (fault,)
        assert status.up, "a fault keeps the process down"
        up = f'up{{job="{process}"}}'
        until(lambda: query(lab, up) == {process: 0.0}, LIMIT_SECONDS, "scraped as down")
        assert not lab.up(), "up does not heal faults"
        assert process not in lab.state.running
        lab.heal(fault)
        lab.heal(fault)
        until(lambda: query(lab, up) == {process: 1.0}, LIMIT_SECONDS, "scraped as up")
        assert lab.status().faults == ()

    def test_another_process_can_inject_and_heal(self, lab: Lab) -> None:
        assert run("inject", "kill-matching", "--folder", str(lab.folder)).returncode == 0
        assert "temporal-matching" not in lab.state.running
        assert lab.status().faults == ("kill-matching",)
        assert run("heal", "kill-matching", "--folder", str(lab.folder)).returncode == 0
        assert "temporal-matching" in lab.state.running

    def test_the_database_of_the_monitored_cluster_alone_is_cut_off(self, lab: Lab) -> None:
        lab.inject("database-down")
        lab.inject("database-down")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(proxied(lab), connect_timeout=60)
        psycopg.connect(lab.environment()["COPILOT_DATABASE_URL"]).close()
        lab.heal("database-down")
        lab.heal("database-down")
        psycopg.connect(proxied(lab), connect_timeout=60).close()

    def test_each_response_of_a_slow_database_comes_200_ms_later(self, lab: Lab) -> None:
        with psycopg.connect(proxied(lab), autocommit=True) as connection:
            lab.inject("slow-database")
            lab.inject("slow-database")
            assert round_trip(connection) >= 0.2
            lab.heal("slow-database")
            until(lambda: round_trip(connection) < 0.2, LIMIT_SECONDS, "responses come at once")

    def test_without_scrapes_prometheus_answers_with_old_samples(self, lab: Lab) -> None:
        lab.inject("stop-scrape")
        # A busy Prometheus may be late with a scrape of the other cluster, too.
        until(
            lambda: is_old(lab, "temporal-history") and not is_old(lab, "copilot-temporal"),
            LIMIT_SECONDS,
            "samples of the monitored cluster alone are old",
        )
        lab.heal("stop-scrape")
        until(lambda: not is_old(lab, "temporal-history"), LIMIT_SECONDS, "samples are new")

    def test_stopped_metrics_refuse_and_come_back(self, lab: Lab) -> None:
        lab.inject("stop-metrics")
        with pytest.raises(httpx.ConnectError):
            query(lab, "up")
        lab.inject("stop-scrape")
        lab.heal("stop-metrics")
        until(lambda: not is_old(lab, "copilot-temporal"), LIMIT_SECONDS, "Prometheus scrapes")
        until(lambda: is_old(lab, "temporal-history"), LIMIT_SECONDS, "the other fault stays")
        lab.heal("stop-scrape")
        until(lambda: not is_old(lab, "temporal-history"), LIMIT_SECONDS, "samples are new")

    @pytest.mark.parametrize(
        ("fault", "field", "value"),
        [
            ("stop-workers", "stopped_queues", ["*"]),
            ("abandon-queue", "abandoned_queues", ["order-fulfilment"]),
            ("abandoned-version", "abandoned_version", True),
            ("failing-workflows", "failure_ratio", 0.5),
        ],
    )
    def test_faults_of_the_load_are_written_to_its_control_file(
        self, lab: Lab, fault: str, field: str, value: object
    ) -> None:
        lab.spike(3)
        lab.inject(fault)
        control = json.loads(lab.control_file.read_text())
        assert control[field] == value
        assert control["rate_factor"] == 3
        lab.heal(fault)
        lab.spike(1)
        assert not json.loads(lab.control_file.read_text())[field]

    def test_an_unknown_fault_is_one_clear_line(self, lab: Lab) -> None:
        result = run("inject", "nonsense", "--folder", str(lab.folder))
        assert result.returncode == 2
        assert result.stderr.startswith("error: there is no fault nonsense: choose from kill-front")
        assert result.stderr.count("\n") == 1

    def test_faults_are_listed_with_what_is_expected(self) -> None:
        listed = json.loads(run("faults", "--json").stdout)
        assert [fault["name"] for fault in listed] == list(FAULTS)
        assert {fault["verdict"] for fault in listed} == {*RANK, "unknown"}


def is_old(lab: Lab, job: str) -> bool:
    """Whether the last scrape of `job` is older than any late scrape."""
    return query(lab, f'time() - timestamp(up{{job="{job}"}})')[job] > OLD_SECONDS


def proxied(lab: Lab) -> str:
    """URL of a database behind the proxy."""
    state = lab.state
    url = lab.environment()["COPILOT_DATABASE_URL"]
    return url.replace(f":{state.inner.postgres}/", f":{state.inner.database_proxy}/")


def round_trip(connection: psycopg.Connection) -> float:
    begin = time.monotonic()
    connection.execute("SELECT 1")
    return time.monotonic() - begin


class TestBreaking:
    """On separate labs."""

    async def test_everything_killed_comes_back_with_its_data(self, new_lab: Lab) -> None:
        assert new_lab.up()
        client = await Client.connect(new_lab.frontend_address)
        await client.start_workflow("None", id="kept", task_queue="kept")
        old = processes_of(new_lab)
        for process in old:
            # PostgreSQL's backends end with its first process.
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(old, timeout=LIMIT_SECONDS)
        assert run("status", "--folder", str(new_lab.folder)).returncode == 1

        assert new_lab.up()
        client = await Client.connect(new_lab.frontend_address)
        kept = await client.get_workflow_handle("kept").describe()
        assert kept.status == WorkflowExecutionStatus.RUNNING

        # Only a process that died without a fault is restarted.
        before = new_lab.state.processes
        os.kill(before["temporal-matching"].pid, signal.SIGKILL)
        until(
            lambda: "temporal-matching" not in running(new_lab), LIMIT_SECONDS, "matching is down"
        )
        assert not new_lab.status().up
        assert new_lab.up()
        changed = {n for n, r in new_lab.state.processes.items() if r.pid != before[n].pid}
        assert changed == {"temporal-matching"}

        new = processes_of(new_lab)
        begin = time.monotonic()
        new_lab.down()
        assert time.monotonic() - begin < LIMIT_SECONDS
        assert [process for process in new if is_alive(process)] == []
        assert (new_lab.folder / "postgres").exists()
        new_lab.down(delete=True)
        assert not new_lab.folder.exists()

    def test_an_interrupted_first_start_leaves_nothing_and_the_next_one_works(
        self, new_lab: Lab
    ) -> None:
        def begin_start() -> subprocess.Popen[bytes]:
            command = ["up", "--ports", "free", "--folder", str(new_lab.folder)]
            starting = subprocess.Popen(
                [sys.executable, "-m", "lab", *command],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            until(lambda: "postgres" in running(new_lab), LIMIT_SECONDS, "PostgreSQL starts")
            return starting

        with begin_start() as starting:
            old = processes_of(new_lab)
            starting.send_signal(signal.SIGINT)
            assert starting.wait(LIMIT_SECONDS) != 0
        assert [process for process in old if is_alive(process)] == []
        assert running(new_lab) == set()

        with begin_start() as starting:
            starting.kill()
        assert "postgres" in running(new_lab)
        assert new_lab.up()
        assert new_lab.status().up

    def test_a_process_that_does_not_start_ends_the_others(
        self, new_lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        broken = tmp_path / "broken"
        broken.write_text("#!/bin/sh\necho this is not Toxiproxy\nexit 3\n")
        broken.chmod(0o755)
        monkeypatch.setenv("TOXIPROXY_BIN", str(broken))
        with pytest.raises(
            LabError, match=r"database-proxy ended while starting, see .*: this is not Toxiproxy$"
        ):
            new_lab.up()
        assert running(new_lab) == set()

    def test_a_taken_port_is_named_before_anything_starts(
        self, new_lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            published = Published.free().model_copy(update={"temporal_ui": port})
            monkeypatch.setattr(Published, "free", lambda: published)
            with pytest.raises(LabError) as caught:
                new_lab.up()
        holder = f"{psutil.Process().name()} (process {os.getpid()})"
        assert str(caught.value).startswith(
            f"port {port}, which temporal-ui needs, is taken by {holder}: "
        )
        assert running(new_lab) == set()

    def test_a_folder_that_cannot_be_written_is_one_clear_line(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        result = run("up", "--folder", str(tmp_path / "file" / "lab"))
        assert result.returncode == 2
        assert result.stderr.startswith("error: cannot write ")
        assert result.stderr.count("\n") == 1

    @pytest.mark.parametrize("command", [["status"], ["inject", "kill-history"], ["load"]])
    def test_commands_without_a_lab_exit_with_2(self, tmp_path: Path, command: list[str]) -> None:
        result = run(*command, "--folder", str(tmp_path / "none"))
        assert result.returncode == 2
        assert "start one with `python -m lab up`" in result.stderr
        assert result.stderr.count("\n") == 1


def running(lab: Lab) -> set[str]:
    state = State.read(lab.folder)
    return set(state.running) if state else set()


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
