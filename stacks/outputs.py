"""What a stack of containers exports, and the `.env` that is made of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pulumi

from components.service import Text
from stacks import env_file
from stacks.services import Catalogue
from stacks.settings import ContainerSettings
from stacks.stores import Stores


def describe(
    catalogue: Catalogue, settings: ContainerSettings, stores: Stores, made: Mapping[str, Text]
) -> dict[str, Text]:
    """Outputs by name: the stores, every URL, and what the stack `made` besides."""
    return {
        "region": "",
        "copilot_dsql_endpoint": "",
        "copilot_dsql_database": "",
        "knowledge_base_id": "",
        "temporal_history_shards": str(settings.history_shards),
        "temporal_log_level": settings.log_level,
        "temporal_image": catalogue.images[stores.server_image],
        **stores.described,
        **urls(catalogue),
        **made,
    }


def urls(catalogue: Catalogue) -> dict[str, str]:
    """Where everything is that this machine can reach."""
    return {
        f"{port.name.replace('-', '_')}_{'address' if port.page is None else 'url'}": port.url
        for _, port in catalogue.ports
    }


def export_last() -> None:
    """Export what the stack's last update did, in one that does not know it."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    last = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": name})
    for output, value in sorted(last.value["outputs"].items()):
        pulumi.export(output, value)


def export(outputs: Mapping[str, Text], ends: Sequence[pulumi.Input[str]]) -> None:
    """Export the outputs and, once `ends` are known, which is after everything, write `.env`."""
    for name, value in sorted(outputs.items()):
        pulumi.export(name, value)
    if pulumi.runtime.is_dry_run():
        return
    folder = Path(pulumi.get_root_directory())
    pulumi.Output.all(pulumi.Output.all(**outputs), *ends).apply(
        lambda known: _write(folder, known[0])
    )


def _write(folder: Path, values: Mapping[str, str]) -> None:
    try:
        env_file.write(folder, values)
    except OSError as error:
        raise pulumi.RunError(env_file.not_written(folder, error)) from error
