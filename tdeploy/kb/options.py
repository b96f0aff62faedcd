"""The options of `tdeploy kb`, whose defaults are outputs of the stack."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from tdeploy.engine.project import stack_outputs
from tdeploy.errors import TdeployError
from tdeploy.kb.bucket import CorpusBucket
from tdeploy.kb.knowledge_base import KnowledgeBase

_OPTIONS = {
    "kb_source_bucket": "--bucket",
    "knowledge_base_id": "--kb-id",
    "data_source_id": "--ds-id",
    "region": "--region",
}
"""The option that replaces each output of the stack."""

Source = Annotated[
    Path | None,
    typer.Option(
        "--source",
        "-s",
        help="folder of Markdown files, by default the Copilot's own corpus; what it does not have"
        " is deleted from the bucket, after asking",
    ),
]
Bucket = Annotated[
    str | None, typer.Option("--bucket", "-b", help="bucket of the corpus; default: the stack's")
]
KbId = Annotated[
    str | None, typer.Option("--kb-id", "-k", help="knowledge base; default: the stack's")
]
DsId = Annotated[
    str | None, typer.Option("--ds-id", "-d", help="its data source; default: the stack's")
]
Region = Annotated[
    str | None, typer.Option("--region", "-r", help="AWS region; default: the stack's")
]
Timeout = Annotated[float, typer.Option(min=1, max=1440, help="minutes to wait for the ingestion")]


def _with_outputs(stack: str, options: Mapping[str, str | None]) -> dict[str, str]:
    """The options by output name, the missing ones from the stack. Raises TdeployError."""
    values = {name: value for name, value in options.items() if value}
    missing = [name for name in options if name not in values]
    outputs = stack_outputs(stack) if missing else {}
    for name in missing:
        if not outputs.get(name):
            raise TdeployError(
                f"the stack {stack} has no {name}: only copilot, once it is up, has a knowledge"
                f" base; run `tdeploy infra apply-copilot`, or pass {_OPTIONS[name]}"
            )
        values[name] = str(outputs[name])
    return values


def knowledge_base(
    stack: str, kb_id: str | None, ds_id: str | None, region: str | None
) -> KnowledgeBase:
    """The knowledge base of the options, or of the stack. Raises TdeployError."""
    options = {"knowledge_base_id": kb_id, "data_source_id": ds_id, "region": region}
    return KnowledgeBase(**_with_outputs(stack, options))


def corpus_bucket(stack: str, bucket: str | None, region: str | None) -> CorpusBucket:
    """The bucket of the options, or of the stack. Raises TdeployError."""
    values = _with_outputs(stack, {"kb_source_bucket": bucket, "region": region})
    return CorpusBucket(values["kb_source_bucket"], values["region"])
