"""The exceptions of the command line. A message is one line: what failed, where, what to do.

TdeployError
├── NoError
├── InterruptedByUserError
├── CorpusError
└── AwsError
    └── AwsRefusalError
"""


class TdeployError(Exception):
    """The command cannot be carried out."""

    exit_code = 2


class NoError(TdeployError):
    """The answer is no: missing, unhealthy or declined."""

    exit_code = 1


class InterruptedByUserError(TdeployError):
    """Ctrl-C stopped the command at a safe point."""


class CorpusError(TdeployError):
    """The corpus, or a file of it, cannot be read."""


class AwsError(TdeployError):
    """AWS is unreachable, or lacks the resource: every further request would fail too."""


class AwsRefusalError(AwsError):
    """AWS refused one request. `code` is the service's error code."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code
