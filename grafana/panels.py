"""Each kind of panel with what sets it apart: axes, legends, colours, columns."""

from collections.abc import Iterable

from grafana_foundation_sdk.builders import (
    common,
    logs,
    stat,
    statetimeline,
    table,
    text,
    timeseries,
)
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    LogsSortOrder,
    SortOrder,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.text import TextMode

from grafana.model import Answer, Cell, Column, Panel, Step, View, Word
from grafana.words import STATES

# A value without a judgement has the colour of text.
_PLAIN = (Step(None, "text"),)
AnyPanel = (
    timeseries.Panel | stat.Panel | table.Panel | statetimeline.Panel | logs.Panel | text.Panel
)


def builder(panel: Panel) -> AnyPanel:
    """The panel as Grafana draws it, without its queries and its place."""
    match panel.view:
        case View.TIME_SERIES:
            return _time_series(panel)
        case View.STAT:
            return _stat(panel)
        case View.TABLE:
            return _table(panel)
        case View.STATES:
            return _states(panel)
        case View.LOGS:
            return logs.Panel().show_time(True).sort_order(LogsSortOrder.DESCENDING)
        case View.TEXT:
            return text.Panel().mode(TextMode.MARKDOWN).content(panel.text)


def _time_series(panel: Panel) -> timeseries.Panel:
    legend = (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
    )
    tooltip = common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    made = timeseries.Panel().unit(panel.unit).min(0).fill_opacity(10).legend(legend)
    # Points too: a series of one scrape has no line.
    return made.tooltip(tooltip).show_points(VisibilityMode.AUTO)


def _stat(panel: Panel) -> stat.Panel:
    made = stat.Panel().unit(panel.unit).graph_mode(BigValueGraphMode.NONE)
    made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    made.mappings(_mappings(panel.words))
    made.thresholds(_thresholds(panel.steps or _PLAIN))
    color = BigValueColorMode.BACKGROUND if panel.words else BigValueColorMode.VALUE
    return made.color_mode(color).no_value("no data")


def _states(panel: Panel) -> statetimeline.Panel:
    made = statetimeline.Panel().unit(panel.unit).mappings(_mappings(panel.words))
    made.merge_values(True).show_value(VisibilityMode.AUTO).row_height(0.8)
    made.color_scheme(builders.FieldColor().mode(FieldColorModeId.THRESHOLDS))
    return made.thresholds(_thresholds(_PLAIN))


def _table(panel: Panel) -> table.Panel:
    made = table.Panel().no_value("none")
    if panel.unit:
        made.unit(panel.unit)
        # Of a metric, the time of asking and the labels that all rows share say nothing.
        hidden: dict[str, object] = {"excludeByName": {"Time": True}}
        made.with_transformation(DataTransformerConfig("organize", options=hidden))
    for query in panel.queries:
        if isinstance(query, Answer):
            for column in query.columns:
                _dress(made, column)
    return made


def _dress(made: table.Panel, column: Column) -> None:
    match column.cell:
        case Cell.STATE:
            properties = [
                DynamicConfigValue("mappings", _mappings(STATES)),
                DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
                DynamicConfigValue("custom.width", 110),
            ]
        case Cell.SHARE:
            steps = (Step(None, "yellow"), Step(0.7, "green"))
            properties = [
                DynamicConfigValue("unit", "percentunit"),
                DynamicConfigValue("min", 0),
                DynamicConfigValue("max", 1),
                DynamicConfigValue("thresholds", _thresholds(steps).build()),
                DynamicConfigValue("custom.cellOptions", {"type": "gauge", "mode": "basic"}),
                DynamicConfigValue("custom.width", 160),
            ]
        case Cell.PROSE:
            properties = [
                DynamicConfigValue("custom.cellOptions", {"type": "auto", "wrapText": True})
            ]
        case Cell.TIME:
            properties = [DynamicConfigValue("custom.width", 180)]
        case _:
            return
    made.override_by_name(column.title, properties)


def _thresholds(steps: Iterable[Step]) -> builders.ThresholdsConfig:
    return (
        builders.ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(value=step.value, color=step.color) for step in steps])
    )


def _mappings(words: Iterable[Word]) -> list[ValueMapping]:
    results = {
        word.value: ValueMappingResult(text=word.text, color=word.color, index=index)
        for index, word in enumerate(words)
    }
    return [ValueMap(options=results)] if results else []
