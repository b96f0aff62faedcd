"""The lab's exception."""


class LabError(Exception):
    """The lab cannot do what was asked; one line says what to do. Command lines exit with 2."""

    exit_code = 2
