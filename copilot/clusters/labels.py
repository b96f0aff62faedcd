"""What a metrics store calls a cluster and its parts."""

import json
import re
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AliasGenerator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from copilot.setting_types import TextForm
from copilot.signals.roles import Role

_LABEL = r"[a-zA-Z_][a-zA-Z0-9_]*"
# Of a string in double quotes, with the escapes that PromQL and LogQL know.
_TEXT = r'"(?:[^"\\\n]|\\(?:[abfnrtv\\"]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}))*"'
_MATCHER = rf"\s*{_LABEL}\s*(?:=~|!~|!=|=)\s*{_TEXT}\s*"
ADDRESS = "instance"
"""The label of targets with the host:port that is scraped, unless a relabel rule replaces it."""
_ON_SERIES = "service_name"

LabelName = Annotated[
    str, TextForm(_LABEL, "a label's name: letters, digits and underscores, no digit first")
]
Matchers = Annotated[
    str,
    AfterValidator(str.strip),
    TextForm(
        rf"(?:{_MATCHER}(?:,{_MATCHER})*)?",
        'label matchers without braces, such as cluster="prod",namespace=~"temporal-.*"; values are'
        " in double quotes, with each backslash written twice",
    ),
]


class LabelMapping(BaseModel):
    """Labels and values by which the series and log lines of one cluster are found and told apart.

    `role` and `instance` are labels of targets: those that the series `up` has, too. The value of
    `role` tells a target's roles by a pattern for each, which matches the whole value; of a target
    that no pattern matches, `service_name` of its series tells the roles.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        alias_generator=AliasGenerator(validation_alias=str.upper),
    )

    matcher: Matchers = Field(
        "",
        description="PromQL label matchers, without braces, that select the cluster's series and no"
        ' other\'s; empty: `cluster="NAME"` with the name of the cluster',
    )
    role: LabelName = Field("job", description="label of targets that tells the role")
    frontend: str = Field(
        Role.FRONTEND.job,
        min_length=1,
        description="regular expression of that label's values for the frontend, all of a value",
    )
    history: str = Field(Role.HISTORY.job, min_length=1, description="the same for history")
    matching: str = Field(Role.MATCHING.job, min_length=1, description="the same for matching")
    worker: str = Field(
        Role.WORKER.job,
        min_length=1,
        description="the same for the worker service",
    )
    instance: LabelName = Field("instance", description="label of targets that names an instance")
    namespace: Literal["", "namespace", "exported_namespace"] = Field(
        "",
        description="label with Temporal's namespace, `namespace` or `exported_namespace`; empty:"
        " found from what is there",
    )
    logs_matcher: Matchers = Field(
        "",
        description="LogQL label matchers that select the cluster's log lines; empty:"
        ' `cluster="NAME"` with the name of the cluster',
    )

    @field_validator("role", "instance")
    @classmethod
    def _is_on_targets(cls, value: str) -> str:
        if value == _ON_SERIES:
            raise ValueError(
                f"targets have no {_ON_SERIES}: it is read where no pattern matches, so give a"
                " label of `up`, such as job"
            )
        return value

    @field_validator(*Role)
    @classmethod
    def _matches_no_other_role(cls, value: str, info: ValidationInfo) -> str:
        try:
            pattern = re.compile(value)
        except re.error as error:
            raise ValueError(f"is not a regular expression: {error}") from error
        for role in Role:
            if role != info.field_name and pattern.fullmatch(role.job):
                raise ValueError(f"matches {role.job}, too, which is another role")
        return value

    @property
    def target(self) -> str:
        """The labels that tell targets apart, separated by commas.

        Whatever names an instance, `instance` has the address of its process.
        """
        return ", ".join(dict.fromkeys((self.role, self.instance, ADDRESS)))

    def metrics_of(self, cluster: str) -> str:
        """The PromQL label matchers that select a cluster's series."""
        return self.matcher or _by_name(cluster)

    def logs_of(self, cluster: str) -> str:
        """The LogQL label matchers that select a cluster's log lines."""
        return self.logs_matcher or _by_name(cluster)

    def pattern(self, role: Role) -> str:
        """The regular expression of the role's values of the label `role`."""
        return {
            Role.FRONTEND: self.frontend,
            Role.HISTORY: self.history,
            Role.MATCHING: self.matching,
            Role.WORKER: self.worker,
        }[role]

    def values(self, roles: Iterable[Role] = Role) -> str:
        """The regular expression of the values of these roles, quoted for PromQL and LogQL."""
        return json.dumps("|".join(map(self.pattern, roles)))

    def roles(self, value: str) -> frozenset[Role]:
        """The roles that a value of the label `role` tells; none where no pattern matches it."""
        return frozenset(role for role in Role if re.fullmatch(self.pattern(role), value))


DEFAULT = LabelMapping()
"""The labels that this project's stacks and lab write."""


def _by_name(cluster: str) -> str:
    escaped = cluster.replace("\\", "\\\\").replace('"', '\\"')
    return f'cluster="{escaped}"'
