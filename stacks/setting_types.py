"""What a single setting may be, in words that people are shown."""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

# A whole number of the operating system's ports that needs no privilege.
Port = Annotated[int, Field(ge=1024, le=65535)]
Megabytes = Annotated[int, Field(ge=64)]


@dataclass(frozen=True)
class _Form:
    """What a text has to match as a whole; `words` say that to people, in the JSON schema too."""

    pattern: str
    words: str

    def __get_pydantic_core_schema__(
        self, source: type[str], handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "format": self.words}

    def _check(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise ValueError(f"should be {self.words}")
        return text


ImageName = Annotated[
    str, _Form(r"[^\s@]+(:[^\s@/]+|@sha256:[0-9a-f]{64})", "NAME:TAG or NAME@sha256:DIGEST")
]
Namespace = Annotated[
    str,
    _Form(
        r"[A-Za-z0-9][A-Za-z0-9._-]*",
        "letters, digits, dots, dashes and underscores, with a letter or digit first",
    ),
]
Address = Annotated[
    str, _Form(r"[A-Za-z0-9][A-Za-z0-9._-]*:[0-9]{1,5}", "host:port, such as orders-worker:9090")
]
Region = Annotated[
    str, _Form(r"[a-z]{2}(-[a-z]+)+-\d", "the code of a region of AWS, such as eu-west-1")
]
# The longest bucket name made of it has 63 characters, which is what S3 allows.
ProjectName = Annotated[
    str,
    _Form(
        r"[a-z][a-z0-9-]{0,29}[a-z0-9]",
        "2 to 31 lower-case letters, digits and dashes, with a letter first and no dash last",
    ),
]
DsqlEndpoint = Annotated[
    str,
    _Form(
        r"[a-z0-9]+\.dsql\.[a-z0-9-]+\.on\.aws",
        "an endpoint of Aurora DSQL, such as abc.dsql.eu-west-1.on.aws",
    ),
]
SchemaVersion = Annotated[str, _Form(r"[0-9]+\.[0-9]+", "a version, such as 1.1")]
Model = Annotated[
    str, _Form(r"none|[a-z-]+:\S+", "none or provider:model, such as bedrock:MODEL_ID")
]
