"""What one cycle finds out about a cluster and the next ones need."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from copilot.signals.instant_query import Sample
from copilot.signals.roles import Role
from copilot.signals.style import OPENTELEMETRY, Style

_BY_JOB = {role.job: role for role in Role}


@dataclass
class KnownCluster:
    """How a cluster names its metrics, and the roles of its instances.

    An instance is `(job, instance)` of its scrapes. Its job tells its role, or `service_name` of
    its series does: one process may have every role. A process that is down has no series any more.
    """

    style: Style = OPENTELEMETRY
    _roles: dict[tuple[str, str], frozenset[Role]] = field(default_factory=dict)

    def learn_roles(self, scraped: Iterable[Sample], series: Iterable[Sample]) -> None:
        """Take the roles in `series`, and forget instances that are not `scraped` any more."""
        found: defaultdict[tuple[str, str], set[Role]] = defaultdict(set)
        for sample in series:
            found[_instance(sample.labels)].add(Role(sample.labels["service_name"]))
        roles = self._roles | {name: frozenset(one) for name, one in found.items()}
        listed = {_instance(sample.labels) for sample in scraped}
        self._roles = {name: roles[name] for name in listed & roles.keys()}

    def roles_of(self, labels: Mapping[str, str]) -> frozenset[Role]:
        """The roles of the instance with these labels; none when it is no Temporal server."""
        job = labels.get("job", "")
        if job in _BY_JOB:
            return frozenset({_BY_JOB[job]})
        return self._roles.get(_instance(labels), frozenset())

    def jobs(self, role: Role) -> frozenset[str]:
        """The scrape jobs whose instances have the role."""
        return frozenset({role.job, *(job for (job, _), one in self._roles.items() if role in one)})


def _instance(labels: Mapping[str, str]) -> tuple[str, str]:
    return labels.get("job", ""), labels.get("instance", "")
