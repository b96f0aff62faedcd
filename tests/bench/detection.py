"""Faults and controls on one lab at the default cadence, before three judges side by side: the
Copilot, ordinary alert rules, and alert rules after public descriptions of others.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from lab.errors import LabError
from lab.fault import Fault
from lab.faults import FAULTS
from tests.bench.alarms import Alarm, alarms_of_states
from tests.bench.controls import controls
from tests.bench.course import Course
from tests.bench.figure import Figure
from tests.bench.follower import following
from tests.bench.outcome import Detection, Quiet, states_that_report
from tests.bench.rival_rules import alarms_of_rivals, load_rules
from tests.bench.running import RATE, Report, running
from tests.bench.summary import HARD, OURS

STORED_SECONDS = 5
PROMPT_TOKENS = 6000
_SETTLED_CYCLES = 3


@dataclass(frozen=True)
class Results:
    """What every judge made of every trial, and figures of the Copilot's explanations.

    `problem` ended the trials early.
    """

    detections: tuple[Detection, ...] = ()
    quiets: tuple[Quiet, ...] = ()
    figures: tuple[Figure, ...] = ()
    problem: str = ""


def names() -> list[str]:
    """What can be selected: `hard`, every fault that this lab can have, and every control."""
    return ["hard", *(fault.name for fault in _faults()), *(c.name for c in controls(RATE))]


def measure(report: Report, repeat: int, hold: float, selected: Collection[str]) -> Results:
    """Try what is selected, by default everything, and the hard faults `repeat` times.

    What was tried until an interruption or a failure of the lab is reported.
    """
    wanted = {*selected, *(HARD if "hard" in selected else ())} or set(names())
    faults = [fault for fault in _faults() if fault.name in wanted]
    again = [fault for fault in faults if fault.name in HARD] * (repeat - 1)
    with running(histories=2) as copilot, following(copilot.watch.url) as follower:
        load_rules(copilot.lab)
        copilot.watch.cycles(_SETTLED_CYCLES, within=180)
        course = Course(copilot.lab, follower, report)
        begin, problem = time.time(), ""
        try:
            for control in controls(RATE):
                if control.name in wanted:
                    course.watch(control)
            for fault in (*faults, *again):
                course.inject(fault, hold)
        except KeyboardInterrupt:
            problem = "interrupted"
        except LabError as error:
            problem = str(error)
        alarms = {OURS: alarms_of_states(follower.seen)}
        alarms |= alarms_of_rivals(copilot.lab, begin, time.time())
        return _results(course, alarms, problem)


def _faults() -> list[Fault]:
    """Those that change the verdict, on a lab with visibility in the database; hard ones first."""
    found = [f for f in FAULTS.values() if f.verdict != "happy" and not f.needs_elasticsearch]
    return sorted(found, key=lambda fault: fault.name not in HARD)


def _results(course: Course, alarms: dict[str, list[Alarm]], problem: str) -> Results:
    detections = tuple(
        Detection.of(trial, FAULTS[trial.name], judge, said, _counts(judge, FAULTS[trial.name]))
        for trial in course.faults
        for judge, said in alarms.items()
    )
    quiets = tuple(
        Quiet.of(trial, judge, said, control.grace)
        for trial, control in course.controls
        for judge, said in alarms.items()
    )
    return Results(detections, quiets, tuple(_explained(course.explanations)), problem)


def _explained(explanations: Sequence[tuple[float, float]]) -> list[Figure]:
    if not explanations:
        return []
    stored, tokens = zip(*explanations, strict=True)
    return [
        Figure("look to stored assessment", max(stored), "s", STORED_SECONDS),
        Figure("prompt of the worst fault", max(tokens), "tokens", PROMPT_TOKENS),
    ]


def _counts(judge: str, fault: Fault) -> Callable[[Alarm], bool]:
    """Of ours the states that report the fault; of rules every alert."""
    return lambda alarm: judge != OURS or alarm.name in states_that_report(fault)
