"""The exception of the server look-up."""


class ToolsError(Exception):
    """A server binary is missing and cannot be built. The message is one line; exit code 2."""

    exit_code = 2
