"""Text made of values that may only be known while the stack is being made."""

from collections.abc import Callable, Mapping

import pulumi

from components.service import Text


def made_of(values: Mapping[str, Text], function: Callable[..., str]) -> Text:
    """`function(**values)`: at once where all values are known, else as soon as they are.

    A catalogue of plain values needs no Pulumi engine, which tables and checks live from.
    """
    if any(isinstance(value, pulumi.Output) for value in values.values()):
        return pulumi.Output.all(**values).apply(lambda known: function(**known))
    return function(**values)
