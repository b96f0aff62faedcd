"""What keeps and collects: limits that are what is promised, labels that containers carry."""

import re

import yaml

from components.docker_engine import CLUSTER_LABEL, SERVICE_LABEL
from stacks import local
from stacks.settings import LocalSettings
from stacks.templates import template

CATALOGUE = local.planned(LocalSettings())


def test_metrics_and_logs_are_kept_as_long_as_is_said() -> None:
    limits = yaml.safe_load(template("mimir", "mimir.yaml"))["limits"]
    assert limits["compactor_blocks_retention_period"] == "7d"
    assert "7 days" in CATALOGUE.workloads["mimir"].purpose
    loki = yaml.safe_load(template("loki", "loki.yaml"))
    assert loki["limits_config"]["retention_period"] == "72h"
    assert loki["compactor"]["retention_enabled"]
    assert "3 days" in CATALOGUE.workloads["loki"].purpose


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
