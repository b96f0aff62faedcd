"""Each kind of query as a target of a panel."""

from grafana_foundation_sdk.builders import cloudwatch, loki, prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.cloudwatch import (
    CloudWatchQueryMode,
    MetricEditorMode,
    MetricQueryType,
)
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.dashboard import (
    DSQL_VARIABLE,
    ApiQuery,
    CellType,
    CloudWatchMetric,
    LogQL,
    PanelType,
    PromQL,
    Query,
    Source,
)

_INSTANT = {PanelType.STAT, PanelType.TABLE}
_TYPES = {CellType.TIME: "timestamp", CellType.NUMBER: "number", CellType.SHARE: "number"}


def source_reference(source: Source) -> DataSourceRef:
    """The data source as panels and queries refer to it."""
    return DataSourceRef(type_val=source.plugin, uid=source)


def build_query(query: Query, ref_id: str, panel_type: PanelType) -> Builder[Dataquery]:
    """The query as a target of a panel of this type."""
    match query:
        case PromQL():
            return _prometheus(query, ref_id, panel_type)
        case LogQL():
            return _loki(query, ref_id)
        case CloudWatchMetric():
            return _cloudwatch(query, ref_id)
        case ApiQuery():
            return InfinityQuery(query, ref_id)


def _prometheus(query: PromQL, ref_id: str, panel_type: PanelType) -> prometheus.Dataquery:
    builder = prometheus.Dataquery().ref_id(ref_id).expr(query.expr).legend_format(query.legend)
    builder = builder.instant() if panel_type in _INSTANT else builder.range()
    return builder.format(PromQueryFormat.TABLE) if panel_type is PanelType.TABLE else builder


def _loki(query: LogQL, ref_id: str) -> loki.Dataquery:
    builder = loki.Dataquery().ref_id(ref_id).expr(query.expr).query_type("range")
    return builder.legend_format(query.legend) if query.legend else builder


def _cloudwatch(query: CloudWatchMetric, ref_id: str) -> cloudwatch.CloudWatchMetricsQuery:
    return (
        cloudwatch.CloudWatchMetricsQuery()
        .ref_id(ref_id)
        .id(ref_id.lower())
        .query_mode(CloudWatchQueryMode.METRICS)
        .metric_query_type(MetricQueryType.SEARCH)
        .metric_editor_mode(MetricEditorMode.BUILDER)
        .region("default")
        .namespace("AWS/AuroraDSQL")
        .metric_name(query.name)
        .dimensions({"ClusterId": f"${DSQL_VARIABLE}"})
        .match_exact(True)
        .statistic(query.statistic)
        .label(query.legend)
    )


class InfinityQuery(Dataquery, Builder[Dataquery]):
    """A query of the Infinity plugin, which the SDK does not cover."""

    def __init__(self, query: ApiQuery, ref_id: str) -> None:
        self._query = query
        self._ref_id = ref_id

    def build(self) -> Dataquery:
        return self

    def to_json(self) -> dict[str, object]:
        """The JSON that the plugin's editor writes; the plugin's backend parses the response."""
        return {
            "refId": self._ref_id,
            "type": "json",
            "parser": "backend",
            "source": "url",
            "format": "table",
            "url": self._query.path,
            "url_options": {"method": "GET", "data": ""},
            "root_selector": self._query.rows,
            "columns": [
                {
                    "selector": column.selector,
                    "text": column.title,
                    "type": _TYPES.get(column.cell, "string"),
                }
                for column in self._query.columns
            ],
            "filters": [],
        }
