"""Register namespaces on a Temporal cluster, and wait until a workflow could start in each.

Usage: python register_namespaces.py FRONTEND_HTTP_URL RETENTION_DAYS NAMESPACE...
"""

import json
import sys
import time
from collections.abc import Sequence
from http import HTTPStatus
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

TIME_LIMIT_SECONDS = 120.0
_REQUEST_SECONDS = 5
_PAUSE_SECONDS = 0.25
_DAY_SECONDS = 86_400


def ask(url: str, body: object | None = None) -> tuple[int, str]:
    """Status and first line of the answer; status 0 and the reason where none came."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"})  # noqa: S310
    try:
        with urlopen(request, timeout=_REQUEST_SECONDS) as answer:  # noqa: S310
            return answer.status, ""
    except HTTPError as error:
        return error.code, error.read().decode(errors="replace").strip().splitlines()[0]
    except (URLError, OSError) as error:
        return 0, str(error)


def register(frontend: str, namespace: str, retention_days: int, deadline: float) -> str | None:
    """Make the namespace usable, or say why it is not by the deadline (a monotonic time)."""
    wanted = {
        "namespace": namespace,
        "workflowExecutionRetentionPeriod": f"{retention_days * _DAY_SECONDS}s",
    }
    registered = False
    while True:
        if not registered:
            status, problem = ask(f"{frontend}/api/v1/namespaces", wanted)
            registered = status in {HTTPStatus.OK, HTTPStatus.CONFLICT}
        if registered:
            # The frontend's own list of namespaces, as a start of a workflow needs it.
            status, problem = ask(f"{frontend}/api/v1/namespaces/{namespace}/workflow-count")
            if status == HTTPStatus.OK:
                return None
        if time.monotonic() > deadline:
            return f"{namespace} on {frontend}: {problem or status}"
        time.sleep(_PAUSE_SECONDS)


def main(arguments: Sequence[str], time_limit_seconds: float = TIME_LIMIT_SECONDS) -> int:
    """Exit code 0 when every namespace is usable."""
    frontend, days, *namespaces = arguments
    deadline = time.monotonic() + time_limit_seconds
    for namespace in namespaces:
        problem = register(frontend, namespace, int(days), deadline)
        if problem:
            print(f"namespace not usable after {time_limit_seconds:g} s: {problem}")  # noqa: T201
            return 1
        print(f"{namespace} is registered and usable")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
