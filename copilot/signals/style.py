"""How a cluster writes the names of its metrics.

The catalogue names a metric by its definition in the server and by its kind: `counter:`, `timer:`,
`dimensionless:`, `bytes:` or `gauge:` before the name, as in `counter:persistence_requests{...}`. A
style replaces that by the name under which the cluster exports it. `sdk:` stands before a name of
the SDKs, which no setting of the server changes.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

_METRIC = re.compile(r"\b(counter|gauge|sdk|timer|dimensionless|bytes|native):(\w+)")
_UNIT = re.compile(r" in:(ms|s)\b")
_SELECTOR = re.compile(r"\b(?:counter|gauge|timer|dimensionless|bytes):\w+\{[^{}]*\}")
# What has the labels of series: a function of a range, or a gauge by itself.
_SERIES = re.compile(
    r"\b\w+\((?:counter|gauge|timer|dimensionless|bytes|native):\w+\{[^{}]*\}\[[^]]*\]"
    r"(?: offset [^)]+)?\)"
    r"|\bgauge:\w+\{[^{}]*\}(?!\[)"
)
_NAMESPACE = re.compile(r"\bnamespace(?==|!)")
_MATCHER = re.compile(r'(\w+)(=~|!~|=|!=)"([^"]*)"')
# The rates of a classic histogram's buckets and of its count.
_RATE = r"rate\((timer|dimensionless|bytes):(\w+)_%s(\{[^{}]*\}\[[^]]*\])\)"
_RATE_OF_BUCKETS = re.compile(r"\(le(?:, )?(.*?)\) \(" + _RATE % "bucket" + r"\)")
_RATE_OF_COUNT = re.compile(_RATE % "count")


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
    """What stands before and after a metric's name, and the unit of timers.

    `native` histograms have one series instead of buckets and a count. `rewrites_values` is True
    where labels may have `_` instead of other characters than letters and digits, and
    `exported_namespace` where that label has Temporal's namespace, because `namespace` has a pod's.
    """

    prefix: str = ""
    counter: str
    timer: str
    dimensionless: str
    unit: Unit
    native: bool = False
    rewrites_values: bool = False
    exported_namespace: bool = False

    def write(self, template: str) -> str:
        """The template with this style's names, values and units; `$cluster` and windows stay."""
        text = _UNIT.sub(self._scale, template)
        if self.rewrites_values:
            text = _SELECTOR.sub(_with_any_characters, text)
        if self.native:
            text = _RATE_OF_BUCKETS.sub(self._rate_of_buckets, text)
            text = _RATE_OF_COUNT.sub(self._rate_of_count, text)
        if self.exported_namespace:
            text = _SERIES.sub(_with_own_namespace, text)
        return _METRIC.sub(self._name, text)

    def histogram(self, kind: str, name: str) -> str:
        """The name of a histogram, without `_bucket` or `_count`."""
        if kind == "timer":
            return self.prefix + name + self.timer
        # Exporters that write one unit write the other.
        of_bytes = "_bytes" if self.timer else ""
        return self.prefix + name + (of_bytes if kind == "bytes" else self.dimensionless)

    def _scale(self, wanted: re.Match[str]) -> str:
        return _SCALES.get((self.unit, Unit(wanted[1])), "")

    def _rate_of_buckets(self, rate: re.Match[str]) -> str:
        labels, kind, name, selection = rate.groups()
        return f"({labels}) (rate(native:{self.histogram(kind, name)}{selection}))"

    def _rate_of_count(self, rate: re.Match[str]) -> str:
        kind, name, selection = rate.groups()
        return f"histogram_count(rate(native:{self.histogram(kind, name)}{selection}))"

    def _name(self, metric: re.Match[str]) -> str:
        kind, name = metric.groups()
        match kind:
            case "counter":
                # OpenTelemetry does not repeat the ending of a name that has it.
                return self.prefix + name.removesuffix(self.counter) + self.counter
            case "timer" | "dimensionless" | "bytes":
                histogram, _, part = name.rpartition("_")
                return f"{self.histogram(kind, histogram)}_{part}"
            case "gauge":
                return self.prefix + name
        return name


OPENTELEMETRY = Style(
    counter="_total", timer="_milliseconds", dimensionless="_ratio", unit=Unit.MILLISECONDS
)
"""The server with `framework: opentelemetry` and default suffixes, as this project runs it."""


def _with_own_namespace(series: re.Match[str]) -> str:
    """The series with Temporal's namespace in `namespace`."""
    text = _NAMESPACE.sub("exported_namespace", series[0])
    # Twice, as the template is one of string.Template.
    return f'label_replace({text}, "namespace", "$$1", "exported_namespace", "(.*)")'


def _with_any_characters(selector: re.Match[str]) -> str:
    """The selector, where a value's characters that may be rewritten match any one character."""
    return _MATCHER.sub(_with_any_character, selector[0])


def _with_any_character(matcher: re.Match[str]) -> str:
    label, operator, value = matcher.groups()
    if operator.endswith("~"):
        # The value is a regular expression: what stands for itself in it is `-` and `\\.`.
        pattern = value.replace(r"\\.", ".").replace("-", ".")
        return f'{label}{operator}"{pattern}"'
    pattern, rewritten = re.subn(r"\W", ".", value)
    if not rewritten:
        return matcher[0]
    return f'{label}{"=~" if operator == "=" else "!~"}"{pattern}"'
