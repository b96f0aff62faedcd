"""What a cycle knows of a cluster, which the next one may need in another worker."""

from copilot.signals.instant_query import Sample
from copilot.signals.known_cluster import KnownCluster
from copilot.signals.roles import Role


def test_another_worker_knows_the_roles_of_an_instance_that_is_down() -> None:
    one = {"job": "temporal", "instance": "10.0.0.1:9090"}
    first, other = KnownCluster(), KnownCluster()
    scraped = [Sample(labels=one, value=1.0)]
    series = [
        Sample(labels=one | {"service_name": role}, value=1.0)
        for role in (Role.FRONTEND, Role.HISTORY)
    ]
    first.learn_roles(scraped, series)
    other.remember(first.learned)
    other.learn_roles(scraped, [])
    assert other.roles_of(one) == {Role.FRONTEND, Role.HISTORY}
    other.learn_roles([], [])
    assert not other.roles_of(one)
