"""The command line's exceptions: one line that says what failed, where, and what to do."""


class TdeployError(Exception):
    """What was asked for cannot be done."""

    exit_code = 2


class NoError(TdeployError):
    """It was understood, and the answer is no: not there, not healthy, not wanted."""

    exit_code = 1


class InterruptedByUserError(TdeployError):
    """Ctrl-C ended it in good order."""


class CorpusError(TdeployError):
    """The corpus, or a file of it, cannot be read."""


class AwsError(TdeployError):
    """AWS cannot be asked, or has not what was asked for: the next request would fare no better."""


class AwsRefusalError(AwsError):
    """AWS refused one request. `code` is its own name of the reason."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code
