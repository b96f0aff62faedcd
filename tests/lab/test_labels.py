"""Two real servers in one Prometheus, without a label `cluster`; each has all roles."""

import json
from pathlib import Path

from copilot.check import check
from copilot.finding import Finding
from copilot.settings import Settings
from copilot.signals.roles import Role
from tests.copilot.signals.backfilled_prometheus import running_prometheus
from tests.copilot.signals.conftest import build_prometheus
from tests.lab.servers import require_servers
from tests.lab.styled_servers import dev_server
from tests.waiting import until_async

SCRAPE = 2
WITHIN_SECONDS = 300


async def test_a_matcher_of_one_job_reads_one_server_and_one_of_both_is_refused(
    tmp_path: Path,
) -> None:
    require_servers()
    build_prometheus()
    folders = tmp_path / "first", tmp_path / "second"
    for folder in folders:
        folder.mkdir()
    with dev_server(folders[0]) as (frontend, first), dev_server(folders[1]) as (_, second):
        jobs = [
            {"job_name": name, "static_configs": [{"targets": [metrics]}]}
            for name, metrics in (("first", first), ("second", second))
        ]
        every = {"scrape_interval": f"{SCRAPE}s", "scrape_timeout": f"{SCRAPE}s"}
        configuration = json.dumps({"global": every, "scrape_configs": jobs})
        with running_prometheus(configuration, tmp_path) as url:

            async def read_well() -> dict[str, Finding] | None:
                found = await findings(url, frontend, 'job="first"')
                return found if {one.state for one in found.values()} == {"ok"} else None

            one = await until_async(read_well, WITHIN_SECONDS, "all of the first server is read")

            async def read_both() -> dict[str, Finding] | None:
                found = await findings(url, frontend, 'job=~"first|second"')
                has_both = found["roles"].finding.endswith(_of_each_role(2))
                return found if has_both and found["signals"].state == "wrong" else None

            both = await until_async(read_both, WITHIN_SECONDS, "both servers are read and refused")
    assert one
    assert one["roles"].finding.endswith(_of_each_role(1))
    assert both
    assert "own 2 history shards" in both["signals"].finding


def _of_each_role(count: int) -> str:
    return ", ".join(f"{role} {count}" for role in Role)


async def findings(url: str, frontend: str, matcher: str) -> dict[str, Finding]:
    settings = Settings.model_validate(
        {
            "COPILOT_LABELS": {"MATCHER": matcher},
            "COPILOT_SCRAPE_SECONDS": SCRAPE,
            "COPILOT_SHORT_WINDOW_SECONDS": 10,
            "COPILOT_LONG_WINDOW_SECONDS": 30,
            "PROMETHEUS_ENDPOINT": url,
            "MONITORED_TEMPORAL_ADDRESS": frontend,
        }
    )
    return {one.name: one async for one in check(settings)}
