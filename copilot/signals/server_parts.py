"""The parts of a measurement that name which part of the server has a problem."""

from collections.abc import Iterable

from copilot.signals.instant_query import Sample
from copilot.signals.snapshot import DeadLetters, StoreErrors


def dead_letters(samples: Iterable[Sample]) -> tuple[DeadLetters, ...]:
    """The categories of tasks put into the dead letter queue, most first."""
    written = [
        DeadLetters(category=sample.labels.get("task_category", ""), written=sample.value)
        for sample in samples
    ]
    return tuple(sorted(written, key=lambda one: -one.written))


def store_errors(samples: Iterable[Sample]) -> tuple[StoreErrors, ...]:
    """The types of errors of the store, most first."""
    errors = [
        StoreErrors(error_type=sample.labels.get("error_type", ""), rate=sample.value)
        for sample in samples
    ]
    return tuple(sorted(errors, key=lambda one: -one.rate))
