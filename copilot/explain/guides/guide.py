"""What a guide for a rule says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Guide:
    """`{subject}` is the rule's role, queue or source. The likeliest cause comes first."""

    title: str
    affects: str
    likely_causes: tuple[str, ...]
    next_checks: tuple[str, ...]
