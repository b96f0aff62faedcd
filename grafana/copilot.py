"""Temporal SRE Copilot: its verdict, what it found, the signals behind it, and how it fares.

What its metrics hold is asked of Prometheus, so that state, gates, log patterns and signals show
without a plugin; words, issues and services are asked of its API.
"""

from copilot.signals.signal import Kind
from grafana.model import COPILOT, Answer, Cell, Column, Dashboard, Panel, PromQL, Row, View
from grafana.own import own_row
from grafana.promql import CLUSTER_VARIABLE, OWN_CLUSTER, select, total
from grafana.signals import panels_of_kinds
from grafana.words import FIRED, NONE_IS_GOOD, NUMBERED_STATES, rising

_CLUSTER = "?cluster=$cluster"
_FIRST_VERDICT = "there is none before the first verdict"
# A verdict is old after three cycles of 30 s.
_OLD_SECONDS = 90
_TOP = 10


# The scrape's own label `cluster` moves the one that says whose verdict it is.
_WATCHED = 'exported_cluster="$cluster"'


def _health_state() -> str:
    """0 to 3, as the API serves it: a verdict that is old is unknown."""
    return " + ".join(
        f"{number} * "
        + total("copilot_api_health_state", f'{_WATCHED},state="{state}"', cluster=OWN_CLUSTER)
        for number, state in ((1, "happy"), (2, "stressed"), (3, "critical"))
    )


_STATE = PromQL(_health_state(), "state")
_VERDICT = Row(
    "Verdict",
    (
        Panel(
            "State",
            "The last verdict; unknown where the cluster could not be seen or the verdict is old.",
            View.STAT,
            (_STATE,),
            unit="none",
            width=4,
            height=4,
            words=NUMBERED_STATES,
        ),
        Panel(
            "Last verdict",
            "Age of the newest verdict: there is one every 30 s, and after three of them it is "
            "old.",
            View.STAT,
            (PromQL(total("copilot_api_data_age_seconds", _WATCHED, cluster=OWN_CLUSTER), "age"),),
            unit="s",
            width=4,
            height=4,
            steps=rising(_OLD_SECONDS / 2, _OLD_SECONDS),
        ),
        Panel(
            "Gates fired",
            "Rules whose limit was passed in the last cycle.",
            View.STAT,
            (PromQL(total("copilot_gate_fired", cluster=OWN_CLUSTER), "gates", _FIRST_VERDICT),),
            unit="short",
            width=4,
            height=4,
            steps=rising(1, 3),
        ),
        Panel(
            "Open issues",
            "Things that are wrong now, from the Copilot's API.",
            View.STAT,
            (Answer(f"/status{_CLUSTER}", (Column("issue_count", "Open issues", Cell.NUMBER),)),),
            unit="short",
            width=4,
            height=4,
            steps=rising(1, 3),
        ),
        Panel(
            "Signals missing",
            "Signals that could not be read in the last cycle; missing is never healthy.",
            View.STAT,
            (PromQL(total("copilot_signal_missing", cluster=OWN_CLUSTER), "missing"),),
            unit="short",
            width=4,
            height=4,
            steps=NONE_IS_GOOD,
        ),
        Panel(
            "Bottleneck",
            "What limits the cluster, and why; it explains the verdict and decides nothing.",
            View.TABLE,
            (
                Answer(
                    f"/status{_CLUSTER}",
                    (Column("bottleneck", "Limited by"), Column("scale_band", "Size")),
                ),
            ),
            width=4,
            height=4,
        ),
        Panel(
            "State over time",
            "Every verdict; a gap is a time without one.",
            View.STATES,
            (_STATE,),
            unit="none",
            width=24,
            height=4,
            words=NUMBERED_STATES,
        ),
        Panel(
            "Advisor",
            "The explanation of the last verdict, and who worded it: rules or a model.",
            View.TABLE,
            (
                Answer(
                    f"/status/summary{_CLUSTER}",
                    (
                        Column("health_state", "State", Cell.STATE),
                        Column("summary", "Explanation", Cell.PROSE),
                        Column("explained_by", "Explained by"),
                        Column("model", "Model"),
                        Column("timestamp", "At", Cell.TIME),
                    ),
                ),
            ),
            width=24,
            height=5,
        ),
    ),
)
_LOG_PATTERNS = PromQL(
    total("copilot_log_pattern_count", by="pattern, service", top=_TOP, cluster=OWN_CLUSTER),
    "{{service}}: {{pattern}}",
    "there is none while logs hold no known pattern",
)
_FINDINGS = Row(
    "What it found",
    (
        Panel(
            "Gates over time",
            "Each rule, where its limit was passed.",
            View.STATES,
            (
                PromQL(
                    f"max by (gate) ({select('copilot_gate_fired', cluster=OWN_CLUSTER)})",
                    "{{gate}}",
                    _FIRST_VERDICT,
                ),
            ),
            unit="none",
            width=24,
            height=10,
            words=FIRED,
        ),
        Panel(
            "Analysis",
            "Open issues, newest first; the Copilot's page has all causes and next checks.",
            View.TABLE,
            (
                Answer(
                    f"/status/issues{_CLUSTER}",
                    (
                        Column("severity", "Severity", Cell.STATE),
                        Column("title", "Issue", Cell.PROSE),
                        Column("description", "What was seen", Cell.PROSE),
                        Column("likely_causes.0", "Likely cause", Cell.PROSE),
                        Column("opened_at", "Since", Cell.TIME),
                    ),
                    rows="issues",
                ),
            ),
            width=24,
        ),
        Panel(
            "Suggested remediations",
            "Suggestions only: nothing is done by itself.",
            View.TABLE,
            (
                Answer(
                    f"/status{_CLUSTER}",
                    (
                        Column("description", "Suggestion", Cell.PROSE),
                        Column("target_service", "Service"),
                        Column("risk_level", "Risk"),
                        Column("confidence", "Confidence", Cell.SHARE),
                    ),
                    rows="recommended_actions",
                ),
            ),
        ),
        Panel(
            "Health by service",
            "Each service and the persistence, by the same gates as the verdict.",
            View.TABLE,
            (
                Answer(
                    f"/status/services{_CLUSTER}",
                    (
                        Column("name", "Service"),
                        Column("status", "State", Cell.STATE),
                        Column("reason", "Why", Cell.PROSE),
                    ),
                    rows="services",
                ),
            ),
        ),
        Panel(
            "Log patterns",
            f"Known patterns in the logs of the last cycle: the {_TOP} most frequent.",
            View.TABLE,
            (_LOG_PATTERNS,),
            unit="short",
        ),
        Panel(
            "Log patterns over time",
            f"Lines of each known pattern since the cycle before: the {_TOP} most frequent.",
            queries=(_LOG_PATTERNS,),
            unit="suffix: lines",
        ),
        Panel(
            "Changes of state",
            "Changes in the chosen time, oldest first, at most 1000.",
            View.TABLE,
            (
                Answer(
                    f"/status/timeline{_CLUSTER}"
                    "&start=${__from:date:iso}&end=${__to:date:iso}&limit=1000",
                    (
                        Column("timestamp", "At", Cell.TIME),
                        Column("previous_state", "From", Cell.STATE),
                        Column("health_state", "To", Cell.STATE),
                        Column("summary", "Explanation", Cell.PROSE),
                    ),
                    rows="timeline",
                ),
            ),
            width=24,
        ),
    ),
)


