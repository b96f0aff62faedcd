"""The exception of the server look-up."""


class ToolsError(Exception):
    """A server binary is not to be had; one line says what to do. Command lines exit with 2."""

    exit_code = 2
