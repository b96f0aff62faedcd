"""Remove secrets and invisible characters from text that is shown, stored or sent to a model."""

import re
import unicodedata

SHOWN_INSTEAD = "[redacted]"

# The group of a match stays: it shows what kind of secret was there.
_SECRETS = (
    # A PEM block, even without its end.
    re.compile(r"(-----BEGIN [A-Z0-9 ]+-----).*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL),
    # AWS access key ids: AKIA is long-term, ASIA temporary.
    re.compile(r"()(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"),
    # A JSON web token. A token for Aurora DSQL is a signed URL, which the last pattern matches.
    re.compile(r"()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"),
    # Up to the last @: a password may contain one.
    re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s@:/]*:[^\s]+@", re.IGNORECASE),
    re.compile(r"(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE),
    re.compile(
        r"(\b[\w.-]*(?:password|passwd|pwd|\bpass\b|secret|token|api_?key|access_?key|signature|credential)"
        r"[\w.-]*\\?[\"']?\s*[=:]\s*\\?[\"']?)[^\s\"',;&\\]+",
        re.IGNORECASE,
    ),
)


def redact(text: str) -> str:
    """Replace everything that looks like a secret; idempotent."""
    for secret in _SECRETS:
        text = secret.sub(rf"\g<1>{SHOWN_INSTEAD}", text)
    return text


def plain(text: str) -> str:
    """`text` without invisible characters: control, format, lone surrogates.

    They could hide a secret or an instruction. Line breaks and tabs stay.
    """
    return "".join(
        character
        for character in text
        if character in "\n\t" or unicodedata.category(character)[0] != "C"
    )
