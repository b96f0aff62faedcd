"""Expressions of panels with Grafana's variables expanded."""

import re

from grafana.shown import LONG_WINDOW

_VALUES = {"cluster": "monitored", "namespace": ".*"}


def expand_variables(expr: str, *, short: str = "60s", long: str = "300s") -> str:
    """The expression for the monitored cluster, all namespaces and these windows.

    Raises KeyError for a variable that no dashboard defines.
    """
    windows = {"__rate_interval": short, "__auto": short}
    values = {**_VALUES, **windows}
    # `$1` is a group of a regular expression.
    return re.sub(r"\$([a-z_]\w*)", lambda match: values[match[1]], expr).replace(
        f"[{LONG_WINDOW}]", f"[{long}]"
    )
