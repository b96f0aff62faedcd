"""Gauges of the clusters that this worker evaluated last."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class ClusterGauge:
    """One gauge, whose first label is the cluster; each cluster sets all of its values at once."""

    def __init__(
        self, touch: Callable[[str], None], name: str, documentation: str, *labels: str
    ) -> None:
        self._touch = touch
        self._name = name
        self._documentation = documentation
        self._labels = ("cluster", *labels)
        self._values: dict[str, Mapping[tuple[str, ...], float]] = {}

    def set(self, cluster: str, values: Mapping[tuple[str, ...], float]) -> None:
        self._values[cluster] = values
        self._touch(cluster)

    def forget(self, cluster: str) -> None:
        self._values.pop(cluster, None)

    def family(self) -> Metric:
        family = GaugeMetricFamily(self._name, self._documentation, labels=self._labels)
        for cluster, values in self._values.items():
            for labels, value in values.items():
                family.add_metric((cluster, *labels), float(value))
        return family


class ClusterGauges(Collector):
    """Exports a cluster's gauges until it had no cycle here for `late_after_seconds`.

    Another worker evaluates the cluster then, or it is not monitored any more.
    """

    def __init__(self, late_after_seconds: float, clock: Callable[[], float]) -> None:
        self._late_after = late_after_seconds
        self._clock = clock
        self._set_at: dict[str, float] = {}
        self.success = self._gauge(
            "copilot_last_success_timestamp_seconds",
            "Unix time of the last decision other than unknown",
        )
        self.state = self._gauge("copilot_health_state", "1 for the state of the cluster", "state")
        self.band = self._gauge("copilot_scale_band", "1 for the scale tier of the cluster", "band")
        self.gate = self._gauge("copilot_gate_fired", "1 for a rule that fired", "gate")
        self.notice = self._gauge(
            "copilot_notice", "Notices of a rule, which change no state; absent when none", "gate"
        )
        self.missing = self._gauge(
            "copilot_signal_missing", "1 for a signal that could not be read", "signal"
        )
        self.log_patterns = self._gauge(
            "copilot_log_pattern_count",
            "Lines of a log pattern that a service wrote since the last cycle; absent when none",
            "pattern",
            "service",
        )
        self.canary_steps = self._gauge(
            "copilot_canary_step_seconds",
            "Seconds of a canary's step, of the slowest since the last cycle; absent without one",
            "step",
        )

    def collect(self) -> Iterator[Metric]:
        now = self._clock()
        gauges = [one for one in vars(self).values() if isinstance(one, ClusterGauge)]
        for cluster, at in list(self._set_at.items()):
            if now - at > self._late_after:
                del self._set_at[cluster]
                for gauge in gauges:
                    gauge.forget(cluster)
        yield from (gauge.family() for gauge in gauges)

    def _gauge(self, name: str, documentation: str, *labels: str) -> ClusterGauge:
        return ClusterGauge(self._touch, name, documentation, *labels)

    def _touch(self, cluster: str) -> None:
        self._set_at[cluster] = self._clock()
