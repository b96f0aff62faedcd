"""What `python -m copilot check` found out about one source, or about what is read there."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One line."""

    name: str
    state: Literal["ok", "warning", "wrong"]
    finding: str
