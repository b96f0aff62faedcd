"""A dashboard with its rows and variables as JSON."""

import json
from collections.abc import Iterator
from itertools import count
from string import ascii_uppercase

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from grafana.dashboard import Dashboard, Panel, PanelType, Row, Variable
from grafana.render.panels import AnyPanel, build_panel
from grafana.render.queries import build_query, source_reference
from grafana.shown import SELECTED, ShownCluster

_TAG = "temporal-sre-copilot"


def render_dashboard(dashboard: Dashboard, shown: ShownCluster = SELECTED) -> str:
    """The dashboard as JSON that Grafana can import, for this cluster."""
    return json.dumps(_build(shown.fill(dashboard)).build(), cls=JSONEncoder, indent=2) + "\n"


def _build(dashboard: Dashboard) -> builders.Dashboard:
    builder = (
        builders.Dashboard(dashboard.title)
        .uid(dashboard.uid)
        .description(dashboard.description)
        .tags([_TAG])
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .timezone("utc")
        .time(dashboard.since, "now")
        .refresh("30s")
    )
    for variable in dashboard.variables:
        builder.with_variable(_variable(variable))
    ids = count(1)
    builder.with_panel(_numbered_panel(_guide(dashboard), ids))
    for row in dashboard.rows:
        _add_row(row, builder, ids)
    return builder


def _guide(dashboard: Dashboard) -> Panel:
    return Panel(
        title="How to read this",
        description=dashboard.description,
        type=PanelType.TEXT,
        markdown=dashboard.guide,
        width=24,
        height=4,
    )


def _add_row(row: Row, builder: builders.Dashboard, ids: Iterator[int]) -> None:
    heading = builders.Row(row.title).id(next(ids)).collapsed(row.collapsed)
    panels = [_numbered_panel(panel, ids) for panel in row.panels]
    if row.collapsed:
        for panel in panels:
            heading.with_panel(panel)
    builder.with_row(heading)
    if not row.collapsed:
        for panel in panels:
            builder.with_panel(panel)


def _numbered_panel(panel: Panel, ids: Iterator[int]) -> AnyPanel:
    builder = build_panel(panel)
    builder.id(next(ids))
    builder.title(panel.title)
    builder.description(panel.description)
    builder.span(panel.width)
    builder.height(panel.height)
    if panel.queries:
        builder.datasource(source_reference(panel.queries[0].source))
    for ref_id, query in zip(ascii_uppercase, panel.queries, strict=False):
        builder.with_target(build_query(query, ref_id, panel.type))
    return builder


def _variable(variable: Variable) -> builders.QueryVariable | builders.CustomVariable:
    return _query_variable(variable) if variable.query else _custom_variable(variable)


def _query_variable(variable: Variable) -> builders.QueryVariable:
    builder = (
        builders.QueryVariable(variable.name)
        .label(variable.label)
        .description(variable.description)
        .datasource(source_reference(variable.source))
        .query(variable.query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )
    if variable.default is None:
        everything = VariableOption(text=["All"], value=["$__all"])
        return builder.multi(True).include_all(True).all_value(".*").current(everything)
    if variable.default:
        builder.current(VariableOption(text=variable.default, value=variable.default))
    return builder


def _custom_variable(variable: Variable) -> builders.CustomVariable:
    default = variable.default or ""
    # Before the first `pulumi up` all clusters have the same placeholder as identifier.
    text = next(text for text, value in variable.options.items() if value == default)
    return (
        builders.CustomVariable(variable.name)
        .label(variable.label)
        .description(variable.description)
        .values(",".join(f"{text} : {value}" for text, value in variable.options.items()))
        .current(VariableOption(text=text, value=default))
    )
