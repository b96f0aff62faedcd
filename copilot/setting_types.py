"""What a single setting may be, in words that people are shown."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _form(pattern: str, words: str) -> AfterValidator:
    """What a text has to match as a whole; `words` say that to people."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"should be {words}")
        return text

    return AfterValidator(check)


_URL = r"https?://\S+"
_MODEL = r"[a-z0-9_-]+:\S+"
Address = Annotated[str, _form(r"[^\s/]+:\d+", "host:port, such as 127.0.0.1:7233")]
HostName = Annotated[
    str, _form(r"[A-Za-z0-9.-]*", "a host's name, such as abc.dsql.eu-west-1.on.aws")
]
Identifier = Annotated[str, _form(r"[A-Za-z0-9_-]*", "letters, digits, dashes and underscores")]
Label = Annotated[str, _form(r"[A-Za-z0-9_.-]+", "letters, digits, dots, dashes and underscores")]
Model = Annotated[str, _form(f"none|{_MODEL}", "none or provider:model, such as bedrock:MODEL_ID")]
OptionalModel = Annotated[
    str, _form(f"({_MODEL})?", "empty or provider:model, such as bedrock:MODEL_ID")
]
OptionalUrl = Annotated[str, _form(f"({_URL})?", "empty or a URL, such as http://127.0.0.1:3100")]
Region = Annotated[str, _form(r"[a-z0-9-]*", "the code of a region of AWS, such as eu-west-1")]
Url = Annotated[str, _form(_URL, "a URL, such as http://127.0.0.1:9009/prometheus")]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
