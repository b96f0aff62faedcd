"""The figures in a text, and whether another text gives them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

# In seconds.
_TIME_UNITS = {"ms": 0.001, "millisecond": 0.001, "s": 1, "sec": 1, "second": 1}
_TIME_UNITS |= {"min": 60, "minute": 60, "h": 3600, "hour": 3600}
_FACTORS = {"k": 1000, "thousand": 1000, "million": 1_000_000}
_SHARES = ("%", "percent", "per cent")
# A figure that is not part of a name, such as queue-1 or p95, with its unit.
_FIGURE = re.compile(
    r"(?<![A-Za-z]-)(?<![\w.])(?P<number>(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?)"
    rf"(?:[\s-]?(?P<factor>{'|'.join(_FACTORS)})\b)?"
    rf"(?:[\s-]?(?P<unit>(?:{'|'.join(_TIME_UNITS)})s?\b|{'|'.join(_SHARES)}))?"
)
_NOT_FIGURES = re.compile(
    r"\b\d+(?:\.\d+)?(?:st|nd|rd|th)\b"  # an ordinal, or a percentile
    r"|\b\d+(?:\.\d+)?[ -]percentiles?\b|\bpercentiles? \d+(?:\.\d+)?\b"
    r"|\b[gp]\d+(?:[-\u2013/]\d+)*\b"  # ids of rules and passages, and p95
    r"|\b[1-5]xx\b"  # a class of HTTP statuses
    r"|\b\d (?:fired |other )?(?:rules?|gates?|passages?)\b"  # a count of what the prompt lists
    r"|\b(?:step|cause|check|item|point|option)s? \d(?:(?:,|,? and|,? or| to|-) ?\d)*\b"
    r"(?!%|[.,]\d)",
    re.IGNORECASE,
)
_ITEM = re.compile(r"(?<!\S)\(?(\d{1,2})[.)](?=\s)")
# Coarser than this, "100" would be a rounding of 145.
MOST_OFF = 0.1


class _Figure(NamedTuple):
    """`value` is in `unit`; `digit` is the size of the last digit written, `step` of the last that
    is not a zero: 1 and 100 for 1,300.
    """

    text: str
    value: float
    unit: str
    digit: float
    step: float


def made_up_figures(text: str, given: str) -> list[str]:
    """The figures in `text` that `given` has neither as they are, nor rounded, nor in another unit.

    Ordinals, percentiles, item numbers, ids and counts of rules and passages are not figures.
    """
    known = list(_figures(given))
    text = _NOT_FIGURES.sub(" ", _without_item_numbers(text))
    return [
        figure.text
        for figure in _figures(text)
        if not any(_is_from(figure, other) for other in known)
    ]


def _figures(text: str) -> Iterator[_Figure]:
    for found in _FIGURE.finditer(text):
        number = found["number"].replace(",", "")
        whole, _, decimals = number.partition(".")
        zeros = 0 if decimals else len(whole) - len(whole.rstrip("0") or "0")
        factor = _FACTORS.get(found["factor"] or "", 1)
        unit = found["unit"] or ""
        if unit in _SHARES:
            unit = "%"
        elif unit not in _TIME_UNITS:
            unit = unit.removesuffix("s")
        digit = factor * 10.0 ** -len(decimals)
        yield _Figure(
            text=found["number"],
            value=factor * float(number),
            unit=unit,
            digit=digit,
            step=digit * 10**zeros,
        )


def _is_from(figure: _Figure, given: _Figure) -> bool:
    units = figure.unit, given.unit
    if units[0] in _TIME_UNITS and units[1] in _TIME_UNITS:
        seconds, given_seconds = (_TIME_UNITS[unit] for unit in units)
        return _rounds(figure, given.value * given_seconds / seconds)
    if units == ("", "%") and _rounds(figure, given.value / 100):
        return True
    return _rounds(figure, given.value, only_to_digit=units[0] != units[1])


def _rounds(figure: _Figure, value: float, *, only_to_digit: bool = False) -> bool:
    """Whether the figure is `value` rounded to its last digit, or roughly up or down."""
    off = abs(figure.value - value)
    nearly = 1 + 1e-9
    if off <= figure.digit / 2 * nearly:
        return True
    return not only_to_digit and off < figure.step and off <= MOST_OFF * abs(value) * nearly


def _without_item_numbers(text: str) -> str:
    """`text` without the numbers of lists that count from 1: "1. ... 2. ...", "(1) ... (2) ..."."""
    expected = 1

    def dropped(found: re.Match[str]) -> str:
        nonlocal expected
        number = int(found[1])
        if number not in (1, expected):
            return found[0]
        expected = number + 1
        return " "

    return _ITEM.sub(dropped, text)
