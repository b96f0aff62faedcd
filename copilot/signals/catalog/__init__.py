"""The catalogue of signals: one entry a signal, in the module of the part that it measures.

Queries, panels, the fields of `/status`, explanations and docs/signals.md follow from the entries.
"""

from itertools import chain

from copilot.signals.catalog.dsql import DSQL
from copilot.signals.catalog.frontend import FRONTEND
from copilot.signals.catalog.history import HISTORY
from copilot.signals.catalog.matching import MATCHING
from copilot.signals.catalog.persistence import PERSISTENCE
from copilot.signals.catalog.processes import PROCESSES
from copilot.signals.catalog.workers import WORKERS
from copilot.signals.catalog.workflows import WORKFLOWS
from copilot.signals.signal import Signal
from copilot.signals.signal_names import SignalName

_ORDER = list(SignalName)

CATALOG: tuple[Signal, ...] = tuple(
    sorted(
        chain(WORKFLOWS, PERSISTENCE, HISTORY, FRONTEND, MATCHING, PROCESSES, DSQL, WORKERS),
        key=lambda signal: _ORDER.index(signal.name),
    )
)
"""Every signal, in the order of `SignalName`."""

BY_NAME = {signal.name: signal for signal in CATALOG}
