"""Labels of Temporal's targets in set-ups of the field, and what a metrics store answers of them.

The chart's are those that the Prometheus operator gives the targets of its ServiceMonitors (chart
0.46 and 1.0: `jobLabel` names no label of the services, so that a job is named after its service).
"""

from collections.abc import Iterable, Mapping

from copilot.discover.targets import Look
from copilot.signals.instant_query import Sample
from copilot.signals.roles import Role

ALL = tuple(Role)
Target = tuple[Mapping[str, str], tuple[Role, ...]]


def stack(cluster: str = "monitored", instances: int = 1) -> list[Target]:
    """This project's stacks, and its lab."""
    return [
        ({"cluster": cluster, "job": role.job, "instance": f"{role.job}-{index}:9090"}, (role,))
        for role in Role
        for index in range(instances)
    ]


def own_temporal() -> list[Target]:
    """The Copilot's own Temporal, beside it."""
    labels = {"cluster": "copilot", "job": "copilot-temporal", "instance": "copilot-temporal:9090"}
    return [(labels, ALL)]


def chart(
    release: str = "temporal", namespace: str = "temporal", instances: int = 2, **more: str
) -> list[Target]:
    """The official chart under the Prometheus operator."""
    name = release if "temporal" in release else f"{release}-temporal"
    return [
        (
            {
                "container": f"temporal-{role}",
                "endpoint": "metrics",
                "instance": f"10.1.{number}.{index + 10 * len(release)}:9090",
                "job": f"{name}-{role}-headless",
                "namespace": namespace,
                "pod": f"{name}-{role}-5d4f8c7b9-{number}{index}",
                "service": f"{name}-{role}-headless",
                **more,
            },
            (role,),
        )
        for number, role in enumerate(Role)
        for index in range(instances)
    ]


def annotated(release: str = "temporal", namespace: str = "temporal") -> list[Target]:
    """The chart scraped by its pods' annotations: one job for all pods in Kubernetes."""
    return [
        (
            {
                "app_kubernetes_io_component": role,
                "app_kubernetes_io_instance": release,
                "app_kubernetes_io_name": "temporal",
                "instance": f"10.2.0.{number}:9090",
                "job": "kubernetes-pods",
                "namespace": namespace,
                "node": f"node-{number % 2}",
                "pod": f"{release}-{role}-5d4f8c7b9-{number}",
            },
            (role,),
        )
        for number, role in enumerate(Role)
    ]


def compose(job: str = "temporal", instance: str = "temporal:8000") -> list[Target]:
    """A compose file with one Prometheus and one server that has all roles."""
    return [({"job": job, "instance": instance}, ALL)]


def mimir(tenant: str) -> list[Target]:
    """The same stack in a tenant of Mimir, read for several tenants at once."""
    return [({"__tenant_id__": tenant, **labels}, roles) for labels, roles in stack("prod")]


def look(
    *targets: Target,
    own: Iterable[Target] = (),
    workers: Iterable[Mapping[str, str]] = (),
    honors_labels: bool = False,
    has_up: bool = True,
) -> Look:
    """The store's answers; series have the label `namespace` from Temporal as a scrape keeps it."""
    now = [_series(labels, role) for labels, roles in targets for role in roles]
    names = []
    for labels, _ in targets:
        pod = labels.get("namespace", "")
        its = {"job": labels["job"], "namespace": "default"}
        if pod and not honors_labels:
            its |= {"namespace": pod, "exported_namespace": "default"}
        names.append(Sample(its, 1))
    return Look(
        lately=tuple(_of_build(labels, role) for labels, roles in targets for role in roles),
        now=tuple(now),
        up=tuple(Sample({"__name__": "up", **labels}, 1) for labels, _ in targets if has_up),
        namespaces=tuple(names),
        own=tuple(Sample(dict(labels), 1) for labels, _ in own),
        sdk=tuple(Sample(dict(labels), 1) for labels in workers),
    )


def _series(labels: Mapping[str, str], role: Role) -> Sample:
    its = {name: value for name, value in labels.items() if name != "namespace"}
    return Sample({**its, "service_name": role}, 1)


def _of_build(labels: Mapping[str, str], role: Role) -> Sample:
    return Sample({**labels, "service_name": role}, 1)
