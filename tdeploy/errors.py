"""The command line's exceptions: one line that says what failed, where, and what to do."""


class TdeployError(Exception):
    """What was asked for cannot be done."""

    exit_code = 2


class NoError(TdeployError):
    """It was understood, and the answer is no: not there, not healthy, not wanted."""

    exit_code = 1
