"""The clusters that the API reports, as they are described now."""

import asyncio
from time import monotonic

from fastapi.exceptions import RequestValidationError

from copilot.clusters.configured import ReadClusters
from copilot.clusters.folder import Clusters

# A cycle takes 30 s.
FRESH_SECONDS = 5.0
# Names in a one-line reason.
MAX_NAMES = 5


class DescribedClusters:
    """Reads the descriptions at most every 5 s, once for all requests."""

    def __init__(self, read: ReadClusters) -> None:
        self._read = read
        self._reading = asyncio.Lock()
        self._found = Clusters({})
        self._read_at: float | None = None

    async def now(self) -> Clusters:
        """The clusters, and what is wrong with their files."""
        async with self._reading:
            if self._read_at is None or monotonic() - self._read_at > FRESH_SECONDS:
                self._found = await asyncio.to_thread(self._read)
                self._read_at = monotonic()
            return self._found

    async def names(self) -> tuple[str, ...]:
        """All names, also of clusters that only a wrong file describes."""
        found = await self.now()
        wrong = (problem.cluster for problem in found.problems if problem.cluster)
        return tuple(sorted({*found.by_name, *wrong}))

    async def only(self) -> str:
        """The name of the only cluster. Raises RequestValidationError where there are others."""
        names = await self.names()
        if len(names) == 1:
            return names[0]
        more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
        message = f"is required, one of: {', '.join(names[:MAX_NAMES])}{more}; see /clusters"
        if not names:
            message = "no cluster is described; see /clusters"
        raise RequestValidationError(
            [{"type": "value_error", "loc": ("query", "cluster"), "msg": message}]
        )

    async def stale_hint(self, cluster: str) -> str:
        """Why the cluster may have no new verdict, as the end of a sentence."""
        found = await self.now()
        problems = [one.text for one in found.problems if one.cluster == cluster]
        if cluster in found.by_name:
            return "is the worker running?"
        return problems[0] if problems else "it is not monitored any more"
