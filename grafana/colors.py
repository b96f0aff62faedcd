"""Thresholds and value mappings that several panels share."""

from grafana.dashboard import Threshold, ValueMapping

STATES = (
    ValueMapping("unknown", "unknown", "#8e8e8e"),
    ValueMapping("happy", "happy", "green"),
    ValueMapping("stressed", "stressed", "yellow"),
    ValueMapping("critical", "critical", "red"),
    # A severity of issues, beside stressed and critical.
    ValueMapping("blind", "blind", "#8e8e8e"),
)
NUMBERED_STATES = tuple(
    ValueMapping(str(number), state.text, state.color) for number, state in enumerate(STATES[:4])
)
FIRED = (ValueMapping("0", " ", "transparent"), ValueMapping("1", "fired", "red"))
UP = (ValueMapping("0", "down", "red"), ValueMapping("1", "up", "green"))
RED_ABOVE_ZERO = (Threshold(None, "green"), Threshold(0.1, "red"))


def higher_is_worse(yellow: float, red: float) -> tuple[Threshold, ...]:
    """Green, then yellow and red from these values on."""
    return (Threshold(None, "green"), Threshold(yellow, "yellow"), Threshold(red, "red"))


def lower_is_worse(yellow: float, green: float) -> tuple[Threshold, ...]:
    """Red, then yellow and green from these values on."""
    return (Threshold(None, "red"), Threshold(yellow, "yellow"), Threshold(green, "green"))
