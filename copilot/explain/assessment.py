"""When a decision is assessed: told in words that are kept, and perhaps by a model."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256

from copilot.health.decision import Decision, State
from copilot.signals.log_patterns import LogSeverity
from copilot.signals.snapshot import Frozen, UtcDatetime

# What was told once is not told again so soon, unless something changed.
QUIET = timedelta(minutes=30)
# A model that failed may answer now; the loop, and nobody else, asks again.
RETRY = timedelta(minutes=5)
# Gates of so many names at once hang together in a way that is worth a deep look.
DEEP_GATES = 3
# A day and night of flapping, at most.
REMEMBERED = 50


class Trigger(StrEnum):
    STATE_CHANGE = "state_change"
    EVIDENCE_CHANGE = "evidence_change"
    STILL_UNWELL = "still_unwell"
    LOG_PATTERN = "log_pattern"


class Depth(StrEnum):
    """Which model is asked. `NONE`: the template is all there is to say."""

    NONE = "none"
    QUICK = "quick"
    DEEP = "deep"


class Assessment(Frozen):
    """That a cycle is assessed, and why; its first words are the template's of that cycle."""

    trigger: Trigger
    fingerprint: str
    depth: Depth


class Assessed(Frozen):
    """Evidence that was assessed, and when it may be again though nothing changed."""

    fingerprint: str
    due_at: UtcDatetime


def fingerprint(decision: Decision) -> str:
    """Equal for decisions that say the same: state, band, fired gates, causes, log patterns."""
    parts = [
        decision.state,
        decision.band or "",
        *sorted({f"gate {gate.name} {gate.subject} {gate.severity}" for gate in decision.fired}),
        *sorted(f"cause {cause.kind} {cause.name}" for cause in decision.causes),
        *sorted({f"log {pattern}" for pattern in _alarming(decision)}),
    ]
    return sha256("\n".join(parts).encode()).hexdigest()[:32]


def due(decision: Decision, assessed: Sequence[Assessed], *, has_model: bool) -> Assessment | None:
    """The assessment that this decision calls for, None where all of it was said already."""
    print_of_this = fingerprint(decision)
    known = next((one for one in assessed if one.fingerprint == print_of_this), None)
    is_said = known is not None and decision.at < known.due_at
    trigger = _trigger(decision, is_known=known is not None, is_said=is_said)
    if trigger is None:
        return None
    # What a model said of the same evidence a moment ago still holds.
    depth = Depth.NONE if is_said or not has_model else _depth(decision)
    return Assessment(trigger=trigger, fingerprint=print_of_this, depth=depth)


def remember(
    assessed: Sequence[Assessed], print_of_this: str, at: UtcDatetime
) -> tuple[Assessed, ...]:
    """`assessed` once that evidence was told `at` that time.

    What was told and not asked about a moment ago is due as before: else a cluster that flaps
    would put off the next question for ever.
    """
    if any(one.fingerprint == print_of_this and at < one.due_at for one in assessed):
        return tuple(assessed)
    return postpone(assessed, print_of_this, at + QUIET)


def postpone(
    assessed: Sequence[Assessed], print_of_this: str, due_at: UtcDatetime
) -> tuple[Assessed, ...]:
    """`assessed` with that evidence due at another time."""
    others = tuple(one for one in assessed if one.fingerprint != print_of_this)
    return (*others, Assessed(fingerprint=print_of_this, due_at=due_at))[-REMEMBERED:]


def _trigger(decision: Decision, *, is_known: bool, is_said: bool) -> Trigger | None:
    if decision.changed:
        return Trigger.STATE_CHANGE
    if is_said:
        return None
    if decision.state is State.HAPPY:
        return Trigger.LOG_PATTERN if _has_critical_pattern(decision) else None
    return Trigger.STILL_UNWELL if is_known else Trigger.EVIDENCE_CHANGE


def _depth(decision: Decision) -> Depth:
    """A rule, not a model, says how deep to look: not at all where all is well, or unseen."""
    names = {gate.name for gate in decision.fired}
    if not names or decision.state not in (State.STRESSED, State.CRITICAL):
        return Depth.NONE
    if decision.state is State.CRITICAL or len(names) >= DEEP_GATES:
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
