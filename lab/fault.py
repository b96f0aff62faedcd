"""What a fault of the lab is."""

from collections.abc import Callable
from dataclasses import dataclass

from lab.target import Target


@dataclass(frozen=True)
class Fault:
    """One fault. `inject` and `heal` are idempotent."""

    name: str
    description: str
    inject: Callable[[Target], None]
    heal: Callable[[Target], None]
    verdict: str
    """The state that the Copilot reaches: at least this one; `happy` for what must stay quiet."""
    cause_kinds: tuple[str, ...] = ()
    """Kinds of cause of which the Copilot names at least one."""
    cause_name: str = ""
    """Suffix of that cause's name; empty matches every name."""
    process: str | None = None
    """The process that does not run during the fault."""
    is_stored: bool = False
    """Whether it would outlast the lab's processes in its database."""
    needs_elasticsearch: bool = False
    """Whether only a lab with visibility elasticsearch can have it."""
    needs_histories: bool = False
    """Whether only a lab with several instances of history can have it."""
    needs_services: bool = False
    """Whether only a lab with a process for each service and a database of its own can have it."""
