"""Aliases for names that users chose, such as `queue-1` for a task queue.

The name of a queue, a namespace or a workflow type may be an instruction to the model, so the model
reads and writes aliases only.
"""

import re
from collections.abc import Iterable

from copilot.health.decision import CauseKind, Decision
from copilot.signals.snapshot import Snapshot

_ALIAS = re.compile(r"\b(?:queue|namespace|workflow-type|version)-\d+\b")


def aliases_in(text: str) -> set[str]:
    """Every alias in `text`."""
    return set(_ALIAS.findall(text))


class Aliases:
    """An alias for every name in one cycle that a user chose."""

    def __init__(self, decision: Decision, snapshot: Snapshot) -> None:
        keys = [facts.key for facts in snapshot.queues.queues]
        keys += snapshot.queues.unanswered
        outcomes = snapshot.metrics.outcomes
        queues = [key.name for key in keys] + [outcome.task_queue for outcome in outcomes]
        spaces = [key.namespace for key in keys] + [outcome.namespace for outcome in outcomes]
        types = [outcome.workflow_type for outcome in outcomes]
        spaces += [load.namespace for load in snapshot.metrics.refusals]
        spaces += [failures.namespace for failures in snapshot.metrics.task_failures]
        spaces += [one.namespace for one in snapshot.metrics.oversized]
        spaces += [one.namespace for one in snapshot.metrics.largest]
        versions = [facts.current_version for facts in snapshot.queues.queues]
        versions += [one.version for facts in snapshot.queues.queues for one in facts.versions]
        spaces += [facts.key.namespace for facts in snapshot.system_queues]
        own = tuple(f"{facts.key.full_name}: " for facts in snapshot.system_queues)
        for cause in decision.causes:
            queue = ""
            if cause.kind is CauseKind.QUEUE and not cause.name.startswith(own):
                queue = cause.name
            elif cause.kind is CauseKind.WORKFLOW_TYPE:
                # One that failed in an earlier cycle is no longer among the outcomes.
                workflow_type, _, queue = cause.name.rpartition(" on ")
                types.append(workflow_type)
            namespace, _, name = queue.partition("/")
            if name:
                spaces.append(namespace)
                queues.append(name)
        self._names_by_alias: dict[str, str] = {}
        for kind, names in (
            ("queue", queues),
            ("namespace", spaces),
            ("workflow-type", types),
            ("version", versions),
        ):
            self._add(kind, names)
        self._aliases = {name: alias for alias, name in reversed(self._names_by_alias.items())}
        longest_first = sorted(self._aliases, key=len, reverse=True)
        any_name = "|".join(map(re.escape, longest_first)) or "(?!)"
        self._pattern = re.compile(rf"(?<![\w-])(?:{any_name})(?![\w-])")

    def hide(self, text: str) -> str:
        """`text` with every such name replaced by its alias."""
        return self._pattern.sub(lambda found: self._aliases[found.group()], text)

    def show(self, text: str) -> str:
        """`text` with every alias replaced by the real name."""
        return _ALIAS.sub(
            lambda found: self._names_by_alias.get(found.group(), found.group()), text
        )

    def _add(self, kind: str, names: Iterable[str]) -> None:
        for number, name in enumerate(sorted({name for name in names if name}), start=1):
            self._names_by_alias[f"{kind}-{number}"] = name
