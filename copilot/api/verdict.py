"""The newest decision as it holds now: old evidence is no evidence."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from copilot.api.newest import Found
from copilot.api.responses import Verdict
from copilot.explain.explanation import ExplainedBy, Explanation
from copilot.health.decision import Decision, State
from copilot.record import CycleRecord
from copilot.store.rows import StoredAssessment

# Names in a one-line reason; the whole list is in the gates.
NAMED = 3


@dataclass(frozen=True)
class Standing:
    """`record` is the last cycle, if any; `since` is when `verdict.health_state` began.

    `assessment` is how the same evidence was last told.
    """

    verdict: Verdict
    record: CycleRecord | None
    previous: State
    since: datetime | None
    assessment: StoredAssessment | None = None

    @property
    def explanation(self) -> Explanation | None:
        """A model's words on the same evidence, else the template's on this very cycle."""
        if self.assessment and self.assessment.explained_by is not ExplainedBy.RULES:
            return self.assessment.explanation
        return self.record.explanation if self.record else None


def standing(cluster: str, found: Found, now: datetime, unknown_after_seconds: float) -> Standing:
    """What to say of `cluster` at `now`; `unknown_after_seconds` is how long a decision counts."""
    record, beginning = found.record, found.beginning
    if record is None:
        reason = f"no verdict yet: no cycle of {cluster} is stored; is the worker running?"
        return Standing(_verdict(cluster, State.UNKNOWN, reason), None, State.UNKNOWN, None)
    decision = record.decision
    # The worker's clock may be ahead of ours by a moment.
    age = max(0.0, (now - decision.at).total_seconds())
    stale = age > unknown_after_seconds
    if not stale or decision.state is State.UNKNOWN:
        since = beginning.at if beginning else None
        previous = beginning.from_state if beginning else State.UNKNOWN
    else:
        since = decision.at + timedelta(seconds=unknown_after_seconds)
        previous = decision.state
    reason = _stale_reason(decision, age, unknown_after_seconds) if stale else _reason(decision)
    state = State.UNKNOWN if stale else decision.state
    verdict = _verdict(cluster, state, reason, decision, age, stale=stale)
    return Standing(verdict, record, previous, since, found.assessment)


def _stale_reason(decision: Decision, age: float, unknown_after_seconds: float) -> str:
    return (
        f"the last verdict ({decision.state}) is {age:.0f} s old and counts for"
        f" {unknown_after_seconds:g} s; is the worker running?"
    )


def _reason(decision: Decision) -> str:
    """Why the state is what it is, in one line."""
    fired = [f"{g.name} ({g.subject})" if g.subject else g.name for g in decision.fired]
    if fired:
        more = f" and {len(fired) - NAMED} more" if len(fired) > NAMED else ""
        return ", ".join(fired[:NAMED]) + more
    if decision.state is State.UNKNOWN:
        return "not seen: " + ", ".join(cause.name for cause in decision.causes)
    if decision.state is State.HAPPY:
        pace = "; the cluster is idle" if decision.idle else ""
        return f"none of {len(decision.gates)} gates fired{pace}"
    return f"recovering: no gate fires any more, for {decision.memory.clear_run} cycle so far"


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
