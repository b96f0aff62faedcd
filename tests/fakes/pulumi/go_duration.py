"""Durations as Go writes them, in which the real provider compares health checks."""

import re

_NANOSECONDS = {"h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")


def nanoseconds(text: str) -> int:
    """`1m30s` as nanoseconds. Raises ValueError for any other text."""
    parts = _PART.findall(text)
    if "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a duration like 1m30s")
    return round(sum(float(number) * _NANOSECONDS[unit] for number, unit in parts))


def written(duration: int) -> str:
    """Nanoseconds as Go's `Duration.String` writes them: 60 s is `1m0s`."""
    if duration < _NANOSECONDS["s"]:
        return f"{duration / _NANOSECONDS['ms']:g}ms" if duration else "0s"
    minutes, rest = divmod(duration, _NANOSECONDS["m"])
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest / _NANOSECONDS['s']:g}s"
    if hours:
        return f"{hours}h{minutes}m{seconds}"
    return f"{minutes}m{seconds}" if minutes else seconds
