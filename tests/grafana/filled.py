"""Expressions of panels as Grafana would ask them, with its variables put in."""

import re

from grafana.promql import LONG

_VALUES = {"cluster": "monitored", "namespace": ".*"}


def filled(expr: str, *, short: str = "60s", long: str = "300s") -> str:
    """The expression for the monitored cluster, all namespaces, and these windows.

    A variable that no dashboard has is a KeyError.
    """
    windows = {"__rate_interval": short, "__auto": short}
    values = {**_VALUES, **windows}
    return re.sub(r"\$(\w+)", lambda found: values[found[1]], expr).replace(
        f"[{LONG}]", f"[{long}]"
    )
