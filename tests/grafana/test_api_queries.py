"""Queries of the Copilot's API use routes, parameters and fields that the API has."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI

from copilot.api.app import ROUTES
from grafana.dashboard import ApiQuery
from grafana.provisioning import all_queries

Json = dict[str, Any]
QUERIES = [
    pytest.param(query, id=panel.title)
    for _, panel, query in all_queries()
    if isinstance(query, ApiQuery)
]
EACH_QUERY = pytest.mark.parametrize("query", QUERIES)


@pytest.fixture(scope="module")
def openapi() -> Json:
    """The API's OpenAPI document."""
    app = FastAPI()
    for route in ROUTES:
        app.include_router(route.router)
    return app.openapi()


@EACH_QUERY
def test_the_route_has_the_parameters(query: ApiQuery, openapi: Json) -> None:
    url = urlsplit(query.path)
    accepted = {one["name"] for one in openapi["paths"][url.path]["get"]["parameters"]}
    assert set(parse_qs(url.query)) <= accepted


@EACH_QUERY
def test_the_response_has_the_fields(query: ApiQuery, openapi: Json) -> None:
    operation = openapi["paths"][urlsplit(query.path).path]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    fields = properties(schema, openapi)
    if query.rows:
        fields = properties(fields[query.rows]["items"], openapi)
    for column in query.columns:
        name, *index = column.selector.split(".")
        assert name in fields
        if index:
            assert fields[name]["type"] == "array"


def properties(schema: Json, openapi: Json) -> Json:
    """The fields of an object schema, inline or by reference."""
    if "$ref" in schema:
        schema = openapi["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    fields: Json = schema["properties"]
    return fields
