"""What a loop does with a failed activity or child workflow."""

from temporalio.exceptions import FailureError, is_cancelled_exception


def raise_if_cancelled(error: FailureError) -> None:
    """A cancelled loop must end."""
    if is_cancelled_exception(error):
        raise error
