"""What kind of errors the store has: by their types in metrics, and by patterns in the logs.

On SQL the server reports most errors as `serviceerror.Unavailable`, whatever they are: only the
database's own code tells which, and only the logs have it.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from copilot.health.demand import value_of
from copilot.health.thresholds import Thresholds
from copilot.signals.signal_names import SignalName as S
from copilot.signals.snapshot import Snapshot

_ALL_IN_USE = 0.99


class FaultKind(StrEnum):
    FULL = "full"
    READ_ONLY = "read-only"
    OUT_OF_CONNECTIONS = "out of connections"
    CONFLICTS = "conflicts"
    OVER_A_LIMIT = "over a limit of requests"
    UNREACHABLE = "unreachable"
    TOO_SLOW = "too slow"
    UNNAMED = "errors of a kind that metrics do not name"


STOPS_WRITES = (FaultKind.FULL, FaultKind.READ_ONLY, FaultKind.OUT_OF_CONNECTIONS)
_FOLLOWS = (FaultKind.UNREACHABLE, FaultKind.TOO_SLOW)
_PATTERNS = {
    "database_full": FaultKind.FULL,
    "database_read_only": FaultKind.READ_ONLY,
    "database_connections_exhausted": FaultKind.OUT_OF_CONNECTIONS,
    "database_connection_rate_limited": FaultKind.OUT_OF_CONNECTIONS,
    "persistence_conflict": FaultKind.CONFLICTS,
    "database_unreachable": FaultKind.UNREACHABLE,
    "deadline_exceeded": FaultKind.TOO_SLOW,
}


class StoreFault(NamedTuple):
    """A kind of errors and how many a second: calls that failed, or lines in the logs."""

    kind: FaultKind
    rate: float
    logged: bool


def store_faults(snapshot: Snapshot) -> list[StoreFault]:
    """The kinds of the store's errors: those in the logs first, which say more."""
    logged = list(_logged(snapshot))
    kinds = {fault.kind for fault in logged}
    # A server drops its connections to a read-only store, and then has none for a moment; without
    # one, its callers' time runs out.
    if kinds & {*STOPS_WRITES}:
        logged = [fault for fault in logged if fault.kind not in _FOLLOWS]
    elif FaultKind.UNREACHABLE in kinds:
        logged = [fault for fault in logged if fault.kind is not FaultKind.TOO_SLOW]
    counted = [
        StoreFault(_kind_of(errors.error_type), errors.rate, logged=False)
        for errors in snapshot.metrics.store_errors
    ]
    # What the metrics do not name is what the logs name.
    named = kinds | ({FaultKind.UNNAMED} if logged else set())
    return logged + [fault for fault in counted if fault.kind not in named]


def described(snapshot: Snapshot) -> str:
    """The kinds with their rates, as a result's detail has them; empty without errors."""
    if not snapshot.metrics.store_errors:
        return ""
    parts = [
        f"{fault.kind} {_number(fault.rate)}/s{' in the logs' if fault.logged else ''}"
        for fault in store_faults(snapshot)
    ]
    in_use = value_of(snapshot, S.SQL_CONNECTIONS_IN_USE_RATIO) or 0.0
    if in_use >= _ALL_IN_USE:
        parts.append("a service uses all connections of its pool")
    return ", ".join(parts)


def conflict_rate(snapshot: Snapshot) -> float:
    """Writes a second that lost to another one and are repeated, as far as the logs show them."""
    rates = (fault.rate for fault in _logged(snapshot) if fault.kind is FaultKind.CONFLICTS)
    return sum(rates)


def refuses_writes(snapshot: Snapshot, thresholds: Thresholds) -> bool:
    """Whether most writes fail, or some calls do and the logs say that it takes no writes."""
    errors = value_of(snapshot, S.STORE_WRITE_ERROR_RATE) or 0.0
    writes = value_of(snapshot, S.STORE_WRITE_RATE) or 0.0
    if errors > max(
        thresholds.store_write_error_floor, thresholds.store_write_error_ratio * writes
    ):
        return True
    return errors > 0 and bool(stopping_lines(snapshot))


def stopping_lines(snapshot: Snapshot) -> dict[FaultKind, int]:
    """Lines of each kind that stops writes."""
    counts = snapshot.logs.counts if snapshot.logs else ()
    lines: dict[FaultKind, int] = {}
    for one in counts:
        kind = _PATTERNS.get(one.pattern)
        if kind in STOPS_WRITES:
            lines[kind] = lines.get(kind, 0) + one.count
    return lines


def _logged(snapshot: Snapshot) -> Iterator[StoreFault]:
    logs = snapshot.logs
    if not logs or not snapshot.metrics.store_errors:
        return
    seconds = (logs.end - logs.start).total_seconds()
    lines: dict[FaultKind, int] = {}
    for one in logs.counts:
        if kind := _PATTERNS.get(one.pattern):
            lines[kind] = lines.get(kind, 0) + one.count
    for kind in FaultKind:
        if kind in lines and seconds > 0:
            yield StoreFault(kind, lines[kind] / seconds, logged=True)


def _number(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"  # noqa: PLR2004


def _kind_of(error_type: str) -> FaultKind:
    if "ResourceExhausted" in error_type:
        return FaultKind.OVER_A_LIMIT
    if "Timeout" in error_type or "eadlineExceeded" in error_type:
        return FaultKind.TOO_SLOW
    return FaultKind.UNNAMED
