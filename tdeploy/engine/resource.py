"""A resource of a Pulumi stack."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

# Types of Pulumi itself and of our component resources.
_GROUPS = ("pulumi:", "copilot:")
# A URN is urn:pulumi:STACK::PROJECT::TYPE::NAME.
_URN_PARTS = 4


@dataclass(frozen=True)
class Resource:
    """A resource by its URN and type."""

    urn: str
    type: str
    is_retained: bool = False
    """Whether Pulumi leaves it in place when it is deleted from the stack."""

    @classmethod
    def from_urn(cls, urn: str) -> "Resource":
        """The resource with the type that is in the URN, "" if there is none."""
        parts = urn.split("::")
        return cls(urn, parts[-2].rsplit("$", 1)[-1] if len(parts) >= _URN_PARTS else "")

    @property
    def name(self) -> str:
        return self.urn.rsplit("::", 1)[-1]

    @property
    def is_group(self) -> bool:
        """Whether it exists in Pulumi only."""
        return self.type.startswith(_GROUPS)

    @property
    def is_in_aws(self) -> bool:
        return self.type.startswith("aws:")

    @property
    def is_in_docker(self) -> bool:
        return self.type.startswith("docker:")

    @property
    def is_container(self) -> bool:
        return self.type == "docker:index/container:Container"

    @property
    def is_image(self) -> bool:
        return self.type in {"docker:index/image:Image", "docker:index/remoteImage:RemoteImage"}

    @property
    def is_volume(self) -> bool:
        return self.type == "docker:index/volume:Volume"

    @property
    def kind(self) -> str:
        """The type in words: `docker container`, `aws bedrock knowledge base`."""
        package, _, rest = self.type.partition(":")
        module = rest.split("/", maxsplit=1)[0]
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", self.type.rsplit(":", 1)[-1]).lower()
        words = words.removeprefix("vectors ").removeprefix("agent ")
        return " ".join(
            part for part in (package, "" if module == "index" else module, words) if part
        )

    @property
    def label(self) -> str:
        """Kind and name: `docker container mimir`."""
        return f"{self.kind} {self.name}".lstrip()


def list_by_kind(resources: Iterable[Resource]) -> list[str]:
    """An indented line for each kind of resource, with the names."""
    names = defaultdict(list)
    for resource in resources:
        names[resource.kind].append(resource.name)
    return [f"  {kind}: {', '.join(sorted(found))}" for kind, found in sorted(names.items())]
