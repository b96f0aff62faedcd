"""What the store keeps of one cycle."""

from uuid import NAMESPACE_URL, UUID, uuid5

from copilot.explain.assessment import Assessment
from copilot.explain.explanation import Explanation
from copilot.health.decision import Decision
from copilot.signals.snapshot import Frozen, Snapshot


class CycleRecord(Frozen):
    """A decision, what it was made from, and its prose, which is kept for long if `assessment`."""

    run_id: str  # of the first run in the Observe workflow's chain
    decision: Decision
    snapshot: Snapshot
    explanation: Explanation
    assessment: Assessment | None = None

    @property
    def key(self) -> UUID:
        """Storing the same cycle twice stores it once."""
        decision = self.decision
        return uuid5(NAMESPACE_URL, f"copilot/{decision.cluster}/{self.run_id}/{decision.cycle}")
