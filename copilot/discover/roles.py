"""Which label of a cluster's targets tells their roles, and by which values."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from copilot.discover.split import Part, Sureness
from copilot.discover.targets import Target
from copilot.signals.roles import Role

_PREFERRED = ("job", "container", "app_kubernetes_io_component", "service", "service_name")
# They change with each restart or roll-out.
_PASSING = re.compile(r"instance|(.*_)?(pod|id|uid|ip|hash|version|node|host|hostname)(_.*)?")
# A pod's name says more than its address, which is asked wherever `instance` has it.
_INSTANCES = ("pod", "instance", "service_instance_id", "host", "hostname")


@dataclass(frozen=True)
class RoleLabel:
    """The label and, by role, the regular expression of its values; roles that are not there lack.

    Without a label only the series of a target tell its roles.
    """

    label: str
    patterns: Mapping[Role, str]
    sureness: Sureness
    reason: str

    @property
    def is_usual(self) -> bool:
        """Whether its values are those that need no setting."""
        return all(pattern == role.job for role, pattern in self.patterns.items())

    @property
    def values(self) -> str:
        """The regular expression of all its values."""
        return "|".join(dict.fromkeys(self.patterns.values()))


NO_LABEL = RoleLabel("", {}, Sureness.LIKELY, "no label tells roles: their series do, once read")


def role_labels(part: Part) -> tuple[RoleLabel, ...]:
    """The labels that tell the roles of all targets, the best first.

    Each must yet be compared with the store's other targets, which must not have these values.
    """
    found = [_by_values(part, label) for label in _by_preference(part.targets)]
    found.sort(key=lambda one: one is None or not one.is_usual)
    instance = _by_values(part, "instance")
    if instance and all(role in pattern for role, pattern in instance.patterns.items()):
        found.append(replace(instance, sureness=Sureness.LIKELY, reason="instances have its name"))
    return tuple(one for one in found if one)


def instance_label(part: Part) -> tuple[str, Sureness, str]:
    """The label whose value is another one for each target, how sure and why."""
    names = {name for target in part.targets for name in target.labels}
    for name in (*_INSTANCES, *sorted(names)):
        values = {target.labels.get(name, "") for target in part.targets}
        if "" not in values and len(values) == len(part.targets):
            return name, Sureness.SURE, "another value for each target"
    return "instance", Sureness.GUESS, "no label has another value for each target"


def _by_preference(targets: Sequence[Target]) -> list[str]:
    names = {name for target in targets for name in target.labels}
    others = sorted(name for name in names if not _PASSING.fullmatch(name))
    return [*(name for name in _PREFERRED if name in names), *others]


def _by_values(part: Part, label: str) -> RoleLabel | None:
    """The values of one label, where each of them stands for the same roles of all its targets."""
    roles: dict[str, frozenset[Role]] = {}
    for target in part.targets:
        value = target.labels.get(label, "")
        if not value or roles.setdefault(value, target.roles) != target.roles:
            return None
    values: defaultdict[Role, list[str]] = defaultdict(list)
    for value, its in sorted(roles.items()):
        for role in its:
            values[role].append(value)
    patterns = {role: "|".join(map(escaped, values[role])) for role in Role if values[role]}
    together = [its for its in roles.values() if len(its) > 1]
    if together:
        reason = f"one process has {', '.join(role for role in Role if role in together[0])}"
    else:
        reason = "another value for each role"
    return RoleLabel(label, patterns, Sureness.SURE, reason)


def escaped(value: str) -> str:
    """The value as a regular expression, for Python and for RE2."""
    return re.sub(r"([.+*?()\[\]{}|^$\\])", r"\\\1", value)
