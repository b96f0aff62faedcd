"""The compose file has what the catalogue has, in the same order of start."""

from stacks.catalogue.by_stack import local_catalogue
from stacks.settings import LocalSettings
from tests.bench.compose import compose_file

CATALOGUE = local_catalogue(LocalSettings(), database_password="a$b", grafana_password="c")  # noqa: S106


def test_every_workload_waits_for_the_same_as_in_the_stack() -> None:
    services = compose_file(CATALOGUE)["services"]
    assert services.keys() == CATALOGUE.workloads.keys()
    for workload in CATALOGUE.in_order:
        waits = services[workload.name].get("depends_on", {})
        assert waits.keys() == {*CATALOGUE.waits_for(workload)}
    assert services["temporal-frontend"]["depends_on"] == {
        "temporal-schema": {"condition": "service_completed_successfully"},
        "temporal-history": {"condition": "service_healthy"},
    }
    assert services["copilot-worker"]["depends_on"]["loki"] == {"condition": "service_started"}


def test_compose_replaces_nothing_in_a_value() -> None:
    made = compose_file(CATALOGUE)
    password, *_ = made["services"]["postgresql"]["configs"]
    assert made["configs"][password["source"]]["content"] == "a$$b"
