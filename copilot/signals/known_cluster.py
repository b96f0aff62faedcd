"""What one cycle finds out about a cluster and the next ones need."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from copilot.clusters.labels import DEFAULT, LabelMapping
from copilot.signals.instant_query import Sample
from copilot.signals.measurement import InstanceRoles
from copilot.signals.queue import QueueKey
from copilot.signals.roles import Role
from copilot.signals.style import OPENTELEMETRY, Style

MAX_QUEUES = 10_000


@dataclass
class KnownCluster:
    """How a cluster names its metrics, the roles of its instances, and queues by their real names.

    An instance is known by two labels of its scrapes. The first one tells its role, or
    `service_name` of its series does: one process may have every role. A process that is down has
    no series any more.
    """

    labels: LabelMapping = DEFAULT
    style: Style = OPENTELEMETRY
    _roles: dict[tuple[str, str], frozenset[Role]] = field(default_factory=dict)
    _queues: dict[QueueKey, None] = field(default_factory=dict)

    def learn_roles(self, scraped: Iterable[Sample], series: Iterable[Sample]) -> None:
        """Take the roles in `series`, and forget instances that are not `scraped` any more."""
        found: defaultdict[tuple[str, str], set[Role]] = defaultdict(set)
        for sample in series:
            found[self._instance(sample.labels)].add(Role(sample.labels["service_name"]))
        roles = self._roles | {name: frozenset(one) for name, one in found.items()}
        listed = {self._instance(sample.labels) for sample in scraped}
        self._roles = {name: roles[name] for name in listed & roles.keys()}

    def learn_queues(self, queues: Iterable[QueueKey]) -> None:
        """Take the real names of queues; of too many, forget those that were not seen for longest.

        Visibility lists a part of a large cluster's queues in each cycle.
        """
        for key in queues:
            self._queues.pop(key, None)
            self._queues[key] = None
        for key in tuple(self._queues)[:-MAX_QUEUES]:
            del self._queues[key]

    @property
    def queues(self) -> tuple[QueueKey, ...]:
        return tuple(self._queues)

    def remember(self, learned: Iterable[InstanceRoles]) -> None:
        """Take the roles that the last cycle knew, perhaps in another process."""
        self._roles |= {(one.label, one.name): frozenset(one.roles) for one in learned}

    @property
    def learned(self) -> tuple[InstanceRoles, ...]:
        """What `remember` takes."""
        return tuple(
            InstanceRoles(label=label, name=name, roles=tuple(sorted(roles)))
            for (label, name), roles in sorted(self._roles.items())
        )

    def roles_of(self, labels: Mapping[str, str]) -> frozenset[Role]:
        """The roles of the instance with these labels; none when it is no Temporal server."""
        told = self.labels.roles(self.role_label(labels))
        return told or self._roles.get(self._instance(labels), frozenset())

    def may_have(self, role: Role, labels: Mapping[str, str]) -> bool:
        """Whether instances whose label of roles has this value have the role."""
        value = self.role_label(labels)
        if told := self.labels.roles(value):
            return role in told
        return any(role in one for (known, _), one in self._roles.items() if known == value)

    def role_label(self, labels: Mapping[str, str]) -> str:
        """The value of the label that tells a role."""
        return labels.get(self.labels.role, "")

    def name(self, labels: Mapping[str, str]) -> str:
        """The name of an instance."""
        return labels.get(self.labels.instance, "")

    def _instance(self, labels: Mapping[str, str]) -> tuple[str, str]:
        return self.role_label(labels), self.name(labels)
