"""Keep one loop running for each cluster that this worker knows."""

import asyncio
import logging

from temporalio.client import Client

from copilot.activities.sources import MonitoredClusters
from copilot.errors import TemporalError
from copilot.settings import Settings
from copilot.worker.temporal import start_loop

log = logging.getLogger(__name__)

# Cycles between two checks of a loop that was started: only a person ends one.
CHECK_EVERY = 10


async def keep_loops(client: Client, settings: Settings, clusters: MonitoredClusters) -> None:
    """Read the clusters once a cycle, and start the loops that do not run.

    The loop of a cluster that is not described any more ends by itself. The starts are spread
    over a cycle, so that the cycles of all clusters do not begin at the same time.

    Raises TemporalError where no loop can be started at first; later it is logged.
    """
    checked: dict[str, int] = {}
    turn = 0
    while True:
        names = clusters.names
        checked = {name: last for name, last in checked.items() if name in names}
        pause = settings.cycle_seconds / max(1, len(names))
        for name in names:
            if name in checked and turn - checked[name] < CHECK_EVERY:
                continue
            try:
                started = await start_loop(client, settings, name, configure=name not in checked)
            except TemporalError as error:
                if not checked:
                    raise
                log.warning("%s", error)
                continue
            checked[name] = turn
            if started and name != names[-1]:
                await asyncio.sleep(pause)
        await asyncio.sleep(settings.cycle_seconds)
        await clusters.refresh()
        turn += 1
