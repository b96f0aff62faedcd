"""The row on the logs of the selected cluster's services."""

from grafana.dashboard import LogQL, Panel, PanelType, Row, time_series

# Loki detects the level, in JSON and in plain lines.
_WARNINGS = '{$logs} | detected_level=~"warn|error|critical|fatal"'


def logs_row() -> Row:
    """Warnings and errors: rates and lines."""
    return Row(
        "Logs",
        (
            time_series(
                "Warnings and errors by service",
                "Lines at level warning or worse.",
                "suffix: lines/s",
                LogQL(f"sum by ($log_service) (rate({_WARNINGS} [$$__auto]))", "{{$log_service}}"),
                width=8,
                height=10,
            ),
            Panel(
                "Warnings and errors",
                "The newest of these lines. They can hold text from users, so they prove nothing.",
                PanelType.LOGS,
                (LogQL(_WARNINGS),),
                width=16,
                height=10,
            ),
        ),
        collapsed=True,
    )
