"""What panels ask of the Copilot's API is what it answers: routes, parameters and fields."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI

from copilot.api.routes import cycle, history
from grafana.dashboards import queries
from grafana.model import Answer

Json = dict[str, Any]
ANSWERS = [
    pytest.param(query, id=panel.title)
    for _, panel, query in queries()
    if isinstance(query, Answer)
]
EVERY = pytest.mark.parametrize("answer", ANSWERS)


@pytest.fixture(scope="module")
def openapi() -> Json:
    """The API's own description of itself."""
    app = FastAPI()
    for router in (cycle.router, history.router):
        app.include_router(router)
    return app.openapi()


@EVERY
def test_the_route_takes_its_parameters(answer: Answer, openapi: Json) -> None:
    asked = urlsplit(answer.path)
    taken = {one["name"] for one in openapi["paths"][asked.path]["get"]["parameters"]}
    assert set(parse_qs(asked.query)) <= taken


@EVERY
def test_the_answer_has_its_fields(answer: Answer, openapi: Json) -> None:
    operation = openapi["paths"][urlsplit(answer.path).path]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    fields = properties(schema, openapi)
    if answer.rows:
        fields = properties(fields[answer.rows]["items"], openapi)
    for column in answer.columns:
        name, *place = column.selector.split(".")
        assert name in fields
        if place:
            assert fields[name]["type"] == "array"


def properties(schema: Json, openapi: Json) -> Json:
    """The fields of an object that may stand elsewhere in the document."""
    if "$ref" in schema:
        schema = openapi["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    found: Json = schema["properties"]
    return found
