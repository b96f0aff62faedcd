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

from grafana.model import (
    Answer,
    Cell,
    CloudWatchMetric,
    LogQL,
    PromQL,
    Query,
    Source,
    View,
)

DSQL_VARIABLE = "dsql_cluster"
"""Name of the variable that chooses the Aurora DSQL cluster of CloudWatch's metrics."""
_AT_ONCE = {View.STAT, View.TABLE}
_TYPES = {Cell.TIME: "timestamp", Cell.NUMBER: "number", Cell.SHARE: "number"}


def reference(source: Source) -> DataSourceRef:
    """A data source as panels and queries name it."""
    return DataSourceRef(type_val=source.plugin, uid=source)


def target(query: Query, ref_id: str, view: View) -> Builder[Dataquery]:
    """The query as a panel of this kind asks it."""
    match query:
        case PromQL():
            return _prometheus(query, ref_id, view)
        case LogQL():
            asked = loki.Dataquery().ref_id(ref_id).expr(query.expr).query_type("range")
            return asked.legend_format(query.legend) if query.legend else asked
        case CloudWatchMetric():
            return _cloudwatch(query, ref_id)
        case Answer():
            return InfinityQuery(query, ref_id)


def _prometheus(query: PromQL, ref_id: str, view: View) -> prometheus.Dataquery:
    asked = prometheus.Dataquery().ref_id(ref_id).expr(query.expr).legend_format(query.legend)
    asked = asked.instant() if view in _AT_ONCE else asked.range()
    return asked.format(PromQueryFormat.TABLE) if view is View.TABLE else asked


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
    """A query of the Infinity plugin, which the SDK does not know."""

    def __init__(self, answer: Answer, ref_id: str) -> None:
        self._answer = answer
        self._ref_id = ref_id

    def build(self) -> Dataquery:
        return self

    def to_json(self) -> dict[str, object]:
        """As the plugin's own editor writes it; its backend reads the answer."""
        return {
            "refId": self._ref_id,
            "type": "json",
            "parser": "backend",
            "source": "url",
            "format": "table",
            "url": self._answer.path,
            "url_options": {"method": "GET", "data": ""},
            "root_selector": self._answer.rows,
            "columns": [
                {
                    "selector": column.selector,
                    "text": column.title,
                    "type": _TYPES.get(column.cell, "string"),
                }
                for column in self._answer.columns
            ],
            "filters": [],
        }
