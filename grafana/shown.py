"""The cluster that dashboards show: its names and labels fill their templates."""

import re
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Self

from copilot.clusters.labels import DEFAULT, LabelMapping
from copilot.signals.queries import write
from copilot.signals.style import OPENTELEMETRY, Style
from grafana.dashboard import ApiQuery, Dashboard, LogQL, Panel, PromQL, Query

# At least four scrapes, and never shorter than the interval between two points.
SHORT_WINDOW = "$__rate_interval"
# The Copilot's default; a shorter window has too few observations of a quiet cluster.
LONG_WINDOW = "5m"
CLUSTER_VARIABLE_NAME = "cluster"
_SELECTED = f"${CLUSTER_VARIABLE_NAME}"
_COPILOT_UID = "temporal-sre-copilot"
# Grafana's form of a uid.
_UID = r"[A-Za-z0-9_-]{1,40}"


@dataclass(frozen=True)
class ShownCluster:
    """By default the cluster that is selected in Grafana, with the labels of this project's stacks.

    Templates have the variables of the catalogue of signals, with Grafana's windows, and one for
    each field but `labels` and `style`; `$namespace_label` has Temporal's namespace, `$logs` are
    the matchers of log lines, and `$copilot_uid` is the uid of the Copilot's dashboard.
    """

    name: str = _SELECTED
    labels: LabelMapping = DEFAULT
    style: Style = OPENTELEMETRY
    services: str = f'up{{cluster="{_SELECTED}",job=~"temporal-.*|copilot-.*"}}'
    """PromQL for `up` of its services, without users' workers, which start and stop at any time."""
    log_service: str = "service"
    """The label of log lines that names the service."""
    copilot: str = 'cluster="copilot"'
    """The matchers of the Copilot's own metrics, of all clusters that it watches."""
    # `cluster` is the label of the scrape; what worker and API export becomes `exported_cluster`.
    watched: str = f'cluster="copilot",exported_cluster="{_SELECTED}"'
    """The matchers of the Copilot's own metrics of this cluster."""
    processes: str = '{cluster="copilot",job=~"copilot-worker|copilot-api"}'
    """What selects the Copilot's processes, after the name of a metric that every process has."""

    @classmethod
    def existing(cls, name: str, labels: LabelMapping, style: Style, *, copilot_label: str) -> Self:
        """A cluster of a cluster file.

        `copilot_label` is the label with its name on the Copilot's own metrics, `cluster` or
        `exported_cluster`.
        """
        matchers = labels.metrics_of(name)
        of_roles = f"{matchers},{labels.role}=~{labels.values()}"
        return cls(
            name,
            labels,
            style,
            # Where one process has all roles, no pattern matches.
            services=f"up{{{of_roles}}} or on () up{{{matchers}}}",
            log_service=labels.role,
            copilot="",
            watched=f'{copilot_label}="{name}"',
            processes=" and on (instance) (copilot_api_store_up or copilot_query_errors_total)",
        )

    def fill(self, dashboard: Dashboard) -> Dashboard:
        """The dashboard for this cluster; of an existing one, with a title and uid of its own."""
        filled = replace(
            dashboard,
            guide=self._write(dashboard.guide),
            rows=tuple(
                replace(row, panels=tuple(map(self._panel, row.panels))) for row in dashboard.rows
            ),
            variables=tuple(
                replace(one, query=self._write(one.query)) for one in dashboard.variables
            ),
        )
        if self.name == _SELECTED:
            return filled
        return replace(
            filled,
            uid=self.uid(dashboard.uid),
            title=f"{dashboard.title}: {self.name}",
            variables=tuple(one for one in filled.variables if one.name != CLUSTER_VARIABLE_NAME),
        )

    def uid(self, uid: str) -> str:
        """The uid of a dashboard for this cluster; names may have dots, and be too long."""
        if self.name == _SELECTED:
            return uid
        own = f"{uid}-{self.name}"
        if re.fullmatch(_UID, own):
            return own
        return f"{uid}-{sha256(self.name.encode()).hexdigest()[:8]}"

    def _panel(self, panel: Panel) -> Panel:
        return replace(panel, queries=tuple(map(self._query, panel.queries)))

    def _query(self, query: Query) -> Query:
        match query:
            case PromQL() | LogQL():
                return replace(
                    query, expr=self._write(query.expr), legend=self._write(query.legend)
                )
            case ApiQuery():
                return replace(query, path=self._write(query.path))
        return query

    def _write(self, template: str) -> str:
        return write(
            template,
            self.name,
            self.style,
            self.labels,
            short=SHORT_WINDOW,
            long=LONG_WINDOW,
            name=self.name,
            services=self.services,
            log_service=self.log_service,
            copilot=self.copilot,
            watched=self.watched,
            processes=self.processes,
            namespace_label="exported_namespace" if self.style.exported_namespace else "namespace",
            logs=self.labels.logs_of(self.name),
            copilot_uid=self.uid(_COPILOT_UID),
        )


SELECTED = ShownCluster()
"""The cluster that is selected in the Grafana of a stack."""
