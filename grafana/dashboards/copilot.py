"""Temporal SRE Copilot: its verdict and findings, the signals behind them, its own process.

State, rules, log patterns and signals come from Prometheus, so they show without a plugin; text,
issues and services come from the Copilot's API.
"""

from copilot.signals.signal import Kind
from grafana.colors import FIRED
from grafana.dashboard import (
    COPILOT,
    ApiQuery,
    CellType,
    Column,
    Dashboard,
    Panel,
    PanelType,
    PromQL,
    Row,
    table,
    time_series,
)
from grafana.dashboards.copilot_process_row import copilot_process_row
from grafana.dashboards.copilot_verdict_row import (
    BEFORE_FIRST_VERDICT,
    CLUSTER_PARAMETER,
    VERDICT_ROW,
)
from grafana.promql import CLUSTER_VARIABLE, WATCHED, select, total
from grafana.signal_panels import panels_of_kinds

_TOP = 10
_LOG_PATTERNS = PromQL(
    total(
        "copilot_log_pattern_count",
        by="pattern, service",
        top=_TOP,
        cluster=WATCHED,
    ),
    "{{service}}: {{pattern}}",
    "no series while the logs match no known pattern",
)
_FINDINGS = Row(
    "Findings",
    (
        Panel(
            "Rules over time",
            "Each rule that fired, while it fired.",
            PanelType.STATE_TIMELINE,
            (
                PromQL(
                    "max by (gate) (" + select("copilot_gate_fired", cluster=WATCHED) + ")",
                    "{{gate}}",
                    BEFORE_FIRST_VERDICT,
                ),
            ),
            unit="none",
            width=24,
            height=10,
            mappings=FIRED,
        ),
        table(
            "Analysis",
            "Open issues, newest first; the Copilot's page lists all causes and next checks.",
            ApiQuery(
                f"/status/issues{CLUSTER_PARAMETER}",
                (
                    Column("severity", "Severity", CellType.STATE),
                    Column("title", "Issue", CellType.PROSE),
                    Column("description", "Evidence", CellType.PROSE),
                    Column("likely_causes.0", "Likely cause", CellType.PROSE),
                    Column("opened_at", "Since", CellType.TIME),
                ),
                rows="issues",
            ),
            width=24,
        ),
        table(
            "Notices",
            "What is worth reading and changes no state.",
            ApiQuery(
                f"/status{CLUSTER_PARAMETER}",
                (
                    Column("title", "Notice", CellType.PROSE),
                    Column("description", "Evidence", CellType.PROSE),
                ),
                rows="notices",
            ),
            width=24,
        ),
        table(
            "Suggested remediations",
            "Suggestions only: the Copilot carries out nothing.",
            ApiQuery(
                f"/status{CLUSTER_PARAMETER}",
                (
                    Column("description", "Suggestion", CellType.PROSE),
                    Column("target_service", "Service"),
                    Column("risk_level", "Risk"),
                    Column("confidence", "Confidence", CellType.SHARE),
                ),
                rows="recommended_actions",
            ),
        ),
        table(
            "Health by service",
            "Each service and the persistence, by the rules that decide the verdict.",
            ApiQuery(
                f"/status/services{CLUSTER_PARAMETER}",
                (
                    Column("name", "Service"),
                    Column("status", "State", CellType.STATE),
                    Column("reason", "Why", CellType.PROSE),
                ),
                rows="services",
            ),
        ),
        Panel(
            "Log patterns",
            f"The {_TOP} most frequent known patterns in the logs of the last cycle.",
            PanelType.TABLE,
            (_LOG_PATTERNS,),
            unit="short",
        ),
        time_series(
            "Log patterns over time",
            f"Log lines in each cycle, for the {_TOP} most frequent known patterns.",
            "suffix: lines",
            _LOG_PATTERNS,
        ),
        time_series(
            "Canary by step",
            "Seconds of each step of the slowest canary between two cycles: the engine's way, "
            "measured by workflows of the Copilot's own.",
            "s",
            PromQL(
                "max by (step) (" + select("copilot_canary_step_seconds", cluster=WATCHED) + ")",
                "{{step}}",
                "no series where the canary is off or passes nowhere",
            ),
            width=24,
        ),
        table(
            "Changes of state",
            "Changes in the selected time range, oldest first, at most 1000.",
            ApiQuery(
                f"/status/timeline{CLUSTER_PARAMETER}"
                "&start=$${__from:date:iso}&end=$${__to:date:iso}&limit=1000",
                (
                    Column("timestamp", "At", CellType.TIME),
                    Column("previous_state", "From", CellType.STATE),
                    Column("health_state", "To", CellType.STATE),
                    Column("summary", "Explanation", CellType.PROSE),
                ),
                rows="timeline",
            ),
            width=24,
        ),
    ),
)


def _signal_table(title: str, description: str, field: str) -> Panel:
    columns = (
        Column("title", "Signal"),
        Column("value", "Value", CellType.NUMBER),
        Column("unit", "Unit"),
        Column("absence", "Missing because"),
    )
    query = ApiQuery(f"/status{CLUSTER_PARAMETER}", columns, rows=field)
    return table(title, description, query, height=10)


_LAST_SIGNALS = Row(
    "Signals as the last cycle read them",
    (
        _signal_table(
            "Primary signals",
            "Every signal that rules read, with demand and retention.",
            "primary_signals",
        ),
        _signal_table(
            "Contributing signals",
            "Signals of the server and of users' workers that explain why another signal is bad.",
            "amplifiers",
        ),
    ),
    collapsed=True,
)
_SIGNALS_OVER_TIME = tuple(
    Row(title, panels, collapsed=True)
    for title, panels in (
        ("Signals that decide, over time", panels_of_kinds(Kind.PRIMARY, Kind.DEMAND, Kind.SYSTEM)),
        ("Contributing signals over time", panels_of_kinds(Kind.CONTRIBUTING)),
        ("Users' workers over time", panels_of_kinds(Kind.WORKER)),
    )
    if panels
)

DASHBOARD = Dashboard(
    uid="temporal-sre-copilot",
    title="Temporal SRE Copilot",
    folder=COPILOT,
    description="The Copilot's verdict, its findings, and the signals behind them.",
    guide=(
        "**Rules decide, explanations follow.** The state is the Copilot's verdict, one every "
        "30 s; a rule compares a reading with its limit. *Unknown* means that the cluster could "
        "not be observed, not that it is healthy. Panels with text query the Copilot's API "
        "through the Infinity plugin, which Grafana installs at its first start; the others do "
        "not need it."
    ),
    rows=(VERDICT_ROW, _FINDINGS, _LAST_SIGNALS, *_SIGNALS_OVER_TIME, copilot_process_row()),
    variables=(CLUSTER_VARIABLE,),
    since="now-6h",
)
