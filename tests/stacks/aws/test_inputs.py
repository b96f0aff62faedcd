"""Every input of every AWS resource is one that the service takes, for the longest names too."""

import pytest
from pydantic import ValidationError

from stacks.settings import DevSettings
from tests.stacks.aws.conftest import SETTINGS, Declared
from tests.stacks.aws.requests import CREATIONS, requests
from tests.stacks.aws.shapes import problems

PROJECTS = ("temporal-dev", "ab", "a" * 31, "a-b-1")


@pytest.mark.parametrize("project", PROJECTS)
@pytest.mark.parametrize("stack", SETTINGS)
def test_services_take_every_input(stack: str, project: str, declared: Declared) -> None:
    created = declared(stack, project)
    assert created
    for made in created:
        request = requests(made)
        assert problems(request.service, request.operation, request.params) == [], made.name


def test_each_kind_of_request_is_checked(declared: Declared) -> None:
    created = [made for stack in SETTINGS for made in declared(stack, PROJECTS[0])]
    assert {made.type for made in created} == set(CREATIONS)


@pytest.mark.parametrize("name", ["a", "a" * 32, "a--b", "-a", "a-", "1a", "A", "a_b", "a.b"])
def test_a_name_that_a_service_refuses_is_no_project_name(name: str) -> None:
    with pytest.raises(ValidationError):
        DevSettings(project_name=name)


@pytest.mark.parametrize("name", ["sthree-a", "amzn-s3-demo-a"])
def test_a_prefix_that_s3_reserves_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        DevSettings(project_name=name)


def test_what_a_service_refuses_is_found() -> None:
    name = {"name": "a--b", "knowledgeBaseId": "short", "dataSourceConfiguration": {"type": "S4"}}
    found = problems("bedrock-agent", "CreateDataSource", name)
    assert {one.split(":")[0] for one in found} == {
        "CreateDataSource.name",
        "CreateDataSource.knowledgeBaseId",
        "CreateDataSource.dataSourceConfiguration.type",
    }