def _readings(title: str, meaning: str, field: str) -> Panel:
    columns = (
        Column("title", "Signal"),
        Column("value", "Value", Cell.NUMBER),
        Column("unit", "Unit"),
        Column("absence", "Missing because"),
    )
    answer = Answer(f"/status{_CLUSTER}", columns, rows=field)
    return Panel(title, meaning, View.TABLE, (answer,), height=10)


_READINGS = Row(
    "Signals as the last cycle read them",
    (
        _readings(
            "Signal metrics",
            "Every signal by which health is judged, with demand and retention.",
            "primary_signals",
        ),
        _readings(
            "Amplifier metrics",
            "What says why a signal is bad, of the server and of the users' workers.",
            "amplifiers",
        ),
    ),
    collapsed=True,
)
_COURSES = tuple(
    Row(title, panels, collapsed=True)
    for title, panels in (
        (
            "Signals that decide, over time",
            panels_of_kinds(Kind.PRIMARY, Kind.DEMAND, Kind.SYSTEM),
        ),
        ("Amplifiers over time", panels_of_kinds(Kind.AMPLIFIER)),
        ("Users' workers over time", panels_of_kinds(Kind.WORKER)),
    )
    if panels
)

DASHBOARD = Dashboard(
    uid="temporal-sre-copilot",
    title="Temporal SRE Copilot",
    folder=COPILOT,
    description="The Copilot's verdict, what it found, and the signals behind it.",
    guide=(
        "**Rules decide, explanations follow.** The state is the Copilot's verdict, one every "
        "30 s; a gate is a rule with its limit. *Unknown* means that the cluster could not be "
        "seen, not that it is well. Panels with text ask the Copilot's API through the Infinity "
        "plugin, which Grafana fetches at its first start; the others do without."
    ),
    rows=(_VERDICT, _FINDINGS, _READINGS, *_COURSES, own_row()),
    variables=(CLUSTER_VARIABLE,),
    since="now-6h",
)
