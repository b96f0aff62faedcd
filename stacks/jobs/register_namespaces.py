"""Register namespaces on a Temporal cluster, and wait until a workflow could start in each.

One that is there already gets the retention that is asked for, and keeps everything else; with
`--keep-retention` it keeps that too, because nobody chose what is asked for.

Usage: register_namespaces.py [--keep-retention] FRONTEND_HTTP_URL RETENTION_DAYS NAMESPACE...
"""

import json
import sys
import time
from collections.abc import Sequence
from http import HTTPStatus
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

KEEP_RETENTION = "--keep-retention"
TIME_LIMIT_SECONDS = 120.0
_REQUEST_SECONDS = 5
_PAUSE_SECONDS = 0.25
_DAY_SECONDS = 86_400


def ask(url: str, body: object | None = None) -> tuple[int, str]:
    """Status and answer, of an error its first line; status 0 and the reason where none came."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"})  # noqa: S310
    try:
        with urlopen(request, timeout=_REQUEST_SECONDS) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except HTTPError as error:
        said = error.read().decode(errors="replace").strip().partition("\n")[0]
        return error.code, said or str(error)
    except (URLError, OSError) as error:
        return 0, str(error)


def make_usable(
    frontend: str, namespace: str, retention_days: int, deadline: float, *, keep_retention: bool
) -> str | None:
    """Register the namespace, or say why it is not usable by the deadline (a monotonic time)."""
    for step in (_register, _look) if keep_retention else (_register, _set_retention, _look):
        while problem := step(f"{frontend}/api/v1/namespaces", namespace, retention_days):
            if time.monotonic() > deadline:
                return f"{namespace} on {frontend}: {problem}"
            time.sleep(_PAUSE_SECONDS)
    return None


def _register(url: str, namespace: str, retention_days: int) -> str:
    """Why it could not be registered, empty where it is, now or before."""
    wanted = {
        "namespace": namespace,
        "workflowExecutionRetentionPeriod": f"{retention_days * _DAY_SECONDS}s",
    }
    status, said = ask(url, wanted)
    return "" if status in {HTTPStatus.OK, HTTPStatus.CONFLICT} else said


def _set_retention(url: str, namespace: str, retention_days: int) -> str:
    """Why it could not be changed where it is another, of a namespace that was there before."""
    status, said = ask(f"{url}/{namespace}")
    if status != HTTPStatus.OK:
        return said
    before = json.loads(said)["config"].get("workflowExecutionRetentionTtl", "0s")
    days = float(before.removesuffix("s")) / _DAY_SECONDS
    if days == retention_days:
        return ""
    # The server leaves alone what an update does not name.
    update = {"config": {"workflowExecutionRetentionTtl": f"{retention_days * _DAY_SECONDS}s"}}
    status, said = ask(f"{url}/{namespace}/update", update)
    if status != HTTPStatus.OK:
        return said
    warning = "warning: " if retention_days < days else ""
    print(  # noqa: T201
        f"{warning}{namespace} kept closed workflows for {days:g} d, and keeps them for"
        f" {retention_days} d from now on"
    )
    return ""


def _look(url: str, namespace: str, _retention_days: int) -> str:
    """Why it is not in the frontend's own list of namespaces, as a start of a workflow needs it."""
    status, said = ask(f"{url}/{namespace}/workflow-count")
    return "" if status == HTTPStatus.OK else said


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
