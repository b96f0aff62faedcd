"""Every LogQL of the dashboards, read by Grafana's own grammar."""

from pathlib import Path

from grafana.dashboards import queries
from grafana.model import LogQL
from tests.grafana.filled import filled
from tests.logql import logql_parser


def test_every_logql_is_understood(tmp_path: Path) -> None:
    asked = [filled(query.expr) for _, _, query in queries() if isinstance(query, LogQL)]
    assert asked
    assert logql_parser(tmp_path).problems(asked) == [""] * len(asked)
