"""What became of one trial in the eyes of one judge. Times are seconds of Unix time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from lab.fault import Fault
from tests.bench.alarms import Alarm

# Alerts of one evaluation of the rules have nearly the same moment.
_TOGETHER_SECONDS = 1.0
SERIOUS = ("stressed", "critical")


@dataclass(frozen=True)
class Trial:
    """One fault or control: when it began, until when it was held, and when the next one began.

    Between `released` and `healed` a process that was killed starts again. `load` is the machine's
    load average of a minute when it began.
    """

    name: str
    began: float
    released: float
    healed: float
    ended: float
    load: float

    @property
    def held(self) -> float:
        return self.released - self.began


Counts = Callable[[Alarm], bool]
"""Whether an alarm reports a fault."""


@dataclass(frozen=True)
class Detection:
    """A fault in the eyes of one judge. Durations are in seconds.

    `detected` is None for a fault that was not found while it was held; `due` is when a condition
    that was true then becomes an alert at the earliest. `cleared` counts from healing; it is None
    without an alarm, and for one that lasted until the next trial. `named` is the first cause
    named, and `is_right` whether it is the fault's.
    """

    fault: str
    judge: str
    held: float
    load: float
    detected: float | None
    due: float | None
    cleared: float | None
    named: str
    is_right: bool
    is_quiet: bool
    """Whether it had no alarm when the fault was healed, as for a healthy cluster."""

    @classmethod
    def of(
        cls, trial: Trial, fault: Fault, judge: str, alarms: Sequence[Alarm], counts: Counts
    ) -> Self:
        """`alarms` are all of the judge. Those that began before the fault are not of it."""
        since = [a for a in alarms if counts(a) and a.pending >= trial.began]
        begun = [a for a in since if a.pending < trial.released]
        fired = [a for a in begun if a.fired is not None and a.fired < trial.released]
        first = _earliest(fired or begun)
        right = [alarm for alarm in first if points_to(alarm.cause, fault)]
        active = [a for a in alarms if counts(a) and _is_active(a, trial.released, trial.released)]
        return cls(
            fault=fault.name,
            judge=judge,
            held=round(trial.held, 1),
            load=round(trial.load, 2),
            detected=_after(trial.began, fired),
            due=_after(trial.began, begun),
            cleared=_cleared(trial, [a for a in since if a.fired]) if fired else None,
            named=(right or first)[0].cause if first else "",
            is_right=bool(right),
            is_quiet=not active,
        )


@dataclass(frozen=True)
class Quiet:
    """A control in the eyes of one judge: the alarms that it had and should not have had.

    `blind` are the seconds in which it had no view, which is no alarm.
    """

    control: str
    judge: str
    held: float
    load: float
    false_alarms: tuple[str, ...]
    blind: float

    @classmethod
    def of(cls, trial: Trial, judge: str, alarms: Sequence[Alarm], grace: float = 0.0) -> Self:
        """With `grace` the control follows a fault, of which an alarm may be left for so long;
        otherwise alarms that began before the control are not of it.
        """
        judged = trial.began + grace
        false = [
            alarm
            for alarm in alarms
            if alarm.name != "unknown"
            and (grace or alarm.pending >= trial.began)
            and _is_active(alarm, trial.began if alarm.name == "critical" else judged, trial.ended)
        ]
        blind = [a for a in alarms if a.name == "unknown" and a.pending >= trial.began]
        return cls(
            control=trial.name,
            judge=judge,
            held=round(trial.held, 1),
            load=round(trial.load, 2),
            false_alarms=tuple(dict.fromkeys(f"{a.name}: {a.cause}" for a in false)),
            blind=round(sum(_duration(alarm, trial.ended) for alarm in blind), 1),
        )


def points_to(cause: str, fault: Fault) -> bool:
    """Whether a cause, such as "queue default/orders", is the fault's."""
    kind, _, name = cause.partition(" ")
    return kind in fault.cause_kinds and name.endswith(fault.cause_name)


def states_that_report(fault: Fault) -> tuple[str, ...]:
    """The Copilot's states that report it: `unknown` for blindness, else `stressed` or worse."""
    return ("unknown",) if fault.verdict == "unknown" else SERIOUS


def _is_active(alarm: Alarm, begin: float, end: float) -> bool:
    """Whether an alarm fired by `end`, and had not ended at `begin`."""
    if alarm.fired is None or alarm.fired > end:
        return False
    return alarm.ended is None or alarm.ended > begin


def _earliest(alarms: Sequence[Alarm]) -> list[Alarm]:
    """Those that are due first; several may be due together."""
    first = min((alarm.due for alarm in alarms), default=0.0)
    return [alarm for alarm in alarms if alarm.due <= first + _TOGETHER_SECONDS]


def _after(begin: float, alarms: Sequence[Alarm]) -> float | None:
    return round(min(a.due for a in alarms) - begin, 1) if alarms else None


def _cleared(trial: Trial, fired: Sequence[Alarm]) -> float | None:
    """The end of the last alarm; one that follows another belongs to the same fault."""
    ends = [alarm.ended for alarm in fired if alarm.fired and alarm.fired < trial.ended]
    known = [end for end in ends if end is not None and end <= trial.ended]
    if len(known) < len(ends):
        return None
    return round(max(0.0, max(known) - trial.healed), 1)


def _duration(alarm: Alarm, end: float) -> float:
    return max(0.0, min(alarm.ended or end, end) - alarm.pending)
