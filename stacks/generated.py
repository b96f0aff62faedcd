"""Write the generated files, `.env.example` and `docs/stacks.md`: `python -m stacks.generated`."""

from stacks import env_file, settings_reference
from stacks.catalogue.by_stack import catalogue_for
from stacks.catalogue.dsql import DATABASE
from stacks.catalogue.files import ROOT
from stacks.outputs import AwsOutputs, values_of
from stacks.settings import CopilotSettings

REFERENCE = ROOT / "docs" / "stacks.md"


def example() -> str:
    """`.env.example`, with the default values of the stack `copilot`."""
    settings = CopilotSettings()
    aws = AwsOutputs(region=settings.region, copilot_dsql_database=DATABASE)
    values = values_of(*catalogue_for(settings).outputs, aws)
    return env_file.example(
        {name: value for name, value in values.items() if isinstance(value, str)}
    )


def main() -> None:
    """Write both files."""
    (ROOT / ".env.example").write_text(example(), encoding="utf-8")
    REFERENCE.write_text(settings_reference.as_markdown(), encoding="utf-8")


if __name__ == "__main__":
    main()
