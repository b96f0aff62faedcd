"""What the Temporal SDK says of a connection that it cannot make, in words for people."""

import re


def connection_reason(error: Exception) -> str:
    """The innermost reason: the SDK gives it inside its own library's debug form."""
    reasons = re.findall(r'(?:message|error): "([^"]+)"', str(error))
    return reasons[-1] if reasons else str(error)
