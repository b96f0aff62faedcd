"""Each type of panel with its axes, legends, colours and columns."""

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
from grafana_foundation_sdk.models import dashboard as models
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
from grafana_foundation_sdk.models.text import TextMode

from grafana.colors import STATES
from grafana.dashboard import ApiQuery, CellType, Column, Panel, PanelType, Threshold, ValueMapping

# For values without thresholds.
_TEXT_COLOR = (Threshold(None, "text"),)
AnyPanel = (
    timeseries.Panel | stat.Panel | table.Panel | statetimeline.Panel | logs.Panel | text.Panel
)


def build_panel(panel: Panel) -> AnyPanel:
    """The panel without its title, place and queries."""
    match panel.type:
        case PanelType.TIME_SERIES:
            return _time_series(panel)
        case PanelType.STAT:
            return _stat(panel)
        case PanelType.TABLE:
            return _table(panel)
        case PanelType.STATE_TIMELINE:
            return _state_timeline(panel)
        case PanelType.LOGS:
            return logs.Panel().show_time(True).sort_order(LogsSortOrder.DESCENDING)
        case PanelType.TEXT:
            return text.Panel().mode(TextMode.MARKDOWN).content(panel.markdown)


def _time_series(panel: Panel) -> timeseries.Panel:
    legend = (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
    )
    tooltip = common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    builder = timeseries.Panel().unit(panel.unit).min(0).fill_opacity(10).legend(legend)
    # Points too, because a series of one scrape has no line.
    return builder.tooltip(tooltip).show_points(VisibilityMode.AUTO)


def _stat(panel: Panel) -> stat.Panel:
    builder = stat.Panel().unit(panel.unit).graph_mode(BigValueGraphMode.NONE)
    builder.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    builder.mappings(_mappings(panel.mappings))
    builder.thresholds(_thresholds(panel.thresholds or _TEXT_COLOR))
    color = BigValueColorMode.BACKGROUND if panel.mappings else BigValueColorMode.VALUE
    return builder.color_mode(color).no_value("no data")


def _state_timeline(panel: Panel) -> statetimeline.Panel:
    builder = statetimeline.Panel().unit(panel.unit).mappings(_mappings(panel.mappings))
    builder.merge_values(True).show_value(VisibilityMode.AUTO).row_height(0.8)
    builder.color_scheme(builders.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    return builder.thresholds(_thresholds(_TEXT_COLOR))


def _table(panel: Panel) -> table.Panel:
    builder = table.Panel().no_value("none")
    if panel.unit:
        builder.unit(panel.unit)
        # A metric's table has the query's time in each row, always the same.
        hidden: dict[str, object] = {"excludeByName": {"Time": True}}
        builder.with_transformation(models.DataTransformerConfig("organize", options=hidden))
    for query in panel.queries:
        if isinstance(query, ApiQuery):
            for column in query.columns:
                _add_column_style(builder, column)
    return builder


def _add_column_style(builder: table.Panel, column: Column) -> None:
    match column.cell:
        case CellType.STATE:
            properties = [
                models.DynamicConfigValue("mappings", _mappings(STATES)),
                models.DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
                models.DynamicConfigValue("custom.width", 110),
            ]
        case CellType.SHARE:
            thresholds = (Threshold(None, "yellow"), Threshold(0.7, "green"))
            properties = [
                models.DynamicConfigValue("unit", "percentunit"),
                models.DynamicConfigValue("min", 0),
                models.DynamicConfigValue("max", 1),
                models.DynamicConfigValue("thresholds", _thresholds(thresholds).build()),
                models.DynamicConfigValue("custom.cellOptions", {"type": "gauge", "mode": "basic"}),
                models.DynamicConfigValue("custom.width", 160),
            ]
        case CellType.PROSE:
            properties = [
                models.DynamicConfigValue("custom.cellOptions", {"type": "auto", "wrapText": True})
            ]
        case CellType.TIME:
            properties = [models.DynamicConfigValue("custom.width", 180)]
        case _:
            return
    builder.override_by_name(column.title, properties)


def _thresholds(thresholds: Iterable[Threshold]) -> builders.ThresholdsConfig:
    return (
        builders.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value=one.value, color=one.color) for one in thresholds])
    )


def _mappings(mappings: Iterable[ValueMapping]) -> list[models.ValueMapping]:
    results = {
        mapping.value: models.ValueMappingResult(
            text=mapping.text, color=mapping.color, index=index
        )
        for index, mapping in enumerate(mappings)
    }
    return [models.ValueMap(options=results)] if results else []
