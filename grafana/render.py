"""Grafana's JSON of a dashboard, made with its own SDK."""

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

from grafana.model import Dashboard, Panel, Row, Variable, View
from grafana.panels import AnyPanel, builder
from grafana.queries import reference, target

_TAG = "temporal-sre-copilot"


def rendered(dashboard: Dashboard) -> str:
    """The dashboard's JSON, as files hold it and Grafana imports it."""
    return json.dumps(_built(dashboard).build(), cls=JSONEncoder, indent=2) + "\n"


def _built(dashboard: Dashboard) -> builders.Dashboard:
    built = (
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
        built.with_variable(_variable(variable))
    ids = count(1)
    built.with_panel(_panel(_guide(dashboard), ids))
    for row in dashboard.rows:
        _add(row, built, ids)
    return built


def _guide(dashboard: Dashboard) -> Panel:
    return Panel(
        title="How to read this",
        description=dashboard.description,
        view=View.TEXT,
        text=dashboard.guide,
        width=24,
        height=4,
    )


def _add(row: Row, built: builders.Dashboard, ids: Iterator[int]) -> None:
    head = builders.Row(row.title).id(next(ids)).collapsed(row.collapsed)
    panels = [_panel(panel, ids) for panel in row.panels]
    if row.collapsed:
        for panel in panels:
            head.with_panel(panel)
    built.with_row(head)
    if not row.collapsed:
        for panel in panels:
            built.with_panel(panel)


def _panel(panel: Panel, ids: Iterator[int]) -> AnyPanel:
    made = builder(panel)
    made.id(next(ids))
    made.title(panel.title)
    made.description(panel.description)
    made.span(panel.width)
    made.height(panel.height)
    if panel.queries:
        made.datasource(reference(panel.queries[0].source))
    for ref_id, query in zip(ascii_uppercase, panel.queries, strict=False):
        made.with_target(target(query, ref_id, panel.view))
    return made


def _variable(variable: Variable) -> builders.QueryVariable | builders.CustomVariable:
    if not variable.query:
        return _custom(variable)
    made = (
        builders.QueryVariable(variable.name)
        .label(variable.label)
        .description(variable.description)
        .datasource(reference(variable.source))
        .query(variable.query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )
    if variable.default is None:
        everything = VariableOption(text=["All"], value=["$__all"])
        return made.multi(True).include_all(True).all_value(".*").current(everything)
    if variable.default:
        made.current(VariableOption(text=variable.default, value=variable.default))
    return made


def _custom(variable: Variable) -> builders.CustomVariable:
    chosen = variable.default or ""
    text = {value: text for text, value in variable.choices.items()}[chosen]
    return (
        builders.CustomVariable(variable.name)
        .label(variable.label)
        .description(variable.description)
        .values(",".join(f"{text} : {value}" for text, value in variable.choices.items()))
        .current(VariableOption(text=text, value=chosen))
    )
