"""The server's processes. Server 1.31.0 has no metric of CPU throttling or blocked goroutines."""

from copilot.signals.queries import gauge, newest
from copilot.signals.roles import Role
from copilot.signals.signal import Kind, Signal
from copilot.signals.signal_names import SignalName as S

PROCESSES = (
    Signal(
        name=S.GOROUTINES,
        title="Goroutines",
        unit="goroutines",
        kind=Kind.CONTRIBUTING,
        role=Role.HISTORY,
        meaning="Most goroutines in one process of the server: they pile up where work waits.",
        query=gauge(f"max({newest('num_goroutines')})"),
    ),
    Signal(
        name=S.HEAP,
        title="Heap",
        unit="MiB",
        kind=Kind.CONTRIBUTING,
        role=Role.HISTORY,
        meaning="Largest heap of one process of the server.",
        query=gauge(f"max({newest('memory_heap')}) / 1048576"),
    ),
)
