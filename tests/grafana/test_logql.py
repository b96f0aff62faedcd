"""Every LogQL expression of the dashboards parses by Grafana's own grammar."""

from pathlib import Path

from grafana.dashboard import LogQL
from grafana.provisioning import all_queries
from tests.grafana.variables import expand_variables
from tests.logql import logql_parser


def test_every_logql_expression_parses(tmp_path: Path) -> None:
    expressions = [
        expand_variables(query.expr) for _, _, query in all_queries() if isinstance(query, LogQL)
    ]
    assert expressions
    assert logql_parser(tmp_path).problems(expressions) == [""] * len(expressions)
