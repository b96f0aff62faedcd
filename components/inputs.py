"""Strings of a workload, some of which only a deployment knows."""

from collections.abc import Callable

import pulumi


class NotKnownYet:
    """The type of a value that exists only once a stack is deployed, such as an AWS endpoint."""

    def __repr__(self) -> str:
        return "NOT_KNOWN_YET"


NOT_KNOWN_YET = NotKnownYet()
StringInput = str | pulumi.Output[str] | NotKnownYet


def apply(function: Callable[..., str], **values: StringInput) -> StringInput:
    """`function(**values)`: at once for plain strings, else when Pulumi knows the values.

    A catalogue of plain strings needs no Pulumi engine, so that documentation and checks can read
    it. The result is NOT_KNOWN_YET where a value is.
    """
    if any(isinstance(value, NotKnownYet) for value in values.values()):
        return NOT_KNOWN_YET
    if any(isinstance(value, pulumi.Output) for value in values.values()):
        return pulumi.Output.all(**values).apply(lambda known: function(**known))
    return function(**values)


def to_deploy(value: StringInput) -> str | pulumi.Output[str]:
    """The value as an input of a resource. Raises TypeError for NOT_KNOWN_YET."""
    if isinstance(value, NotKnownYet):
        raise TypeError("a value that is not known yet cannot be deployed")
    return value
