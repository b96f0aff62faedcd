"""The Copilot's exceptions, in one place.

A message says what failed, with which input, and what to do. Command lines print it as one line
and exit with `exit_code`: 1 for "no", 2 for "cannot".
"""


class CopilotError(Exception):
    """Base of every error that a user can cause."""

    exit_code = 2


class SettingsError(CopilotError):
    """The environment does not describe a Copilot that can run; lists every problem."""


class StoreError(CopilotError):
    """The store refused, is not migrated, or does not answer."""


class MonitoredClusterError(CopilotError):
    """The monitored cluster's frontend does not answer."""


class PortError(CopilotError):
    """The address to listen on is taken, or is not this machine's."""


class TemporalError(CopilotError):
    """The Copilot's own Temporal does not answer, or has no such namespace."""
