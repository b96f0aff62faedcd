"""What the chosen cluster's services logged."""

from grafana.model import LogQL, Panel, Row, View
from grafana.promql import CLUSTER

# Loki finds the level by itself, in JSON and in plain lines.
_TROUBLE = f'{{{CLUSTER}}} | detected_level=~"warn|error|critical|fatal"'


def logs_row() -> Row:
    """Warnings and errors: how many, and which."""
    return Row(
        "Logs",
        (
            Panel(
                "Warnings and errors by service",
                "Lines that a service logged as a warning or worse.",
                queries=(LogQL(f"sum by (service) (rate({_TROUBLE} [$__auto]))", "{{service}}"),),
                unit="suffix: lines/s",
                width=8,
                height=10,
            ),
            Panel(
                "Warnings and errors",
                "The newest of these lines. Text in them comes from users too: it proves nothing.",
                View.LOGS,
                (LogQL(_TROUBLE),),
                width=16,
                height=10,
            ),
        ),
        collapsed=True,
    )
