"""The types of single settings, for the Copilot and for the stacks."""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SecretStr,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema
from pydantic_settings import NoDecode


@dataclass(frozen=True)
class TextForm:
    """A pattern for the whole text; errors and the JSON schema show its description."""

    pattern: str
    description: str

    def __get_pydantic_core_schema__(
        self, source: type[str], handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "format": self.description}

    def _check(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise ValueError(f"should be {self.description}")
        return text


def split_names(value: object) -> object:
    """The names of a text with commas; anything else unchanged."""
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _is_url_or_empty(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if text and not re.fullmatch(_URL, text):
        raise ValueError("should be empty or a URL, such as http://proxy:3128")
    return value


_URL = r"https?://\S+"
_MODEL = r"[a-z0-9_-]+:\S+"
Address = Annotated[str, TextForm(r"[^\s/]+:\d+", "host:port, such as 127.0.0.1:7233")]
HostName = Annotated[
    str, TextForm(r"[A-Za-z0-9.-]*", "a host name, such as abc.dsql.eu-west-1.on.aws")
]
Identifier = Annotated[str, TextForm(r"[A-Za-z0-9_-]*", "letters, digits, dashes and underscores")]
Label = Annotated[
    str, TextForm(r"[A-Za-z0-9_.-]+", "letters, digits, dots, dashes and underscores")
]
Model = Annotated[
    str, TextForm(f"none|{_MODEL}", "none or provider:model, such as bedrock:MODEL_ID")
]
OptionalModel = Annotated[
    str, TextForm(f"({_MODEL})?", "empty or provider:model, such as bedrock:MODEL_ID")
]
OptionalUrl = Annotated[
    str, TextForm(f"({_URL})?", "empty or a URL, such as http://127.0.0.1:3100")
]
OptionalSecretUrl = Annotated[SecretStr, AfterValidator(_is_url_or_empty)]
Region = Annotated[str, TextForm(r"[a-z0-9-]*", "the code of an AWS region, such as eu-west-1")]
Url = Annotated[str, TextForm(_URL, "a URL, such as http://127.0.0.1:9009/prometheus")]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_names)]
