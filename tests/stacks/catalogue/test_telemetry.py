"""The configuration of Mimir, Loki, Alloy and Grafana that other parts rely on."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from components.docker_engine import CLUSTER_LABEL, SERVICE_LABEL
from components.workload import Service
from stacks.catalogue.by_stack import catalogue_for
from stacks.catalogue.files import template
from stacks.catalogue.telemetry import LOKI_URL, MIMIR_URL
from stacks.settings import LocalSettings

CATALOGUE = catalogue_for(LocalSettings(scrape_seconds=7))


def service(name: str) -> Service:
    found = CATALOGUE.workloads[name]
    assert isinstance(found, Service)
    return found


def configuration(name: str, path: str) -> dict[str, Any]:
    (content,) = (file.content for file in service(name).files if file.path == path)
    assert isinstance(content, str)
    parsed: dict[str, Any] = yaml.safe_load(content)
    return parsed


def folders(part: object) -> Iterator[str]:
    """Every absolute path in a configuration."""
    if isinstance(part, dict):
        for value in part.values():
            yield from folders(value)
    elif isinstance(part, list):
        for value in part:
            yield from folders(value)
    elif isinstance(part, str) and part.startswith("/"):
        yield part


def test_mimir_has_the_documented_address_and_retention() -> None:
    found = configuration("mimir", "/etc/mimir/mimir.yaml")
    (port,) = service("mimir").ports
    assert found["server"]["http_listen_port"] == port.container
    assert f"http://mimir:{port.container}/prometheus" == MIMIR_URL
    # Clients send no tenant.
    assert found["multitenancy_enabled"] is False
    assert found["limits"]["compactor_blocks_retention_period"] == "7d"
    assert "7 days" in service("mimir").purpose
    assert found["ingester"]["ring"]["replication_factor"] == 1
    assert found["store_gateway"]["sharding_ring"]["replication_factor"] == 1


def test_loki_has_the_documented_address_and_retention() -> None:
    found = configuration("loki", "/etc/loki/loki.yaml")
    (port,) = service("loki").ports
    assert found["server"]["http_listen_port"] == port.container
    assert f"http://loki:{port.container}" == LOKI_URL
    assert found["auth_enabled"] is False
    assert found["limits_config"]["retention_period"] == "72h"
    assert "3 days" in service("loki").purpose
    # Without these two, Loki deletes nothing or does not start.
    assert found["compactor"]["retention_enabled"] is True
    assert found["compactor"]["delete_request_store"] == "filesystem"
    assert found["common"]["replication_factor"] == 1


def test_all_data_is_in_the_volume() -> None:
    for name, path in (("mimir", "/etc/mimir/mimir.yaml"), ("loki", "/etc/loki/loki.yaml")):
        (volume,) = service(name).mounts
        written = list(folders(configuration(name, path)))
        assert written
        assert all(f"{folder}/".startswith(f"{volume.target}/") for folder in written)


def test_usage_reports_are_off() -> None:
    assert configuration("mimir", "/etc/mimir/mimir.yaml")["usage_stats"]["enabled"] is False
    assert configuration("loki", "/etc/loki/loki.yaml")["analytics"]["reporting_enabled"] is False


def test_grafana_queries_both() -> None:
    path = "/etc/grafana/provisioning/datasources/datasources.yaml"
    sources = {source["uid"]: source for source in configuration("grafana", path)["datasources"]}
    assert sources["prometheus"]["url"] == MIMIR_URL
    assert sources["prometheus"]["isDefault"] is True
    # $__rate_interval follows from it.
    assert sources["prometheus"]["jsonData"]["timeInterval"] == "7s"
    assert sources["loki"]["url"] == LOKI_URL


def test_logs_get_the_labels_that_containers_carry() -> None:
    text = template("alloy", "config.alloy")
    read = re.findall(r'"__meta_docker_container_label_(\w+)"\]\s+target_label\s+= "(\w+)"', text)
    assert set(read) == {
        (meta(SERVICE_LABEL), "service"),
        (meta(SERVICE_LABEL), "job"),
        (meta(CLUSTER_LABEL), "cluster"),
    }
    assert 'target_label  = "container"' in text


def meta(label: str) -> str:
    """A container's label in the form of Docker discovery."""
    return re.sub(r"\W", "_", label)
