"""The rivals' rules read series that the lab has, and name kinds of cause."""

import re

import pytest
import yaml

from copilot.health.decision import CauseKind
from tests.bench.alarms import Rules
from tests.bench.rival_rules import FOLDER, RIVALS
from tests.grafana.exported_metrics import (
    SCRAPE_METRICS,
    SERVER_METRICS,
    catalogue_metrics,
    metrics_of,
)

# Of the SDK of the lab's load.
LOAD_METRICS = {
    "temporal_workflow_task_schedule_to_start_latency_bucket",
    "temporal_activity_schedule_to_start_latency_bucket",
}
each = pytest.mark.parametrize("rules", RIVALS, ids=[rules.name for rules in RIVALS])


def expressions(rules: Rules) -> list[str]:
    groups = yaml.safe_load((FOLDER / f"{rules.name}.yaml").read_text(encoding="utf-8"))["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


@each
def test_its_expressions_read_series_that_the_lab_has(rules: Rules) -> None:
    known = SCRAPE_METRICS | SERVER_METRICS | catalogue_metrics() | LOAD_METRICS
    for expression in expressions(rules):
        # A histogram with buckets has a sum and a count.
        names = (
            re.sub("(?<=_milliseconds)_(sum|count)$", "_bucket", name)
            for name in metrics_of(expression)
        )
        assert set(names) <= known


@each
def test_a_cause_has_a_kind_and_a_name(rules: Rules) -> None:
    for cause in rules.causes.values():
        kind, _, name = cause.partition(" ")
        assert CauseKind(kind)
        assert name


def test_names_of_alerts_are_unique() -> None:
    names = [name for rules in RIVALS for name in rules.causes]
    assert len(names) == len(set(names))
