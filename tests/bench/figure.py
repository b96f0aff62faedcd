"""One measured figure beside its target."""

import os
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """Without `target` the figure is informative. `at_most`: the target is an upper limit.

    `load` is the machine's load average of a minute when it was measured.
    """

    name: str
    value: float
    unit: str
    target: float | None = None
    at_most: bool = True
    load: float = field(default_factory=lambda: os.getloadavg()[0])

    @property
    def ratio(self) -> float | None:
        """Measured over target; None without a target, or for a target of 0."""
        return self.value / self.target if self.target else None

    @property
    def met(self) -> bool:
        if self.target is None:
            return True
        return self.value <= self.target if self.at_most else self.value >= self.target

    def as_json(self) -> dict[str, object]:
        fields = {"figure": self.name, "value": self.value, "unit": self.unit}
        judged = {"target": self.target, "ratio": self.ratio, "met": self.met}
        return {**fields, **judged, "load": round(self.load, 2)}

    def as_row(self) -> tuple[str, ...]:
        if self.target is None:
            return self.name, f"{self.value:,.1f} {self.unit}", "", "", ""
        target = f"{'≤' if self.at_most else '≥'} {self.target:,.0f} {self.unit}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        verdict = "met" if self.met else "missed"
        return self.name, f"{self.value:,.1f} {self.unit}", target, ratio, verdict


def percentile(values: list[float], share: float) -> float:
    """Nearest-rank percentile of at least one value."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
