"""Secrets out of text that others wrote, before it is shown, stored or sent to a model."""

import re

SHOWN_INSTEAD = "[redacted]"

# What stays of a match is its group, so that a reader still sees what kind of thing was there.
_SECRETS = (
    # A PEM block, also one whose end was cut off.
    re.compile(r"(-----BEGIN [A-Z0-9 ]+-----).*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL),
    # AWS access key ids: AKIA is long-term, ASIA temporary.
    re.compile(r"()(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"),
    # A JSON web token; a token for Aurora DSQL is a signed URL and falls under `name=value`.
    re.compile(r"()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"),
    # Up to the last @, because a password may hold one.
    re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s@:/]*:[^\s]+@", re.IGNORECASE),
    re.compile(r"(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE),
    re.compile(
        r"(\b[\w.-]*(?:password|passwd|pwd|\bpass\b|secret|token|api_?key|access_?key|signature|credential)"
        r"[\w.-]*\\?[\"']?\s*[=:]\s*\\?[\"']?)[^\s\"',;&\\]+",
        re.IGNORECASE,
    ),
)


def redact(text: str) -> str:
    """`text` with what looks like a secret replaced; applying it again changes nothing."""
    for secret in _SECRETS:
        text = secret.sub(rf"\g<1>{SHOWN_INSTEAD}", text)
    return text
