"""The mapping that follows from the labels of set-ups of the field."""

import pytest

from copilot.clusters.labels import LabelMapping
from copilot.discover.proposal import cluster_names, guessed_address, label_keys, matcher
from copilot.discover.roles import role_labels
from copilot.discover.split import Part, Sureness, split
from copilot.discover.targets import Look, read_targets, sdk_processes
from copilot.signals.roles import Role
from tests.copilot.discover import setups


def parts_of(seen: Look) -> dict[str, Part]:
    parts = split(read_targets(seen))
    return dict(zip(cluster_names(parts), parts, strict=True))


def mapping_of(name: str, part: Part, namespace: str = "namespace") -> LabelMapping:
    keys = label_keys(part, name, role_labels(part)[0], namespace)
    values = {key.path.removeprefix("labels."): key.value for key in keys}
    return LabelMapping.model_validate(values, by_name=True)


def test_a_stack_of_this_project_needs_no_mapping() -> None:
    targets, own = setups.stack(instances=2), setups.own_temporal()
    parts = parts_of(setups.look(*targets, *own, own=own))
    assert mapping_of("monitored", parts["monitored"]) == LabelMapping()
    assert (parts["monitored"].is_own, parts["copilot"].is_own) == (False, True)
    assert parts["monitored"].sureness is Sureness.SURE


@pytest.mark.parametrize("release", ["temporal", "orders"])
def test_the_chart_under_the_operator(release: str) -> None:
    prefix = "temporal" if release == "temporal" else "orders-temporal"
    (part,) = parts_of(setups.look(*setups.chart(release, "workflows"))).values()
    mapping = mapping_of("workflows", part, "exported_namespace")
    assert mapping.matcher == 'namespace="workflows"'
    # Its values are the same for each release, and those of the defaults.
    assert mapping.role == "container"
    for role in Role:
        assert mapping.roles(f"temporal-{role}") == {role}
    assert mapping.instance == "pod"
    assert mapping.namespace == "exported_namespace"
    assert guessed_address(part).value == f"{prefix}-frontend.workflows:7233"


def test_the_chart_where_targets_have_only_their_job() -> None:
    targets = [
        ({name: labels[name] for name in ("job", "instance", "namespace")}, roles)
        for labels, roles in setups.chart("orders")
    ]
    (part,) = parts_of(setups.look(*targets)).values()
    mapping = mapping_of("temporal", part)
    assert (mapping.role, mapping.instance) == ("job", "instance")
    for role in Role:
        assert mapping.roles(f"orders-temporal-{role}-headless") == {role}


def test_the_chart_by_annotations_of_its_pods() -> None:
    (part,) = parts_of(setups.look(*setups.annotated())).values()
    mapping = mapping_of("temporal", part)
    assert mapping.matcher == 'namespace="temporal"'
    assert mapping.role == "app_kubernetes_io_component"
    assert mapping.roles("history") == {Role.HISTORY}


def test_a_compose_file_with_one_server() -> None:
    (part,) = parts_of(setups.look(*setups.compose())).values()
    mapping = mapping_of("temporal", part)
    assert mapping.matcher == 'job="temporal"'
    # Known although the process is down: the job alone tells its roles.
    assert mapping.roles("temporal") == set(Role)
    assert guessed_address(part).value == "temporal:7233"


def test_tenants_of_mimir_are_clusters_and_their_label_is_in_no_series() -> None:
    parts = parts_of(setups.look(*setups.mimir("team-a"), *setups.mimir("team-b")))
    assert parts.keys() == {"team-a", "team-b"}
    assert matcher(parts["team-a"].selection) == 'cluster="prod"'


JOBS = "|".join(f"{{}}-temporal-{role}-headless" for role in sorted(Role))
IN_EKS = 'cluster="eks",namespace="temporal"'


