"""`python -m copilot discover` on a real server: the file that it writes is one that judges."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from copilot.check import check
from copilot.clusters.file import read_cluster
from copilot.settings import Settings
from tests.copilot.signals.backfilled_prometheus import running_prometheus
from tests.copilot.signals.conftest import build_prometheus
from tests.lab.servers import require_servers
from tests.lab.styled_servers import dev_server
from tests.ports import free_port
from tests.waiting import until

SCRAPE_SECONDS = 2
WITHIN_SECONDS = 300
COMMAND_SECONDS = 300


def discover(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("COPILOT_")
    }
    return subprocess.run(
        [sys.executable, "-m", "copilot", "discover", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
    )


def scrapes(job: str, targets: Sequence[str]) -> str:
    every = {"scrape_interval": f"{SCRAPE_SECONDS}s", "scrape_timeout": f"{SCRAPE_SECONDS}s"}
    jobs = [{"job_name": job, "static_configs": [{"targets": [*targets]}]}]
    return json.dumps({"global": every, "scrape_configs": jobs})


async def test_one_server_and_one_prometheus(tmp_path: Path) -> None:
    """As in a compose file; without a question, and with the frontend's own facts."""
    require_servers()
    build_prometheus()
    file = tmp_path / "clusters" / "temporal.yaml"
    with (
        dev_server(tmp_path) as (frontend, metrics),
        running_prometheus(scrapes("temporal", [metrics]), tmp_path) as url,
    ):

        def proposed() -> bool:
            file.unlink(missing_ok=True)
            ended = discover(
                "--metrics", url, "--frontend", frontend, "--output", f"{tmp_path}/clusters/"
            )
            assert "Traceback" not in ended.stderr
            return ended.returncode == 0

        until(proposed, WITHIN_SECONDS, "the server can be judged")
        cluster = read_cluster(file)
        assert cluster.monitored_address == frontend
        assert cluster.monitored_namespaces == ("default",)
        assert "# sure: its metrics have version" in file.read_text()
        settings = Settings.model_validate(
            {"COPILOT_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/copilot"}
        ).model_copy(update=dict(cluster))
        findings = [finding async for finding in check(settings)]
        assert {finding.state for finding in findings} == {"ok"}, findings
        again = discover("--metrics", url, "--output", str(file))
        assert (again.returncode, len(again.stderr.splitlines())) == (2, 1)
        (as_fields,) = json.loads(discover("--metrics", url, "--json").stdout)
    keys = {key["key"]: key for key in as_fields["keys"]}
    assert keys["monitored_address"]["sureness"] == "guess"
    assert keys["labels.matcher"]["value"] == 'job="temporal"'


def test_a_store_that_does_not_answer_is_one_line() -> None:
    ended = discover("--metrics", f"http://127.0.0.1:{free_port()}")
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert not ended.stdout
