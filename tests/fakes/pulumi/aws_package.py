"""The package aws (7.51) for Pulumi: returns a resource's inputs, with ids and ARNs as AWS's own.

From AWS it has unique names, deletion protection and buckets that must be empty; from the provider
the region, automatic names, default tags, and which changes need a new resource (`aws_kinds`).
"""

import hashlib
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.fakes.pulumi.aws_kinds import KINDS, Kind
from tests.fakes.pulumi.provider import Package
from tests.fakes.pulumi.resource_types import Difference, Made, RefusedError, ResourceType
from tests.fakes.pulumi.values import Properties

ACCOUNT = "123456789012"
_AUTOMATIC = "-0a1b2c3"
"""How a name ends that the provider made up."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


@dataclass
class Account:
    """An AWS account in memory."""

    resources: dict[str, Properties] = field(default_factory=dict)
    """Inputs of each resource, by `TYPE ID`."""
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def new_identifier(self) -> str:
        digest = hashlib.sha256(f"{next(self._numbers)}".encode()).digest()
        return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:26])

    def existing(self, token: str) -> list[Properties]:
        """The inputs of every resource of a type."""
        return [inputs for key, inputs in self.resources.items() if key.split()[0] == token]


def aws_package(account: Account) -> Callable[[Properties], Package]:
    """Makes the package for a provider configuration."""

    def configured(config: Properties) -> Package:
        region = config.get("region", "us-east-1")
        tags = json.loads(config.get("defaultTags", "{}")).get("tags", {})
        kinds = {
            token: Resource(account, token, kind, region, tags) for token, kind in KINDS.items()
        }
        return Package(
            kinds,
            {
                "aws:index/getCallerIdentity:getCallerIdentity": lambda _: {
                    "accountId": ACCOUNT,
                    "arn": f"arn:aws:iam::{ACCOUNT}:user/tester",
                    "id": ACCOUNT,
                    "userId": "AIDATESTER",
                },
            },
        )

    return configured


class Resource(ResourceType):
    """Any type of AWS resource, in one region."""

    computed = frozenset(
        {
            "arn",
            "creationTime",
            "dataSourceId",
            "identifier",
            "indexArn",
            "tagsAll",
            "vectorBucketArn",
        }
    )

    def __init__(
        self,
        account: Account,
        token: str,
        kind: Kind,
        region: str,
        default_tags: dict[str, str],
    ) -> None:
        self._account = account
        self._token = token
        self._kind = kind
        self._region = region
        self._default_tags = default_tags

    def check(self, name: str, old_inputs: Properties, inputs: Properties) -> Properties:
        if key := self._kind.named_by:
            inputs = {key: old_inputs.get(key, f"{name}{_AUTOMATIC}"), **inputs}
        return {"region": self._region, **inputs}

    def difference(self, old: Made, inputs: Properties) -> Difference:
        changed = super().difference(old, inputs).changed
        kind = self._kind
        name = str(inputs.get(kind.named_by, ""))
        return Difference(
            changed,
            sorted({*changed} & {*kind.immutable, "region"}),
            delete_first=kind.older_sdk and bool(name) and not name.endswith(_AUTOMATIC),
        )

    def create(self, name: str, inputs: Properties) -> Made:
        del name
        new = self._account.new_identifier()
        values = {
            **inputs,
            "account": ACCOUNT,
            "now": datetime.now(UTC).isoformat(),
            "new_10": new[:10].upper(),
            "new_26": new,
        }
        identifier = self._kind.identifier.format_map(values)
        outputs = {key: text.format_map(values) for key, text in self._kind.outputs.items()}
        name = self._kind.unique.format_map(values)
        others = self._account.existing(self._token)
        if name and any(self._kind.unique.format_map(other) == name for other in others):
            raise RefusedError(f"ConflictException: {name} exists already")
        self._account.resources[f"{self._token} {identifier}"] = inputs
        return Made(identifier, inputs, self._outputs(inputs, outputs))

    def read(self, old: Made) -> Made | None:
        inputs = self._account.resources.get(f"{self._token} {old.identifier}")
        if inputs is None:
            return None
        return Made(old.identifier, inputs, {**old.outputs, **self._outputs(inputs, {})})

    def update(self, old: Made, inputs: Properties) -> Made:
        within = self._kind.within
        if within and inputs[within] != old.inputs[within]:
            raise RefusedError(f"updating {old.identifier}: ResourceNotFoundException")
        self._account.resources[f"{self._token} {old.identifier}"] = inputs
        return Made(old.identifier, inputs, {**old.outputs, **self._outputs(inputs, {})})

    def delete(self, old: Made) -> None:
        if old.inputs.get("deletionProtectionEnabled"):
            raise RefusedError(
                f"deleting {old.identifier}: ConflictException: deletion protection is enabled"
            )
        objects = self._account.existing("aws:s3/bucketObjectv2:BucketObjectv2")
        if (
            self._token == "aws:s3/bucket:Bucket"  # noqa: S105, a type, not a password
            and not old.inputs.get("forceDestroy")
            and any(entry["bucket"] == old.identifier for entry in objects)
        ):
            raise RefusedError(f"deleting S3 Bucket ({old.identifier}): BucketNotEmpty")
        # The provider takes a resource that is gone for deleted.
        self._account.resources.pop(f"{self._token} {old.identifier}", None)

    def _outputs(self, inputs: Properties, outputs: Properties) -> Properties:
        tags = {**self._default_tags, **inputs.get("tags", {})}
        return {**inputs, **outputs, **({"tagsAll": tags} if tags else {})}
