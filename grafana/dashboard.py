"""A dashboard as data: rows, panels, queries, variables. `grafana.render` turns it into JSON."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Source(StrEnum):
    """Uids of the provisioned data sources."""

    PROMETHEUS = "prometheus"
    LOKI = "loki"
    CLOUDWATCH = "cloudwatch"
    COPILOT = "copilot-api"

    @property
    def plugin(self) -> str:
        """Grafana's name of the data source's type."""
        return "yesoreyeram-infinity-datasource" if self is Source.COPILOT else self.value


@dataclass(frozen=True)
class Folder:
    """A folder of dashboards in Grafana."""

    uid: str
    title: str


TEMPORAL = Folder("temporal", "Temporal")
DSQL = Folder("dsql", "DSQL")
COPILOT = Folder("copilot", "Copilot")
FOLDERS = (TEMPORAL, DSQL, COPILOT)


@dataclass(frozen=True)
class PromQL:
    """A query of the metrics store; `expr` and `legend` are templates: see ShownCluster.

    `absent_when_healthy` says why a healthy cluster under load may have no such series; empty
    when it always has.
    """

    expr: str
    legend: str
    absent_when_healthy: str = ""
    source = Source.PROMETHEUS


@dataclass(frozen=True)
class LogQL:
    """A query of the log store; `expr` and `legend` are templates: see ShownCluster."""

    expr: str
    legend: str = ""
    source = Source.LOKI


DSQL_VARIABLE = "dsql_cluster"
"""The variable that selects the Aurora DSQL cluster of CloudWatch's metrics."""


@dataclass(frozen=True)
class CloudWatchMetric:
    """A metric of an Aurora DSQL cluster; `statistic` is Average or Sum."""

    name: str
    statistic: str
    legend: str
    source = Source.CLOUDWATCH


class CellType(StrEnum):
    """How a table shows a column."""

    TEXT = "text"
    PROSE = "prose"  # wrapped
    TIME = "time"
    NUMBER = "number"
    STATE = "state"  # in the colour of the state or severity
    SHARE = "share"  # 0 to 1, as a bar


@dataclass(frozen=True)
class Column:
    """A column of a table; `selector` is the field's path in a row of the API's JSON."""

    selector: str
    title: str
    cell: CellType = CellType.TEXT


@dataclass(frozen=True)
class ApiQuery:
    """A GET request to the Copilot's API; `path` is a template: see ShownCluster.

    `rows` is the field that lists the rows; without it the whole response is one row.
    """

    path: str
    columns: tuple[Column, ...]
    rows: str = ""
    source = Source.COPILOT


Query = PromQL | LogQL | CloudWatchMetric | ApiQuery


class PanelType(StrEnum):
    """Panel types, by Grafana's names."""

    TIME_SERIES = "timeseries"
    STAT = "stat"
    TABLE = "table"
    STATE_TIMELINE = "state-timeline"
    LOGS = "logs"
    TEXT = "text"


@dataclass(frozen=True)
class Threshold:
    """The colour from a value on; the first threshold's value is None."""

    value: float | None
    color: str


@dataclass(frozen=True)
class ValueMapping:
    """The text and colour shown in place of a value."""

    value: str
    text: str
    color: str


@dataclass(frozen=True)
class Panel:
    """One panel. `width` is in columns of 24, `unit` is one of Grafana's, `markdown` is for TEXT.

    `thresholds` colour a stat, `mappings` a stat or a state timeline.
    """

    title: str
    description: str
    type: PanelType = PanelType.TIME_SERIES
    queries: tuple[Query, ...] = ()
    unit: str = ""
    width: int = 12
    height: int = 8
    thresholds: tuple[Threshold, ...] = ()
    mappings: tuple[ValueMapping, ...] = ()
    markdown: str = ""


def time_series(
    title: str, description: str, unit: str, *queries: Query, width: int = 12, height: int = 8
) -> Panel:
    """A graph over time."""
    return Panel(title, description, queries=queries, unit=unit, width=width, height=height)


def stat(
    title: str,
    description: str,
    unit: str,
    query: Query,
    *,
    width: int = 4,
    thresholds: tuple[Threshold, ...] = (),
    mappings: tuple[ValueMapping, ...] = (),
) -> Panel:
    """The last value, small."""
    return Panel(
        title,
        description,
        PanelType.STAT,
        (query,),
        unit=unit,
        width=width,
        height=4,
        thresholds=thresholds,
        mappings=mappings,
    )


def table(
    title: str, description: str, query: ApiQuery, *, width: int = 12, height: int = 8
) -> Panel:
    """A table of the API's data."""
    return Panel(title, description, PanelType.TABLE, (query,), width=width, height=height)


@dataclass(frozen=True)
class Row:
    """Panels under one heading; a collapsed row runs no query until it is opened."""

    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False


@dataclass(frozen=True)
class Variable:
    """A variable at the top of a dashboard.

    `query`, a template, reads the options from `source`; without one they are `options`, value by
    text.
    `default` is a value; None selects all and allows several.
    """

    name: str
    label: str
    description: str
    default: str | None
    query: str = ""
    source: Source = Source.PROMETHEUS
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dashboard:
    """One dashboard; `guide` is the Markdown of its first panel, which says how to read it.

    `guide` is a template: see ShownCluster.
    """

    uid: str
    title: str
    folder: Folder
    description: str
    guide: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...]
    since: str = "now-30m"

    @property
    def panels(self) -> Iterator[Panel]:
        """Every panel with a query."""
        return (panel for row in self.rows for panel in row.panels)
