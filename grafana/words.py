"""Words and colours that several panels share."""

from grafana.model import Step, Word

STATES = (
    Word("unknown", "unknown", "#8e8e8e"),
    Word("happy", "happy", "green"),
    Word("stressed", "stressed", "yellow"),
    Word("critical", "critical", "red"),
    # A severity of issues, beside stressed and critical.
    Word("blind", "blind", "#8e8e8e"),
)
NUMBERED_STATES = tuple(
    Word(str(number), word.text, word.color) for number, word in enumerate(STATES[:4])
)
FIRED = (Word("0", " ", "transparent"), Word("1", "fired", "red"))
UP = (Word("0", "down", "red"), Word("1", "up", "green"))
NONE_IS_GOOD = (Step(None, "green"), Step(0.1, "red"))


def rising(yellow: float, red: float) -> tuple[Step, ...]:
    """Green, then yellow and red from these values on."""
    return (Step(None, "green"), Step(yellow, "yellow"), Step(red, "red"))


def falling(yellow: float, green: float) -> tuple[Step, ...]:
    """Red, then yellow and green from these values on."""
    return (Step(None, "red"), Step(yellow, "yellow"), Step(green, "green"))