@pytest.mark.parametrize(
    ("targets", "matchers"),
    [
        ([*setups.stack("eu"), *setups.stack("us")], {'cluster="eu"', 'cluster="us"'}),
        (
            [*setups.chart(namespace="a"), *setups.chart("temporal-b", "b")],
            {'namespace="a"', 'namespace="b"'},
        ),
        # Two releases in one namespace, which a label of their Kubernetes cluster has, too.
        (
            [*setups.chart("a", cluster="eks"), *setups.chart("bb", cluster="eks")],
            {f'job=~"{JOBS.format(*[name] * 4)}",{IN_EKS}' for name in ("a", "bb")},
        ),
        (
            [*setups.compose("orders", "orders:8000"), *setups.compose("billing", "billing:8000")],
            {'job="billing"', 'job="orders"'},
        ),
        # A server for development beside a cluster of four roles.
        (
            [
                *(({**labels, "cluster": ""}, roles) for labels, roles in setups.stack()),
                *setups.compose("dev", "dev:9090"),
            ],
            {
                'job="dev"',
                'job=~"temporal-frontend|temporal-history|temporal-matching|temporal-worker"',
            },
        ),
    ],
)
def test_two_clusters_are_told_apart(targets: list[setups.Target], matchers: set[str]) -> None:
    parts = parts_of(setups.look(*targets))
    assert {matcher(part.selection) for part in parts.values()} == matchers
    assert len(parts) == 2


def test_zones_of_one_cluster_do_not_divide_it() -> None:
    targets = [
        ({**labels, "zone": zone, "instance": f"{zone}:{labels['instance']}"}, roles)
        for zone in ("1a", "1b")
        for labels, roles in setups.stack()
    ]
    (part,) = parts_of(setups.look(*targets)).values()
    assert part.sureness is Sureness.SURE


def test_a_label_that_may_name_clusters_is_a_doubt() -> None:
    targets = [
        ({**labels, "cell": cell, "instance": f"{cell}-{labels['instance']}"}, roles)
        for cell in ("1", "2")
        for labels, roles in setups.chart()
    ]
    (part,) = parts_of(setups.look(*targets)).values()
    assert part.sureness is Sureness.LIKELY
    assert "cell" in part.notes[0]


def test_two_servers_with_the_same_labels_are_a_doubt() -> None:
    targets = [*setups.compose(instance="one:8000"), *setups.compose(instance="two:8000")]
    (part,) = parts_of(setups.look(*targets)).values()
    assert part.sureness is Sureness.LIKELY
    assert part.notes


def test_instances_that_two_jobs_scrape_are_read_once() -> None:
    pods = [({**labels, "job": "kubernetes-pods"}, roles) for labels, roles in setups.chart()]
    (part,) = parts_of(setups.look(*setups.chart(), *pods)).values()
    assert set(dict(part.selection)["job"]) == {f"temporal-{role}-headless" for role in Role}
    assert "kubernetes-pods" in part.notes[0]


def test_a_namespace_that_series_do_not_keep_selects_nothing() -> None:
    seen = setups.look(*setups.chart(), honors_labels=True)
    (part,) = parts_of(seen).values()
    assert "namespace" not in dict(part.selection)


def test_a_role_that_is_not_scraped_leaves_a_cluster() -> None:
    targets = [one for one in setups.stack("eu") if one[1] != (Role.WORKER,)]
    parts = parts_of(setups.look(*targets, *setups.stack("us")))
    assert parts["eu"].roles == set(Role) - {Role.WORKER}


def test_servers_without_up_are_found_by_their_series() -> None:
    parts = parts_of(setups.look(*setups.stack(), has_up=False))
    assert {target.up for target in parts["monitored"].targets} == {None}


def test_workers_of_users_are_no_server() -> None:
    seen = setups.look(workers=[{"job": "temporal-worker", "instance": "10.0.0.1:9090"}])
    assert read_targets(seen) == ()
    assert sdk_processes(seen)
