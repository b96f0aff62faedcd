"""The machine and the versions that figures belong to."""

import os
import platform
from datetime import UTC, datetime

import psutil

from tools import servers

_GIBIBYTE = 1024**3


def describe_machine() -> dict[str, str]:
    """Cores, memory, system, and the versions of what was measured."""
    # Without what a distribution or a cloud appends to each build.
    kernel = platform.release().partition("-")[0]
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cores": str(os.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / _GIBIBYTE:.0f} GiB",
        "system": f"{platform.system()} {kernel}, {platform.machine()}",
        "Python": platform.python_version(),
        "Temporal server": servers.TEMPORAL_SERVER.version,
        "Prometheus": servers.PROMETHEUS.version,
    }
