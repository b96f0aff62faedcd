"""Names that users chose, kept from the model: it reads and writes stand-ins for them.

A task queue, a namespace or a workflow type can be called anything, an instruction to the model
too. So the model never sees such a name: it gets `queue-1`, and what it writes is turned back.
"""

import re
from collections.abc import Iterable

from copilot.health.decision import CauseKind, Decision
from copilot.signals.snapshot import Snapshot

_ALIAS = re.compile(r"\b(?:queue|namespace|workflow-type)-\d+\b")


class Aliases:
    """A stand-in for every name in one cycle that a user chose."""

    def __init__(self, decision: Decision, snapshot: Snapshot) -> None:
        keys = [facts.key for facts in snapshot.queues.queues]
        keys += [*snapshot.queues.unanswered, *snapshot.metrics.active_queues]
        outcomes = snapshot.metrics.outcomes
        queues = [key.name for key in keys] + [outcome.task_queue for outcome in outcomes]
        spaces = [key.namespace for key in keys] + [outcome.namespace for outcome in outcomes]
        types = [outcome.workflow_type for outcome in outcomes]
        for cause in decision.causes:
            if cause.kind is CauseKind.QUEUE:
                namespace, _, name = cause.name.partition("/")
                spaces.append(namespace)
                queues.append(name)
        self._real: dict[str, str] = {}
        for kind, names in (("queue", queues), ("namespace", spaces), ("workflow-type", types)):
            self._add(kind, names)
        self._shown = {name: alias for alias, name in reversed(self._real.items())}
        longest_first = sorted(self._shown, key=len, reverse=True)
        any_name = "|".join(map(re.escape, longest_first)) or "(?!)"
        self._names = re.compile(rf"(?<![\w-])(?:{any_name})(?![\w-])")

    def hide(self, text: str) -> str:
        """`text` with every such name replaced by its stand-in, wherever it stands."""
        return self._names.sub(lambda found: self._shown[found.group()], text)

    def show(self, text: str) -> str:
        """`text` with the real names. Raises ValueError for a stand-in that stands for nothing."""

        def real(found: re.Match[str]) -> str:
            if found.group() not in self._real:
                raise ValueError(f"{found.group()} stands for nothing")
            return self._real[found.group()]

        return _ALIAS.sub(real, text)

    def _add(self, kind: str, names: Iterable[str]) -> None:
        for number, name in enumerate(sorted({name for name in names if name}), start=1):
            self._real[f"{kind}-{number}"] = name
