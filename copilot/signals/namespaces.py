"""The monitored namespaces: some by name, others by a pattern such as `*` or `team-*`."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from fnmatch import fnmatchcase
from math import ceil
from typing import TypeVar

from temporalio.api.enums.v1 import NamespaceState
from temporalio.api.workflowservice.v1 import ListNamespacesRequest
from temporalio.client import Client

from copilot.signals.matchers import CANARY_NAMESPACE, SYSTEM_NAMESPACE
from copilot.signals.monitored_frontend import UnansweredError, answered

LIST_EVERY_SECONDS = 300.0
_PAGE = 200
_PAGES = 10
_OWN = {CANARY_NAMESPACE, SYSTEM_NAMESPACE}
T = TypeVar("T")


class Namespaces:
    """`names` are names and patterns, with `*` and `?`; a pattern matches at most 2,000 namespaces.

    What a pattern matches is listed by the frontend, every five minutes.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._named = tuple(name for name in names if not is_pattern(name))
        self._patterns = tuple(name for name in names if is_pattern(name))
        self._found: tuple[str, ...] | None = None
        self._listed_at = 0.0

    async def current(self, client: Client, call_seconds: float) -> tuple[str, ...]:
        """Namespaces that exist by now; while the frontend does not list them, those listed before.

        Raises UnansweredError when none were listed before.
        """
        if not self._patterns:
            return self._named
        now = asyncio.get_running_loop().time()
        if self._found is None or now - self._listed_at > LIST_EVERY_SECONDS:
            try:
                self._found, self._listed_at = await self._list(client, call_seconds), now
            except UnansweredError:
                if self._found is None:
                    raise
        return tuple(dict.fromkeys((*self._named, *self._found)))

    async def _list(self, client: Client, call_seconds: float) -> tuple[str, ...]:
        found: list[str] = []
        token = b""
        for _ in range(_PAGES):
            request = ListNamespacesRequest(page_size=_PAGE, next_page_token=token)
            call = client.workflow_service.list_namespaces(
                request, timeout=timedelta(seconds=call_seconds)
            )
            page = await answered(call, call_seconds)
            found += [
                one.namespace_info.name
                for one in page.namespaces
                if one.namespace_info.state == NamespaceState.NAMESPACE_STATE_REGISTERED
            ]
            if not (token := page.next_page_token):
                break
        return tuple(sorted(filter(self._matches, found)))

    def _matches(self, name: str) -> bool:
        return name not in _OWN and any(fnmatchcase(name, one) for one in self._patterns)


def is_pattern(name: str) -> bool:
    return "*" in name or "?" in name


def in_turn(
    names: Sequence[T], cycle: int, at_most: int, *, least_cycles: int = 1
) -> tuple[T, ...]:
    """About `at_most` of `names`: each one's turn comes once in a number of cycles.

    That number is the same for all, and at least `least_cycles`.
    """
    cycles = max(least_cycles, ceil(len(names) / at_most))
    return tuple(names[cycle % cycles :: cycles])
