"""The lab's exception."""


class LabError(Exception):
    """A command of the lab failed. The message is one line; command lines exit with 2."""

    exit_code = 2
