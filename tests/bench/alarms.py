"""What a judge said over time, in one form: the Copilot by its states, alert rules by the series
`ALERTS` of Prometheus.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_LABEL = re.compile(r"\{\{\s*\$labels\.(\w+)\s*\}\}")
# A rule that is evaluated late has not ended.
_GAP = 1.5
_Sample = tuple[float, bool]
"""A time, and whether the alert was firing or only pending."""


@dataclass(frozen=True)
class Rules:
    """A judge's alert rules, evaluated each `interval` seconds, by the name of the alert.

    `causes` are templates with `{{ $labels.name }}`, `held` the seconds of `for`.
    """

    name: str
    causes: Mapping[str, str]
    held: Mapping[str, float]
    interval: float


@dataclass(frozen=True)
class Alarm:
    """One alarm, in seconds of Unix time. `cause` is a kind of cause and a name, "queue orders".

    `pending` is when its condition was first true. It fired `fired` seconds or, with None, ended
    before; `due` is when it fires at the earliest if the condition lasts. `ended` is None while it
    goes on.
    """

    name: str
    cause: str
    pending: float
    due: float
    fired: float | None
    ended: float | None


@dataclass(frozen=True)
class Seen:
    """A state of the Copilot with its first cause, from a moment on."""

    at: float
    state: str
    cause: str = ""


def alarms_of_states(seen: Sequence[Seen]) -> list[Alarm]:
    """An alarm for each state but `happy`, until the next change of state or first cause."""
    ends = [*(one.at for one in seen[1:]), None]
    return [
        Alarm(one.state, one.cause, one.at, one.at, one.at, ended)
        for one, ended in zip(seen, ends, strict=True)
        if one.state != "happy"
    ]


def alarms_of_series(series: Iterable[Mapping[str, Any]], rules: Rules, now: float) -> list[Alarm]:
    """The alarms of these rules in the raw samples of `ALERTS`, oldest first."""
    samples: dict[tuple[tuple[str, str], ...], list[_Sample]] = {}
    for one in series:
        labels: dict[str, str] = dict(one["metric"])
        is_firing = labels.pop("alertstate") == "firing"
        if labels["alertname"] in rules.causes:
            key = tuple(sorted(labels.items()))
            samples.setdefault(key, []).extend((float(at), is_firing) for at, _ in one["values"])
    alarms = [
        _alarm(dict(key), episode, rules, now)
        for key, unsorted in samples.items()
        for episode in _episodes(sorted(unsorted), _GAP * rules.interval)
    ]
    return sorted(alarms, key=lambda alarm: alarm.pending)


def _episodes(samples: Sequence[_Sample], gap: float) -> Iterable[list[_Sample]]:
    episode: list[_Sample] = []
    for sample in samples:
        if episode and sample[0] - episode[-1][0] > gap:
            yield episode
            episode = []
        episode.append(sample)
    yield episode


def _alarm(
    labels: Mapping[str, str], episode: Sequence[_Sample], rules: Rules, now: float
) -> Alarm:
    name, begin, last = labels["alertname"], episode[0][0], episode[-1][0]
    fired = next((at for at, is_firing in episode if is_firing), None)
    goes_on = now - last <= _GAP * rules.interval
    return Alarm(
        name=name,
        cause=_LABEL.sub(lambda found: labels.get(found[1], ""), rules.causes[name]),
        pending=begin,
        due=begin + rules.held[name] if fired is None else fired,
        fired=fired,
        ended=None if goes_on else last + rules.interval,
    )
