"""What the provider would replace by a second resource of the same name is deleted first."""

import pytest

from tests.components.pulumi_run import RegisteredResource
from tests.fakes.pulumi.aws_kinds import KINDS
from tests.fakes.pulumi.aws_package import Account, aws_package
from tests.fakes.pulumi.resource_types import RefusedError
from tests.stacks.aws.conftest import SETTINGS, Declared
from tests.stacks.aws.requests import REGION

PROJECT = "temporal-dev"


def needs_deletion_first(made: RegisteredResource) -> bool:
    """Whether AWS refuses the replacement that the provider makes for a change of some input."""
    resource = aws_package(Account())({"region": REGION}).types[made.type]
    inputs = resource.check(made.name, {}, made.inputs)
    old = resource.create(made.name, inputs)
    for name in KINDS[made.type].immutable & inputs.keys():
        changed = {**inputs, name: "another"}
        if resource.difference(old, changed).delete_first:
            continue
        try:
            resource.delete(resource.create(made.name, changed))
        except RefusedError:
            return True
    return False


@pytest.mark.parametrize("stack", SETTINGS)
def test_every_type_of_the_stacks_is_known(stack: str, declared: Declared) -> None:
    assert {made.type for made in declared(stack, PROJECT)} <= set(KINDS)


def test_fixed_names_are_free_before_they_are_taken_again(declared: Declared) -> None:
    resources = [made for stack in SETTINGS for made in declared(stack, PROJECT)]
    needed = [made for made in resources if needs_deletion_first(made)]
    assert {made.type.split(":")[-1] for made in needed} == {
        "AgentDataSource",
        "AgentKnowledgeBase",
        "VectorsIndex",
    }
    assert [made.name for made in needed if not made.request.deleteBeforeReplace] == []


def test_a_data_source_needs_its_own_replacement_with_its_knowledge_base(
    declared: Declared,
) -> None:
    [made] = [one for one in declared("copilot", PROJECT) if one.type.endswith("AgentDataSource")]
    source = aws_package(Account())({"region": REGION}).types[made.type]
    old = source.create(made.name, made.inputs)
    moved = {**made.inputs, "knowledgeBaseId": "ANOTHER123"}
    assert source.difference(old, moved).replacing == []
    with pytest.raises(RefusedError):
        source.update(old, moved)
    assert "knowledgeBaseId" in made.request.replaceOnChanges
