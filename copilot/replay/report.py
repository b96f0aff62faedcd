"""What a replay prints: a line or a JSON object for each cycle, and a summary of differences."""

from collections import Counter
from collections.abc import Iterable, Iterator

from copilot.health.decision import State
from copilot.replay.evaluated import Evaluated, FiredRule, Outcome
from copilot.signals.reading import Frozen, UtcDatetime


class Cycle(Frozen):
    """One cycle of the output. With other limits, `tried` is the outcome by them."""

    cluster: str
    at: UtcDatetime
    cycle: int
    outcome: Outcome
    tried: Outcome | None = None

    @property
    def differs(self) -> bool:
        return self.tried is not None and self.outcome.differs_from(self.tried)

    @classmethod
    def of(cls, evaluated: Evaluated) -> "Cycle":
        decision, tried = evaluated
        return cls(
            cluster=decision.cluster,
            at=decision.at,
            cycle=decision.cycle,
            outcome=Outcome.of(decision),
            tried=Outcome.of(tried) if tried else None,
        )

    def as_json(self) -> dict[str, object]:
        shown = self.model_dump(mode="json", exclude={"outcome", "tried"})
        shown |= self.outcome.model_dump(mode="json")
        if self.tried:
            shown["differs"] = self.differs
            shown["with_thresholds"] = self.tried.model_dump(mode="json")
        return shown

    def as_text(self) -> str:
        at = self.at.isoformat(timespec="seconds").replace("+00:00", "Z")
        text = f"{at} {self.cluster} {self.cycle} {_outcome(self.outcome)}"
        if self.tried and self.differs:
            text += f" | differs: {_outcome(self.tried)}"
        return _printable(text)


class Change(Frozen):
    """How many cycles have the state `to_state` by the other limits instead of `from_state`.

    Where both are equal, causes, fired rules or notices differ.
    """

    from_state: State
    to_state: State
    cycles: int


class Summary:
    """Counts the differences of a replay with other limits."""

    def __init__(self) -> None:
        self._cycles = 0
        self._states: Counter[State] = Counter()
        self._tried: Counter[State] = Counter()
        self._changes: Counter[tuple[State, State]] = Counter()

    def counting(self, cycles: Iterable[Cycle]) -> Iterator[Cycle]:
        """Pass the cycles on, and count them."""
        for cycle in cycles:
            self._cycles += 1
            self._states[cycle.outcome.state] += 1
            if cycle.tried:
                self._tried[cycle.tried.state] += 1
                if cycle.differs:
                    self._changes[cycle.outcome.state, cycle.tried.state] += 1
            yield cycle

    @property
    def changes(self) -> list[Change]:
        return [
            Change(from_state=before, to_state=after, cycles=cycles)
            for (before, after), cycles in self._changes.most_common()
        ]

    def as_json(self) -> dict[str, object]:
        return {
            "summary": {
                "cycles": self._cycles,
                "differing": self._changes.total(),
                "states": {state: self._states[state] for state in State},
                "states_with_thresholds": {state: self._tried[state] for state in State},
                "changes": [change.model_dump(mode="json") for change in self.changes],
            }
        }

    def as_text(self) -> str:
        lines = [f"{self._changes.total()} of {self._cycles} cycles differ"]
        for change in self.changes:
            same = change.from_state is change.to_state
            what = (
                f"{change.from_state}, with other causes, rules or notices"
                if same
                else f"{change.from_state} -> {change.to_state}"
            )
            lines.append(f"  {change.cycles} {what}")
        return "\n".join(lines)


def _outcome(outcome: Outcome) -> str:
    parts = [
        str(outcome.state),
        _part("causes", (f"{cause.kind} {cause.name}" for cause in outcome.causes)),
        _part("fired", map(_rule, outcome.fired)),
        _part("notices", map(_rule, outcome.notices)),
    ]
    return "; ".join(part for part in parts if part)


def _rule(rule: FiredRule) -> str:
    return f"{rule.name} ({rule.subject})" if rule.subject else rule.name


def _part(name: str, texts: Iterable[str]) -> str:
    joined = ", ".join(dict.fromkeys(texts))
    return f"{name}: {joined}" if joined else ""


def _printable(text: str) -> str:
    """Names that users chose can hold a line feed or a terminal's control characters."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
