"""How a cluster writes the names of its metrics.

The catalogue names a metric by its definition in the server and by its kind: `counter:`, `timer:`,
`dimensionless:` or `gauge:` before the name, as in `counter:persistence_requests{...}`. A style
replaces that by the name under which the cluster exports it. `sdk:` stands before a name of the
SDKs, which no setting of the server changes.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

_METRIC = re.compile(r"\b(counter|gauge|sdk|timer|dimensionless):(\w+)")
_HISTOGRAM = re.compile(r"(\w+)_(bucket|count)")
_UNIT = re.compile(r" in:(ms|s)\b")


class Unit(StrEnum):
    """Of a timer's values."""

    MILLISECONDS = "ms"
    SECONDS = "s"


_SCALES = {
    (Unit.MILLISECONDS, Unit.SECONDS): " / 1000",
    (Unit.SECONDS, Unit.MILLISECONDS): " * 1000",
}


@dataclass(frozen=True, kw_only=True)
class Style:
    """The endings of names, and the unit of timers."""

    counter: str
    timer: str
    dimensionless: str
    unit: Unit

    def write(self, template: str) -> str:
        """The template with this style's names and units; `$cluster` and windows stay."""
        return _METRIC.sub(self._name, _UNIT.sub(self._scale, template))

    def _scale(self, wanted: re.Match[str]) -> str:
        return _SCALES.get((self.unit, Unit(wanted[1])), "")

    def _name(self, metric: re.Match[str]) -> str:
        kind, name = metric.groups()
        match kind:
            case "counter":
                # OpenTelemetry does not repeat the ending of a name that has it.
                return name.removesuffix(self.counter) + self.counter
            case "timer":
                return _HISTOGRAM.sub(rf"\1{self.timer}_\2", name)
            case "dimensionless":
                return _HISTOGRAM.sub(rf"\1{self.dimensionless}_\2", name)
        return name


OPENTELEMETRY = Style(
    counter="_total", timer="_milliseconds", dimensionless="_ratio", unit=Unit.MILLISECONDS
)
"""The server with `framework: opentelemetry` and default suffixes, as this project runs it."""
