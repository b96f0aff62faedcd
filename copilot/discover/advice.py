"""Lines for the configuration that scrapes a cluster, for the kind of set-up that was found."""

import json
from collections.abc import Iterable, Mapping
from enum import Enum

import yaml

from copilot.discover.split import TENANT, Part
from copilot.signals.roles import Role

METRICS_PORT = 9090
"""The port of metrics in Temporal's chart."""
SCRAPE_SECONDS = 15


class Setup(Enum):
    """What scrapes the targets."""

    OPERATOR = "Prometheus operator"
    ALLOY = "Grafana Alloy"
    PROMETHEUS = "Prometheus"


def setup_of(part: Part, *, has_alloy: bool) -> Setup:
    """The set-up by the labels of the targets: the operator gives each these four."""
    of_operator = {"endpoint", "namespace", "pod", "service"}
    if any(of_operator <= target.labels.keys() for target in part.targets):
        return Setup.OPERATOR
    return Setup.ALLOY if has_alloy else Setup.PROMETHEUS


def scrape(setup: Setup, part: Part, role: Role) -> str:
    """Lines that scrape a role which is not scraped yet, with the labels of the other targets."""
    labels = {
        name: values[0]
        for name, values in part.selection
        if len(values) == 1 and name not in {"job", TENANT}
    }
    address = f"HOST:{METRICS_PORT}"
    match setup:
        case Setup.OPERATOR:
            return _yaml(_service_monitor(part, role))
        case Setup.ALLOY:
            return _alloy(role, {"__address__": address, **labels})
        case Setup.PROMETHEUS:
            target = {"targets": [address]} | ({"labels": labels} if labels else {})
            job = {"job_name": role.job, "static_configs": [target]}
            return _yaml({"scrape_configs": [job]})


def scrape_interval(setup: Setup) -> str:
    """The line that has targets scraped often enough."""
    match setup:
        case Setup.OPERATOR:
            return _yaml({"endpoints": [{"port": "metrics", "interval": f"{SCRAPE_SECONDS}s"}]})
        case Setup.ALLOY:
            return f'scrape_interval = "{SCRAPE_SECONDS}s"\n'
        case Setup.PROMETHEUS:
            return f"scrape_interval: {SCRAPE_SECONDS}s\n"


def keep(setup: Setup, names: Iterable[str]) -> str:
    """Where the rules are that must not drop the metrics; which rule does so is not known here."""
    listed = ", ".join(sorted(set(names)))
    match setup:
        case Setup.OPERATOR:
            place = "metricRelabelings:"
        case Setup.ALLOY:
            place = "prometheus.relabel:"
        case Setup.PROMETHEUS:
            place = "metric_relabel_configs:"
    return f"{place} no `drop` may match, and each `keep` must match: {listed}\n"


def _service_monitor(part: Part, role: Role) -> Mapping[str, object]:
    """A monitor of the headless service of Temporal's chart."""
    release = part.constant("app_kubernetes_io_instance")
    labels = {
        "app.kubernetes.io/component": str(role),
        "app.kubernetes.io/headless": "true",
    } | ({"app.kubernetes.io/instance": release} if release else {})
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {"name": role.job, "namespace": part.constant("namespace")},
        "spec": {
            "endpoints": [{"port": "metrics", "interval": f"{SCRAPE_SECONDS}s"}],
            "selector": {"matchLabels": labels},
        },
    }


def _alloy(role: Role, target: Mapping[str, str]) -> str:
    labels = ", ".join(f"{name} = {json.dumps(value)}" for name, value in target.items())
    return (
        f'prometheus.scrape "{role.job.replace("-", "_")}" {{\n'
        f'  job_name   = "{role.job}"\n'
        f"  targets    = [{{{labels}}}]\n"
        "  forward_to = [prometheus.remote_write.default.receiver]\n"
        "}\n"
    )


def _yaml(content: Mapping[str, object]) -> str:
    return str(yaml.safe_dump(content, sort_keys=False, width=1000))
