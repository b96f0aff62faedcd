"""A dashboard as data: what is shown, asked of whom. `render` makes Grafana's JSON of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Source(StrEnum):
    """The provisioned data sources, by uid."""

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
    """One query of the metrics store.

    `absent_when_healthy` is why a loaded and healthy cluster may have no such series; empty when
    it always has.
    """

    expr: str
    legend: str
    absent_when_healthy: str = ""
    source = Source.PROMETHEUS


@dataclass(frozen=True)
class LogQL:
    """One query of the log store."""

    expr: str
    legend: str = ""
    source = Source.LOKI


@dataclass(frozen=True)
class CloudWatchMetric:
    """A metric of an Aurora DSQL cluster; `statistic` is Average or Sum."""

    name: str
    statistic: str
    legend: str
    source = Source.CLOUDWATCH


class Cell(StrEnum):
    """How a column of an answer is shown."""

    TEXT = "text"
    PROSE = "prose"  # wrapped
    TIME = "time"
    NUMBER = "number"
    STATE = "state"  # in the colour of the state or severity
    SHARE = "share"  # 0 to 1, as a bar


@dataclass(frozen=True)
class Column:
    """A field of each row of an answer."""

    selector: str
    title: str
    cell: Cell = Cell.TEXT


@dataclass(frozen=True)
class Answer:
    """What a route of the Copilot's API answers; `rows` is the field that lists them.

    Without `rows` the answer is one row.
    """

    path: str
    columns: tuple[Column, ...]
    rows: str = ""
    source = Source.COPILOT


Query = PromQL | LogQL | CloudWatchMetric | Answer


class View(StrEnum):
    """A kind of panel, by Grafana's name."""

    TIME_SERIES = "timeseries"
    STAT = "stat"
    TABLE = "table"
    STATES = "state-timeline"
    LOGS = "logs"
    TEXT = "text"


@dataclass(frozen=True)
class Step:
    """A colour from a value on; the first step's value is None."""

    value: float | None
    color: str


@dataclass(frozen=True)
class Word:
    """What is shown in place of a value, and its colour."""

    value: str
    text: str
    color: str


@dataclass(frozen=True)
class Panel:
    """One panel; `width` is of 24, `unit` is Grafana's, `text` is the Markdown of a note.

    `steps` and `words` colour a single value, `words` states too.
    """

    title: str
    description: str
    view: View = View.TIME_SERIES
    queries: tuple[Query, ...] = ()
    unit: str = ""
    width: int = 12
    height: int = 8
    steps: tuple[Step, ...] = ()
    words: tuple[Word, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Row:
    """Panels under one heading; a collapsed row asks nothing until it is opened."""

    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False


@dataclass(frozen=True)
class Variable:
    """A choice at the top of a dashboard.

    `query` asks `source` for the choices; without one they are `choices`, value by text.
    `default` is a value; None stands for all of them, several of which may be chosen.
    """

    name: str
    label: str
    description: str
    default: str | None
    query: str = ""
    source: Source = Source.PROMETHEUS
    choices: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dashboard:
    """One dashboard; its first panel, outside any row, says how to read it."""

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
