"""Register namespaces on a Temporal cluster, and wait until workflows can start in each.

A namespace that exists gets the given retention and keeps its other properties. With
`--keep-retention`, for a default that nobody set, it keeps its retention too.

Usage: register_namespaces.py [--keep-retention] FRONTEND_HTTP_URL RETENTION_DAYS NAMESPACE...
"""

import json
import sys
import time
from collections.abc import Sequence
from http import HTTPStatus
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

KEEP_RETENTION = "--keep-retention"
TIME_LIMIT_SECONDS = 120.0
_REQUEST_SECONDS = 5
_PAUSE_SECONDS = 0.25
_DAY_SECONDS = 86_400
# The frontend is on the same network, never behind the HTTP proxy of the environment.
_HTTP = build_opener(ProxyHandler({}))


def send(url: str, body: object | None = None) -> tuple[int, str]:
    """Status and body, for an error its first line; status 0 and the reason without an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"})  # noqa: S310
    try:
        with _HTTP.open(request, timeout=_REQUEST_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        text = error.read().decode(errors="replace").strip().partition("\n")[0]
        return error.code, text or str(error)
    except (URLError, OSError) as error:
        return 0, str(error)


def make_usable(
    frontend: str, namespace: str, retention_days: int, deadline: float, *, keep_retention: bool
) -> str | None:
    """Register the namespace; the problem where it is not usable by the deadline (monotonic)."""
    for step in (_register, _check) if keep_retention else (_register, _set_retention, _check):
        while problem := step(f"{frontend}/api/v1/namespaces", namespace, retention_days):
            if time.monotonic() > deadline:
                return f"{namespace} on {frontend}: {problem}"
            time.sleep(_PAUSE_SECONDS)
    return None


def _register(url: str, namespace: str, retention_days: int) -> str:
    """Register it. The problem; "" where it is registered now or was before."""
    wanted = {
        "namespace": namespace,
        "workflowExecutionRetentionPeriod": f"{retention_days * _DAY_SECONDS}s",
    }
    status, text = send(url, wanted)
    return "" if status in {HTTPStatus.OK, HTTPStatus.CONFLICT} else text


def _set_retention(url: str, namespace: str, retention_days: int) -> str:
    """Set the retention where it differs. The problem; "" where there is none."""
    status, text = send(f"{url}/{namespace}")
    if status != HTTPStatus.OK:
        return text
    before = json.loads(text)["config"].get("workflowExecutionRetentionTtl", "0s")
    days = float(before.removesuffix("s")) / _DAY_SECONDS
    if days == retention_days:
        return ""
    # The server keeps all that an update does not name.
    update = {"config": {"workflowExecutionRetentionTtl": f"{retention_days * _DAY_SECONDS}s"}}
    status, text = send(f"{url}/{namespace}/update", update)
    if status != HTTPStatus.OK:
        return text
    warning = "warning: " if retention_days < days else ""
    print(  # noqa: T201
        f"{warning}the retention of {namespace} was {days:g} d and is now {retention_days} d"
    )
    return ""


def _check(url: str, namespace: str, _retention_days: int) -> str:
    """Why no workflow can start yet: the namespace is not listed, or history is not ready."""
    status, text = send(f"{url}/{namespace}/workflow-count")
    if status != HTTPStatus.OK:
        return text
    status, text = send(f"{url}/{namespace}/workflows/none")
    return "" if status == HTTPStatus.NOT_FOUND else text or f"{namespace} has a workflow `none`"


def main(arguments: Sequence[str], time_limit_seconds: float = TIME_LIMIT_SECONDS) -> int:
    """Exit code 0 when every namespace is usable."""
    keep_retention = arguments[0] == KEEP_RETENTION
    frontend, days, *namespaces = arguments[1:] if keep_retention else arguments
    deadline = time.monotonic() + time_limit_seconds
    for namespace in namespaces:
        problem = make_usable(
            frontend, namespace, int(days), deadline, keep_retention=keep_retention
        )
        if problem:
            print(f"namespace not usable after {time_limit_seconds:g} s: {problem}")  # noqa: T201
            return 1
        print(f"{namespace} is registered and usable")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
