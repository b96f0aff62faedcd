"""The files in docker/ that containers get, and how they are filled."""

from pathlib import Path
from string import Template

from components.service import Text
from components.text import made_of

ROOT = Path(__file__).parent.parent
DOCKER = ROOT / "docker"


def template(service: str, name: str) -> str:
    """The text of docker/SERVICE/NAME."""
    return (DOCKER / service / name).read_text(encoding="utf-8")


def filled(service: str, name: str, **values: Text) -> Text:
    """The text with each ${placeholder} replaced; one without a value is a KeyError."""
    text = Template(template(service, name))
    return made_of(values, lambda **known: text.substitute(known))
