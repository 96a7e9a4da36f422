"""Each dialect's document: it is OpenAPI, has every address and no other, and its examples run."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
import requests
from django.test import Client, override_settings
from django.urls import resolve
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator

from tests.documents import DIALECTS, Made, Operation, document, operations, untold
from tests.generations.programs import Program
from tests.people import Customer

KEY = {"segmind": "x-api-key"}


def conforms(value: Any, schema: dict[str, Any], whole: dict[str, Any]) -> None:
    Draft202012Validator({**schema, "components": whole["components"]}).validate(value)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_document_is_openapi_and_keeps_to_its_own_schemas(site: str, dialect: str) -> None:
    whole = document(site, dialect)
    validate_schema(whole)
    assert whole["openapi"] == "3.1.0"
    assert whole["servers"][0]["url"] == f"{site}/{dialect}"
    for name, schema in whole["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        for example in schema.get("examples", ()):
            conforms(example, {"$ref": f"#/components/schemas/{name}"}, whole)
        for field, each in schema.get("properties", {}).items():
            if "default" in each:
                conforms(each["default"], {k: v for k, v in each.items() if k != "default"}, whole)
            assert each, f"{name}.{field} says nothing"
    named = [each.told["operationId"] for each in operations(whole)]
    assert len(named) == len(set(named))
    for each in operations(whole):
        for answer in each.told["responses"].values():
            for link in answer.get("links", {}).values():
                assert link["operationId"] in named


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_document_has_every_address_and_no_other(site: str, dialect: str) -> None:
    whole = document(site, dialect)
    own = import_module(f"generations.compat.{dialect}.urls").urlpatterns
    routes = {
        str(pattern.pattern).lstrip("^")
        for pattern in own
        if pattern.callback.__name__ != "unknown"
    }
    found = {each.path: resolve(f"/{dialect}{each.address}") for each in operations(whole)}
    assert {
        match.route.removeprefix(f"{dialect}/").lstrip("^") for match in found.values()
    } == routes
    assert [p for p, match in found.items() if match.func.__name__ == "unknown"] == []
    for path in found:
        methods = {each.method.upper() for each in operations(whole) if each.path == path}
        address = next(each.address for each in operations(whole) if each.path == path)
        other = requests.request("PROPFIND", f"{site}/{dialect}{address}", timeout=60)
        assert set(other.headers["Allow"].split(", ")) == methods, path


@pytest.fixture
def made(site: str, alice: Customer) -> Made:
    return Made(site, alice.test_key)


def _sent(program: Program, operation: Operation, kind: str, body: Any, made: Made) -> Any:
    address = made.real(operation.address)
    more: dict[str, Any] = {"params": operation.query}
    if kind.startswith("multipart"):
        more["files"] = {name: (None, value) for name, value in made.real(body).items()}
    elif body is not None:
        more["json"] = made.real(body)
    return program.http.request(
        operation.method, program.root + address, timeout=120, allow_redirects=False, **more
    )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_example_can_be_sent_and_is_answered_as_the_document_says(
    site: str, alice: Customer, made: Made, dialect: str
) -> None:
    whole = document(site, dialect)
    header = KEY.get(dialect, "Authorization")
    secret = alice.test_key if header in KEY.values() else f"Bearer {alice.test_key}"
    program = Program(f"{site}/{dialect}", **{header: secret})
    for each in operations(whole):
        for kind, body in each.bodies:
            if body is not None and kind == "application/json":
                schema = each.told["requestBody"]["content"][kind]["schema"]
                conforms(body, schema, whole)
            answer = _sent(program, each, kind, body, made)
            assert answer.status_code in (200, 302), (str(each), answer.text)
            told = each.told["responses"][str(answer.status_code)]
            content = told.get("content", {}).get("application/json")
            if content:
                conforms(answer.json(), content["schema"], whole)
                assert not set(untold(answer.json(), content["schema"], whole)), str(each)


@override_settings(DIALECT_HOSTS={"kling.test": "kling"}, ALLOWED_HOSTS=["*"])
def test_on_a_host_of_its_own_the_document_begins_with_that_host() -> None:
    there = Client().get("/openapi.json", headers={"host": "kling.test"}).json()
    assert there["servers"][0] == {"url": "https://kling.test"}
    here = Client().get("/kling/openapi.json", headers={"host": "localhost"}).json()
    assert here["servers"][1] == {"url": "https://kling.test"}
    assert there["paths"] == here["paths"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_wrong_method_is_told_as_the_dialect_tells_it(site: str, dialect: str) -> None:
    answer = requests.post(f"{site}/{dialect}/openapi.json", timeout=60)
    assert answer.headers["Allow"] == "GET"
    conforms(answer.json(), {"$ref": "#/components/schemas/Error"}, document(site, dialect))
