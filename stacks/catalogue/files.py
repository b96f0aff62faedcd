"""Templates in docker/, and how they are filled."""

from pathlib import Path
from string import Template

from components.inputs import StringInput, apply

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"


def template(service: str, name: str) -> str:
    """The text of docker/SERVICE/NAME."""
    return (DOCKER / service / name).read_text(encoding="utf-8")


def filled(service: str, name: str, **values: StringInput) -> StringInput:
    """The text with each ${placeholder} replaced. Raises KeyError for one without a value."""
    text = Template(template(service, name))
    return apply(lambda **known: text.substitute(known), **values)
