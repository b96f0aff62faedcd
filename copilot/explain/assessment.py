"""Which decisions are assessed, that is, stored with their explanation, and with which model."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256

from copilot.health.decision import Decision, State
from copilot.signals.log_patterns import LogSeverity
from copilot.signals.reading import Frozen, UtcDatetime

# The same evidence is not assessed again earlier.
QUIET = timedelta(minutes=30)
# After a failure of the model; only the Observe workflow retries.
RETRY = timedelta(minutes=5)
# How many different rules have to fire for the deep model.
DEEP_RULES = 3
# About a day of a flapping cluster.
REMEMBERED = 50


class Trigger(StrEnum):
    STATE_CHANGE = "state_change"
    EVIDENCE_CHANGE = "evidence_change"
    STILL_UNWELL = "still_unwell"
    LOG_PATTERN = "log_pattern"


class Depth(StrEnum):
    """Which model reads the evidence, if any."""

    NONE = "none"
    QUICK = "quick"
    DEEP = "deep"


class Assessment(Frozen):
    """That a cycle is assessed, why, and with which model."""

    trigger: Trigger
    fingerprint: str
    depth: Depth


class Assessed(Frozen):
    """Evidence that was assessed, and when the same evidence is due again."""

    fingerprint: str
    due_at: UtcDatetime


def fingerprint(decision: Decision) -> str:
    """Equal if state, scale tier, fired rules, causes and log patterns are equal."""
    parts = [
        decision.state,
        decision.band or "",
        *sorted({f"gate {rule.name} {rule.subject} {rule.severity}" for rule in decision.fired}),
        *sorted(f"cause {cause.kind} {cause.name}" for cause in decision.causes),
        *sorted({f"log {pattern}" for pattern in _alarming(decision)}),
    ]
    return sha256("\n".join(parts).encode()).hexdigest()[:32]


def due(decision: Decision, assessed: Sequence[Assessed], *, has_model: bool) -> Assessment | None:
    """The assessment of this decision; None if its evidence is not due yet."""
    evidence = fingerprint(decision)
    known = next((one for one in assessed if one.fingerprint == evidence), None)
    is_recent = known is not None and decision.at < known.due_at
    trigger = _trigger(decision, is_known=known is not None, is_recent=is_recent)
    if trigger is None:
        return None
    # A recent reading of the same evidence still holds.
    depth = Depth.NONE if is_recent or not has_model else _depth(decision)
    return Assessment(trigger=trigger, fingerprint=evidence, depth=depth)


def remember(assessed: Sequence[Assessed], evidence: str, at: UtcDatetime) -> tuple[Assessed, ...]:
    """`assessed` with the evidence of that fingerprint, assessed at `at`.

    Recent evidence stays due at its time: a flapping cluster would postpone it for ever.
    """
    if any(one.fingerprint == evidence and at < one.due_at for one in assessed):
        return tuple(assessed)
    return postpone(assessed, evidence, at + QUIET)


def postpone(
    assessed: Sequence[Assessed], evidence: str, due_at: UtcDatetime
) -> tuple[Assessed, ...]:
    """`assessed` with the evidence of that fingerprint due at `due_at`."""
    others = tuple(one for one in assessed if one.fingerprint != evidence)
    return (*others, Assessed(fingerprint=evidence, due_at=due_at))[-REMEMBERED:]


def _trigger(decision: Decision, *, is_known: bool, is_recent: bool) -> Trigger | None:
    if decision.changed:
        return Trigger.STATE_CHANGE
    if is_recent:
        return None
    if decision.state is State.HAPPY:
        return Trigger.LOG_PATTERN if _has_critical_pattern(decision) else None
    return Trigger.STILL_UNWELL if is_known else Trigger.EVIDENCE_CHANGE


def _depth(decision: Decision) -> Depth:
    names = {rule.name for rule in decision.fired}
    if not names or decision.state not in (State.STRESSED, State.CRITICAL):
        return Depth.NONE
    if decision.state is State.CRITICAL or len(names) >= DEEP_RULES:
        return Depth.DEEP
    return Depth.QUICK


def _alarming(decision: Decision) -> set[str]:
    return {
        pattern.name
        for pattern in decision.log_patterns
        if pattern.severity is not LogSeverity.INFO
    }


def _has_critical_pattern(decision: Decision) -> bool:
    return any(pattern.severity is LogSeverity.CRITICAL for pattern in decision.log_patterns)
