"""What a single setting may be, in words that people are shown."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

# A whole number of the operating system's ports that needs no privilege.
Port = Annotated[int, Field(ge=1024, le=65535)]
Megabytes = Annotated[int, Field(ge=64)]


def _form(pattern: str, words: str) -> AfterValidator:
    """What a text has to match as a whole; `words` say that to people."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"should be {words}")
        return text

    return AfterValidator(check)


ImageName = Annotated[
    str, _form(r"[^\s@]+(:[^\s@/]+|@sha256:[0-9a-f]{64})", "NAME:TAG or NAME@sha256:DIGEST")
]
Namespace = Annotated[
    str,
    _form(
        r"[A-Za-z0-9][A-Za-z0-9._-]*",
        "letters, digits, dots, dashes and underscores, with a letter or digit first",
    ),
]
Address = Annotated[
    str, _form(r"[A-Za-z0-9][A-Za-z0-9._-]*:[0-9]{1,5}", "host:port, such as orders-worker:9090")
]
Region = Annotated[
    str, _form(r"[a-z]{2}(-[a-z]+)+-\d", "the code of a region of AWS, such as eu-west-1")
]
# The longest bucket name made of it has 63 characters, which is what S3 allows.
ProjectName = Annotated[
    str,
    _form(
        r"[a-z][a-z0-9-]{0,29}[a-z0-9]",
        "2 to 31 lower-case letters, digits and dashes, with a letter first and no dash last",
    ),
]
DsqlEndpoint = Annotated[
    str,
    _form(
        r"[a-z0-9]+\.dsql\.[a-z0-9-]+\.on\.aws",
        "an endpoint of Aurora DSQL, such as abc.dsql.eu-west-1.on.aws",
    ),
]
Model = Annotated[
    str, _form(r"none|[a-z-]+:\S+", "none or provider:model, such as bedrock:MODEL_ID")
]
