"""What the canary costs: CPU of the Copilot's worker and of the server, and rows a day."""

import time

from lab.cluster import Lab
from tests.bench.figure import Figure
from tests.bench.running import Report, running
from tests.lab.watch import query

NAMES = ("copilot-worker", "temporal-frontend", "temporal-history", "temporal-matching")
SECONDS = 90
_QUIET_SECONDS = 30
_DAY_SECONDS = 86_400
_ROWS = f'sum(rate(workflow_success_total{{namespace="copilot-canary"}}[{SECONDS}s]))'


def measure(report: Report) -> list[Figure]:
    """On an idle cluster: with the canary, and without it."""
    with running() as copilot:
        lab = copilot.lab
        lab.stop_load()
        copilot.watch.cycles(1, within=120)
        with_canary = _share(lab)
        started = query(lab, _ROWS).get("", 0.0)
        lab.stop_copilot()
        lab.start_copilot({"COPILOT_CANARY": "off"})
        time.sleep(_QUIET_SECONDS)
        without = _share(lab)
        report(f"CPU with the canary {with_canary:.1f} %, without {without:.1f} % of a core")
        return [
            Figure("the canary, in percent of a core", with_canary - without, "%", 2),
            Figure("the canary's workflows in a day", started * _DAY_SECONDS, "", 40_000),
        ]


def _share(lab: Lab) -> float:
    """CPU time of the processes, in percent of a core."""
    found = [record.process() for name, record in lab.state.running.items() if name in NAMES]
    processes = [process for process in found if process]
    assert len(processes) == len(NAMES)
    before = [sum(process.cpu_times()[:2]) for process in processes]
    begin = time.monotonic()
    time.sleep(SECONDS)
    spent = sum(
        sum(process.cpu_times()[:2]) - earlier
        for process, earlier in zip(processes, before, strict=True)
    )
    return 100 * spent / (time.monotonic() - begin)
