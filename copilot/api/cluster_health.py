"""The health of a cluster now: the last verdict, or unknown when it is old."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from copilot.api.latest_cycle import LatestCycle
from copilot.api.verdict import Verdict
from copilot.explain.explanation import ExplainedBy, Explanation
from copilot.health.decision import Decision, State
from copilot.store.records import CycleRecord, StoredAssessment

# Names in a one-line reason; the route /status/gates has all.
MAX_NAMES = 3


@dataclass(frozen=True)
class ClusterHealth:
    """`record` is the last cycle, if any; `since` is when `verdict.health_state` began.

    `assessment` is the last one of the same evidence.
    """

    verdict: Verdict
    record: CycleRecord | None
    previous_state: State
    since: datetime | None
    assessment: StoredAssessment | None = None

    @property
    def model_assessment(self) -> StoredAssessment | None:
        """The assessment, if it has a model's reading."""
        found = self.assessment
        return found if found and found.explained_by is not ExplainedBy.RULES else None

    @property
    def explanation(self) -> Explanation | None:
        """The rules' summary of this cycle, with a model's reading of the same evidence."""
        if self.record is None or self.model_assessment is None:
            return self.record.explanation if self.record else None
        summary = self.record.explanation.summary
        return self.model_assessment.explanation.model_copy(update={"summary": summary})


def determine_health(
    cluster: str, latest: LatestCycle, now: datetime, unknown_after_seconds: float, stale_hint: str
) -> ClusterHealth:
    """The health at `now`; a decision counts for `unknown_after_seconds`.

    `stale_hint` says why there may be no new one.
    """
    record, state_start = latest.record, latest.state_start
    if record is None:
        reason = f"no verdict yet: no cycle of {cluster} is stored; {stale_hint}"
        return ClusterHealth(_verdict(cluster, State.UNKNOWN, reason), None, State.UNKNOWN, None)
    decision = record.decision
    # The worker's clock may be slightly ahead.
    age = max(0.0, (now - decision.at).total_seconds())
    stale = age > unknown_after_seconds
    if not stale or decision.state is State.UNKNOWN:
        since = state_start.at if state_start else None
        previous = state_start.from_state if state_start else State.UNKNOWN
    else:
        since = decision.at + timedelta(seconds=unknown_after_seconds)
        previous = decision.state
    reason = _reason(decision)
    if stale:
        reason = stale_reason(decision.state, age, unknown_after_seconds, stale_hint)
    state = State.UNKNOWN if stale else decision.state
    verdict = _verdict(cluster, state, reason, decision, age, stale=stale)
    return ClusterHealth(verdict, record, previous, since, latest.assessment)


def stale_reason(state: State, age: float, unknown_after_seconds: float, hint: str) -> str:
    """Why the last verdict does not count any more; ages are seconds."""
    return (
        f"the last verdict ({state}) is {age:.0f} s old and counts for"
        f" {unknown_after_seconds:g} s; {hint}"
    )


def _reason(decision: Decision) -> str:
    """Why the state is what it is, in one line."""
    fired = [f"{g.name} ({g.subject})" if g.subject else g.name for g in decision.fired]
    if fired:
        more = f" and {len(fired) - MAX_NAMES} more" if len(fired) > MAX_NAMES else ""
        return ", ".join(fired[:MAX_NAMES]) + more
    if decision.state is State.UNKNOWN:
        return "no data from: " + ", ".join(cause.name for cause in decision.causes)
    if decision.state is State.HAPPY:
        idle = "; the cluster is idle" if decision.idle else ""
        return f"none of {len(decision.gates)} rules fired{idle}"
    return f"recovering: no gate has fired for {decision.memory.clear_run} cycle"


def _verdict(
    cluster: str,
    state: State,
    reason: str,
    decision: Decision | None = None,
    age: float | None = None,
    *,
    stale: bool = False,
) -> Verdict:
    return Verdict(
        cluster=cluster,
        health_state=state,
        reason=reason,
        timestamp=decision.at if decision else None,
        data_age_seconds=None if age is None else round(age, 3),
        cycle=decision.cycle if decision else None,
        stale=stale,
    )
