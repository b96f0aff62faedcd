"""Clients at the frontend: requests, errors, latency, limits."""

from functools import partial

from copilot.signals.matchers import FRONTEND as SERVICE
from copilot.signals.matchers import (
    FRONTEND_OF_USERS,
    REFUSALS,
    SIGNALS,
    STARTS,
    WAITING,
    WORKER_ANSWERS,
)
from copilot.signals.queries import gauge, newest, quantile, rate
from copilot.signals.roles import Role
from copilot.signals.signal import RARE, Kind, Signal
from copilot.signals.signal_names import SignalName as S

_LATENCY = "service_latency"
_SHORT_CALLS = SERVICE + f',operation!~"{WAITING}"'
_LONG_POLLS = FRONTEND_OF_USERS + ',operation=~"Poll.*TaskQueue"'
_frontend_signal = partial(Signal, role=Role.FRONTEND)


FRONTEND = (
    _frontend_signal(
        name=S.FRONTEND_ERROR_RATE,
        number=7,
        title="Frontend errors",
        unit="errors/s",
        meaning="Calls of clients that failed through the server's fault, by its own judgement: "
        "not found, already started, invalid, cancelled and over a namespace's limit do not count.",
        query=rate("service_errors", SERVICE + f',operation!~"{WORKER_ANSWERS}"'),
        absent_when_healthy=RARE,
    ),
    _frontend_signal(
        name=S.FRONTEND_LATENCY_P95,
        number=8,
        title="Frontend latency, p95",
        unit="ms",
        meaning="How long clients wait for calls that answer at once.",
        query=quantile(0.95, _LATENCY, _SHORT_CALLS),
    ),
    _frontend_signal(
        name=S.FRONTEND_LATENCY_P99,
        number=8,
        title="Frontend latency, p99",
        unit="ms",
        meaning="How long clients wait for calls that answer at once.",
        query=quantile(0.99, _LATENCY, _SHORT_CALLS),
    ),
    _frontend_signal(
        name=S.LONG_POLL_LATENCY_P99,
        number=8,
        title="Long poll latency, p99",
        unit="ms",
        meaning="How long workers wait for a task at the frontend: a minute when there is none.",
        query=quantile(0.99, _LATENCY, _LONG_POLLS),
    ),
    _frontend_signal(
        name=S.START_REQUEST_RATE,
        title="Start requests",
        unit="requests/s",
        kind=Kind.DEMAND,
        meaning="Requests of clients that start work, successful or not, with their retries.",
        query=rate("service_requests", FRONTEND_OF_USERS + f',operation=~"{STARTS}"'),
    ),
    _frontend_signal(
        name=S.START_REFUSED_RATE,
        title="Start requests refused",
        unit="requests/s",
        kind=Kind.DEMAND,
        meaning="Requests that start work and that a limit or a check refused, such as for their "
        "rate, size or permission: they are not accepted work.",
        query=rate(
            "service_error_with_type",
            FRONTEND_OF_USERS + f',operation=~"{STARTS}",error_type=~"{REFUSALS}"',
        ),
        absent_when_healthy=RARE,
    ),
    _frontend_signal(
        name=S.SIGNAL_REQUEST_RATE,
        title="Signals and updates",
        unit="requests/s",
        kind=Kind.DEMAND,
        meaning="Requests of clients that give an open workflow something to do.",
        query=rate("service_requests", FRONTEND_OF_USERS + f',operation=~"{SIGNALS}"'),
        absent_when_healthy="clients need not send any",
    ),
    _frontend_signal(
        name=S.FRONTEND_REQUEST_RATE,
        title="Frontend requests",
        unit="requests/s",
        kind=Kind.DEMAND,
        meaning="All calls of clients and workers, against which errors are counted.",
        query=rate("service_requests", SERVICE + f',operation!~"{WORKER_ANSWERS}"'),
    ),
    _frontend_signal(
        name=S.FRONTEND_WAITING_CALLS,
        title="Calls that wait at a frontend",
        unit="calls",
        kind=Kind.CONTRIBUTING,
        meaning="Calls of one API method, such as polls or queries, that wait in one namespace at "
        "one frontend, where there are most; over frontend.namespaceCount, 1,200 by default, it "
        "refuses them.",
        # The server counts only calls that may take long.
        query=gauge(f"max({newest('service_pending_requests', FRONTEND_OF_USERS)})"),
    ),
    _frontend_signal(
        name=S.THROTTLED_REQUEST_RATE,
        title="Requests over a limit",
        unit="requests/s",
        kind=Kind.CONTRIBUTING,
        meaning="Calls refused by a limit of a namespace or of the system, for their rate, their "
        "number or the store's load.",
        query=rate(
            "service_errors_resource_exhausted",
            SERVICE + ',resource_exhausted_cause!="BusyWorkflow"',
        ),
        absent_when_healthy=RARE,
    ),
)
