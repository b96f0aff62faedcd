"""What the servers that keep and show metrics and logs are configured with.

None of them runs in these tests: this holds what others count on.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from components.docker_engine import CLUSTER_LABEL, SERVICE_LABEL
from components.service import Service
from stacks import local
from stacks.settings import LocalSettings
from stacks.telemetry import LOKI_URL, MIMIR_URL
from stacks.templates import template

CATALOGUE = local.planned(LocalSettings(scrape_seconds=7))


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


def test_mimir_listens_where_it_is_asked_and_keeps_what_is_promised() -> None:
    found = configuration("mimir", "/etc/mimir/mimir.yaml")
    (port,) = service("mimir").ports
    assert found["server"]["http_listen_port"] == port.container
    assert f"http://mimir:{port.container}/prometheus" == MIMIR_URL
    # Nobody sends a tenant's name.
    assert found["multitenancy_enabled"] is False
    assert found["limits"]["compactor_blocks_retention_period"] == "7d"
    assert "7 days" in service("mimir").purpose
    assert found["ingester"]["ring"]["replication_factor"] == 1
    assert found["store_gateway"]["sharding_ring"]["replication_factor"] == 1


def test_loki_listens_where_it_is_asked_and_keeps_what_is_promised() -> None:
    found = configuration("loki", "/etc/loki/loki.yaml")
    (port,) = service("loki").ports
    assert found["server"]["http_listen_port"] == port.container
    assert f"http://loki:{port.container}" == LOKI_URL
    assert found["auth_enabled"] is False
    assert found["limits_config"]["retention_period"] == "72h"
    assert "3 days" in service("loki").purpose
    # Without these two nothing is ever deleted, or Loki does not start.
    assert found["compactor"]["retention_enabled"] is True
    assert found["compactor"]["delete_request_store"] == "filesystem"
    assert found["common"]["replication_factor"] == 1


def test_what_is_kept_is_kept_in_the_volume() -> None:
    for name, path in (("mimir", "/etc/mimir/mimir.yaml"), ("loki", "/etc/loki/loki.yaml")):
        (volume,) = service(name).mounts
        written = list(folders(configuration(name, path)))
        assert written
        assert all(f"{folder}/".startswith(f"{volume.target}/") for folder in written)


def test_neither_reports_to_its_maker() -> None:
    assert configuration("mimir", "/etc/mimir/mimir.yaml")["usage_stats"]["enabled"] is False
    assert configuration("loki", "/etc/loki/loki.yaml")["analytics"]["reporting_enabled"] is False


def test_grafana_asks_both() -> None:
    path = "/etc/grafana/provisioning/datasources/datasources.yaml"
    sources = {source["uid"]: source for source in configuration("grafana", path)["datasources"]}
    assert sources["prometheus"]["url"] == MIMIR_URL
    assert sources["prometheus"]["isDefault"] is True
    # What $__rate_interval is made of.
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
    """A container's label as discovery writes it."""
    return re.sub(r"\W", "_", label)
