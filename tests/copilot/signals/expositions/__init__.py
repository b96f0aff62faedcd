"""Recorded expositions of real servers, one a style: `<style>-<server's version>.prom.gz`.

The first line of each says when and from what it was recorded. Served again, its counters grow by
ten times their values a second, so that every rate and every quantile is known.
"""

import gzip
import re
import time
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(__file__).parent
GROWTH_PER_SECOND = 10
_TYPE = re.compile(r"# TYPE (\S+) (\S+)")
_SAMPLE = re.compile(r"([\w:]+)(\{.*\})? (\S+)")
_PART = re.compile(r"_(bucket|count|sum)$")


def read(name: str) -> str:
    return gzip.decompress((FOLDER / f"{name}.prom.gz").read_bytes()).decode()


def growing(exposition: str) -> Callable[[], str]:
    """The exposition as a server that goes on doing what it did would have it by now."""
    kinds = dict(_TYPE.findall(exposition))
    parts: list[tuple[str, float | None]] = []
    for line in exposition.splitlines():
        sample = _SAMPLE.fullmatch(line)
        if sample is None:
            parts.append((line, None))
            continue
        name, labels, value = sample.groups()
        kind = kinds.get(name) or kinds.get(_PART.sub("", name))
        grows = kind in ("counter", "histogram")
        text = f"{name}{labels or ''} "
        parts.append((text, float(value)) if grows else (text + value, None))
    begin = time.monotonic()

    def now() -> str:
        factor = 1 + int((time.monotonic() - begin) * GROWTH_PER_SECOND)
        lines = (text if value is None else f"{text}{value * factor!r}" for text, value in parts)
        return "\n".join([*lines, ""])

    return now


def with_prefix(exposition: str, prefix: str) -> str:
    """The exposition of a server with `global.metrics.prefix`."""
    named = re.sub(r"(?m)^# (TYPE|HELP) ", rf"# \1 {prefix}", exposition)
    return re.sub(r"(?m)^(?=[a-z])", prefix, named)


def without_endings(exposition: str, *endings: str) -> str:
    """The exposition of an exporter that does not add these endings to names."""
    name = rf"(?m)^(# TYPE )?(\w+?)(?:{'|'.join(endings)})(?=(?:_bucket|_count|_sum)?[{{ ])"
    return re.sub(name, r"\1\2", exposition)


def quantile(exposition: str, share: float, buckets: str, *labels: str) -> float:
    """A quantile of the observations in all series `buckets` whose labels contain `labels`."""
    below: dict[float, float] = {}
    for line in exposition.splitlines():
        sample = _SAMPLE.fullmatch(line)
        if sample and sample[1] == buckets and all(one in sample[2] for one in labels):
            end = float(sample[2].rpartition('le="')[2].partition('"')[0])
            below[end] = below.get(end, 0) + float(sample[3])
    rank, lower, before = share * below[float("inf")], 0.0, 0.0
    for bound, count in sorted(below.items()):
        if count >= rank:
            return lower + (bound - lower) * (rank - before) / (count - before)
        lower, before = bound, count
    raise AssertionError("the buckets have no end")
