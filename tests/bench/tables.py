"""Faults and controls as tables: a row for each, with what every judge said."""

from collections.abc import Sequence

from tests.bench.outcome import Detection, Quiet
from tests.bench.summary import is_blind

Rows = list[list[str]]
"""The first row is the head."""


def faults_table(detections: Sequence[Detection]) -> Rows:
    """A fault that was tried several times has one row with the slowest of them."""
    judges = list(dict.fromkeys(one.judge for one in detections))
    rows = [["fault", "held", "load", *judges]]
    for fault in dict.fromkeys(one.fault for one in detections):
        of_fault = [one for one in detections if one.fault == fault]
        cells = [_detected([one for one in of_fault if one.judge == judge]) for judge in judges]
        held, load = max(one.held for one in of_fault), max(one.load for one in of_fault)
        rows.append([fault, f"{held:.0f} s", f"{load:.1f}", *cells])
    return rows


def controls_table(quiets: Sequence[Quiet]) -> Rows:
    judges = list(dict.fromkeys(one.judge for one in quiets))
    rows = [["control", "watched", "load", *judges]]
    for control in dict.fromkeys(one.control for one in quiets):
        of_control = [one for one in quiets if one.control == control]
        cells = [_quiet(one) for judge in judges for one in of_control if one.judge == judge]
        rows.append([control, f"{of_control[0].held:.0f} s", f"{of_control[0].load:.1f}", *cells])
    return rows


def _detected(tries: Sequence[Detection]) -> str:
    missed = [one for one in tries if one.detected is None]
    if not missed:
        worst = max(tries, key=lambda one: one.detected or 0)
        parts = [f"{worst.detected:.0f} s" + (f" (worst of {len(tries)})" if tries[1:] else "")]
    else:
        worst = missed[0]
        often = f" {len(missed)} of {len(tries)} times" if tries[1:] else ""
        parts = [f"not within {worst.held:.0f} s{often}"]
        if worst.due is not None:
            parts.append(f"at the earliest {worst.due:.0f} s")
    if worst.named:
        wrong = [one for one in tries if not one.is_right]
        parts.append(f"wrong cause: {wrong[0].named or 'none'}" if wrong else "right cause")
    if not missed:
        clears = [one.cleared for one in tries if one.cleared is not None]
        lasts = len(clears) < len(tries)
        parts.append("not cleared in time" if lasts else f"clear after {max(clears):.0f} s")
    if is_blind(worst.fault) and any(one.is_quiet for one in tries):
        parts.append("as if healthy")
    return "; ".join(parts)


def _quiet(one: Quiet) -> str:
    said = "; ".join(one.false_alarms) or "quiet"
    return f"{said}; without a view for {one.blind:.0f} s" if one.blind else said
