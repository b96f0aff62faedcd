"""The signals, each written down once; everything else about a signal is derived from here."""

from copilot.signals.amplifiers import AMPLIFIERS
from copilot.signals.dsql import DSQL
from copilot.signals.primary import PRIMARY
from copilot.signals.signal import Signal
from copilot.signals.worker_side import WORKER_SIDE

CATALOG: tuple[Signal, ...] = (*PRIMARY, *AMPLIFIERS, *DSQL, *WORKER_SIDE)

BY_NAME = {signal.name: signal for signal in CATALOG}
"""The entry of each name."""
