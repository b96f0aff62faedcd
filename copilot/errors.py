"""The Copilot's exceptions.

    CopilotError
    ├── SettingsError
    ├── StoreError
    ├── MetricsError
    ├── MonitoredClusterError
    ├── AccessError
    ├── UnknownClusterError
    ├── PortError
    ├── TemporalError
    ├── FileError
    ├── SourceError
    └── NoCyclesError

A message says what failed, with which input, and what to do. Command lines print it as one line
and exit with `exit_code`: 1 for "no", 2 for "cannot".
"""


class CopilotError(Exception):
    """Base of every error that a user can cause."""

    exit_code = 2


class SettingsError(CopilotError):
    """The environment has wrong settings; the message lists every problem."""


class StoreError(CopilotError):
    """The store refuses a request, is not migrated, or does not answer."""


class MetricsError(CopilotError):
    """The metrics store cannot be read."""


class MonitoredClusterError(CopilotError):
    """The monitored cluster's frontend does not answer."""


class AccessError(CopilotError):
    """There is nothing to sign in with: a file, certificate or AWS credentials cannot be used.

    The message has no secret.
    """


class UnknownClusterError(CopilotError):
    """No setting and no file of this process describes the cluster."""


class PortError(CopilotError):
    """The address to listen on is in use, or is not an address of this machine."""


class TemporalError(CopilotError):
    """The Copilot's own Temporal does not answer, or has no such namespace."""


class FileError(CopilotError):
    """A file cannot be read or written, or its content is wrong; the message has file and line."""


class SourceError(CopilotError):
    """A source of the monitored cluster cannot be used."""

    exit_code = 1


class NoCyclesError(CopilotError):
    """The store holds no cycle that was asked for."""

    exit_code = 1
