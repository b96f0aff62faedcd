"""The row on the Copilot's last verdict, its explanation and a model's reading."""

from grafana.colors import NUMBERED_STATES, RED_ABOVE_ZERO, higher_is_worse
from grafana.dashboard import ApiQuery, CellType, Column, Panel, PanelType, PromQL, Row, stat, table
from grafana.promql import WATCHED, total

CLUSTER_PARAMETER = "?cluster=$name"
BEFORE_FIRST_VERDICT = "no series before the first verdict"
# A verdict is old after three cycles of 30 s.
_OLD_SECONDS = 90


def _total(gauge: str, matchers: str = "") -> str:
    return total(gauge, matchers, cluster=WATCHED)


def _health_state() -> str:
    """PromQL for 0 (unknown) to 3 (critical), as the API reports it: an old verdict is unknown."""
    return " + ".join(
        f"{number} * " + _total("copilot_api_health_state", f'state="{state}"')
        for number, state in ((1, "happy"), (2, "stressed"), (3, "critical"))
    )


_STATE = PromQL(_health_state(), "state")
_ISSUE_COUNT = Column("issue_count", "Open issues", CellType.NUMBER)
VERDICT_ROW = Row(
    "Verdict",
    (
        stat(
            "State",
            "The last verdict; unknown when it is old or the cluster could not be observed.",
            "none",
            _STATE,
            mappings=NUMBERED_STATES,
        ),
        stat(
            "Last verdict",
            "Age of the last verdict. There is one every 30 s; after 90 s it is old.",
            "s",
            PromQL(_total("copilot_api_data_age_seconds"), "age"),
            thresholds=higher_is_worse(_OLD_SECONDS / 2, _OLD_SECONDS),
        ),
        stat(
            "Rules fired",
            "Rules that fired in the last cycle.",
            "short",
            PromQL(_total("copilot_gate_fired"), "rules", BEFORE_FIRST_VERDICT),
            thresholds=higher_is_worse(1, 3),
        ),
        stat(
            "Open issues",
            "Issues that are open now, from the Copilot's API.",
            "short",
            ApiQuery(f"/status{CLUSTER_PARAMETER}", (_ISSUE_COUNT,)),
            thresholds=higher_is_worse(1, 3),
        ),
        stat(
            "Signals missing",
            "Signals without a value in the last cycle; missing never counts as healthy.",
            "short",
            PromQL(_total("copilot_signal_missing"), "missing"),
            thresholds=RED_ABOVE_ZERO,
        ),
        table(
            "Bottleneck",
            "What limits the cluster. It explains the verdict and decides nothing.",
            ApiQuery(
                f"/status{CLUSTER_PARAMETER}",
                (Column("bottleneck", "Limited by"), Column("scale_band", "Size")),
            ),
            width=4,
            height=4,
        ),
        Panel(
            "State over time",
            "Every verdict; a gap is a time without a verdict.",
            PanelType.STATE_TIMELINE,
            (_STATE,),
            unit="none",
            width=24,
            height=4,
            mappings=NUMBERED_STATES,
        ),
        table(
            "Advisor",
            "The rules' explanation of the last verdict.",
            ApiQuery(
                f"/status/summary{CLUSTER_PARAMETER}",
                (
                    Column("health_state", "State", CellType.STATE),
                    Column("summary", "Explanation", CellType.PROSE),
                    Column("timestamp", "At", CellType.TIME),
                ),
            ),
            width=24,
            height=5,
        ),
        table(
            "A model's reading (decides nothing)",
            "What a language model thinks happened and why. Without one it is empty.",
            ApiQuery(
                f"/status/summary{CLUSTER_PARAMETER}",
                (
                    Column("reading", "Reading", CellType.PROSE),
                    Column("model", "Model"),
                    Column("assessed_at", "At", CellType.TIME),
                    Column("cost_usd", "Cost in USD", CellType.NUMBER),
                    Column("fallback_reason", "Missing because", CellType.PROSE),
                ),
            ),
            width=24,
            height=5,
        ),
    ),
)
