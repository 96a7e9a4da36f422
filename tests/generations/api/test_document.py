"""The native API's document: OpenAPI, with every address and no other, and examples that run."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.urls import get_resolver, resolve
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator

from accounts import tenancy
from accounts.models import Membership
from accounts.models.organisation import Role
from generations.api import examples
from generations.api.schema import WORDS
from generations.catalogue import samples
from tests.documents import Made, Operation, operations, untold
from tests.generations.programs import Program, funded
from tests.people import Customer, customer

BASE = "/api/v1"
FILE = base64.b64decode(samples.PICTURE)
# What an example is refused for: a film that was made cannot be cancelled, and vouchers are for
# live wallets.
REFUSED = {
    "POST /api/v1/generations/{id}/cancel": 409,
    "POST /api/v1/vouchers": 403,
}


@pytest.fixture(scope="module")
def alice() -> Customer:
    """With a colleague, whom a key may promote and remove."""
    made, bob = funded(), customer("bob").user
    with tenancy.scope(made.organisation.pk):
        Membership.objects.create(organisation=made.organisation, user=bob, role=Role.CREATOR)
    return made


def key_for(alice: Customer, method: str, address: str) -> str:
    """The key of test mode; what has no mode is changed by a live one."""
    changes = method.upper() != "GET" and "/organisation" in address
    return alice.live_key if changes else alice.test_key


class Keys(requests.auth.AuthBase):
    """Sends with each request the key that it needs."""

    def __init__(self, alice: Customer) -> None:
        self._alice = alice

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        key = key_for(self._alice, str(request.method), str(request.url))
        request.headers["Authorization"] = f"Bearer {key}"
        return request


def program(site: str, alice: Customer) -> Program:
    """Theirs, with both keys."""
    made = Program(site)
    made.http.auth = Keys(alice)
    return made


@pytest.fixture(scope="module")
def api(site: str, alice: Customer) -> Program:
    return program(site, alice)


@pytest.fixture(scope="module")
def whole(site: str) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{site}{BASE}/openapi.json", timeout=60).json()
    return found


def conforms(value: Any, schema: dict[str, Any], whole: dict[str, Any]) -> None:
    Draft202012Validator({**schema, "components": whole["components"]}).validate(value)


def test_the_document_is_openapi_and_keeps_to_its_own_schemas(
    site: str, whole: dict[str, Any]
) -> None:
    validate_schema(whole)
    assert requests.get(f"{site}{BASE}/schema", timeout=60).json() == whole
    for schema in whole["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    named = [each.told["operationId"] for each in operations(whole)]
    assert len(named) == len(set(named))
    for each in operations(whole):
        for answer in each.told["responses"].values():
            for link in answer.get("links", {}).values():
                assert link["operationId"] in named


def members(told: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every member of every schema in a document, by its name."""
    if isinstance(told, dict):
        for name, schema in told.items():
            if name == "properties":
                yield from schema.items()
            yield from members(schema)
    elif isinstance(told, list):
        for each in told:
            yield from members(each)


def test_every_member_and_parameter_says_what_it_means(whole: dict[str, Any]) -> None:
    found = list(members(whole))
    assert [name for name, told in found if not told.get("description")] == []
    said = {told["description"] for _, told in found}
    assert [name for name, words in WORDS.items() if words not in said] == []
    assert len(set(WORDS.values())) == len(WORDS), "each is said once"
    for each in operations(whole):
        for parameter in each.parameters:
            assert parameter.get("description"), (str(each), parameter["name"])
        for answer in each.told["responses"].values():
            for name, told in answer.get("headers", {}).items():
                assert told.get("description"), (str(each), name)


def test_the_document_has_every_address_and_no_other(whole: dict[str, Any]) -> None:
    below = [each for each in get_resolver().url_patterns if str(each.pattern) == "api/v1/"]
    routes = {str(route.pattern) for app in below for route in app.url_patterns}
    told: dict[str, set[str]] = {}
    served: dict[str, set[str]] = {}
    for each in operations(whole):
        match = resolve(each.address)
        route = match.route.removeprefix("api/v1/")
        view = match.func.view_class  # type: ignore[attr-defined]
        methods = {name for name in view.http_method_names if hasattr(view, name)}
        told.setdefault(route, set()).add(each.method)
        served[route] = methods - {"head", "options"}
    assert set(told) == routes
    assert told == served


class Things(Made):
    """With what is no generation: made by the example of the address that makes it, or listed."""

    def __init__(self, site: str, key: str, api: Program, whole: dict[str, Any]) -> None:
        super().__init__(site, key)
        self._api, self._whole = api, whole
        self._things: dict[str, str] = {}

    def real(self, told: Any) -> Any:
        text = str(told) if isinstance(told, str) else None
        for word in (*examples.MADE, *examples.LISTED, "incoming_of_yours"):
            if text and word in text and word != samples.FILM:
                text = text.replace(word, self.thing(word))
        return super().real(text if text is not None else told)

    def thing(self, word: str) -> str:
        """The id of one."""
        if word not in self._things:
            self._things[word] = self._new(word)
        return self._things[word]

    def after(self, operation: Operation, answer: requests.Response) -> None:
        """What was just made is the thing of its kind; what was ended is none any more."""
        for word, source in examples.MADE.items():
            if str(operation) == f"POST {BASE}{source}" and "/presign" not in source:
                self._things.setdefault(word, answer.json().get("id", ""))
            elif operation.method == "delete" and operation.address.endswith(f"/{word}"):
                self._things.pop(word, None)

    def _new(self, word: str) -> str:
        if word in examples.LISTED:
            page = self._api.get(BASE + examples.LISTED[word]).json()
            others = [each for each in page["data"] if each.get("role") != Role.OWNER]
            return str(others[0]["id"])
        if word == "incoming_of_yours":
            return str(self._announced()["url"]).rpartition("/")[2]
        if word == "announced_of_yours":
            place = self._announced()
            requests.put(place["url"], data=FILE, headers=place["headers"], timeout=60)
            return str(place["id"])
        if word == "upl_of_yours":
            return str(
                self._api.http.post(f"{self._api.root}{BASE}/uploads", data=FILE).json()["id"]
            )
        path = BASE + examples.MADE[word]
        source = next(o for o in operations(self._whole) if str(o) == f"POST {path}")
        _, body = next(source.bodies)
        answer = self._api.post(self.real(source.address), self.real(body))
        assert answer.ok, answer.text
        return str(answer.json()["id"])

    def _announced(self) -> dict[str, Any]:
        body = examples.BODIES["POST /uploads/presign"]["picture"]
        answer = self._api.post(f"{BASE}/uploads/presign", body)
        found: dict[str, Any] = answer.json()
        return found


def _sent(api: Program, each: Operation, kind: str, body: Any, things: Things) -> Any:
    address = things.real(each.address)
    more: dict[str, Any] = {"json": things.real(body)} if kind == "application/json" else {}
    if kind == "multipart/form-data":
        more = {"files": {"file": FILE}}
    elif kind.startswith("image/"):
        more = {"data": FILE, "headers": {"Content-Type": kind}}
    return api.http.request(
        each.method, api.root + address, timeout=120, allow_redirects=False, **more
    )


def test_every_example_can_be_sent_and_is_answered_as_the_document_says(
    site: str, api: Program, alice: Customer, whole: dict[str, Any]
) -> None:
    things = Things(site, alice.test_key, api, whole)
    for kind in samples.ORDERS:
        things.one(kind)
    for each in operations(whole):
        for kind, body in each.bodies:
            if kind == "application/json":
                conforms(body, each.told["requestBody"]["content"][kind]["schema"], whole)
            elif kind not in ("", "image/png", "multipart/form-data"):
                continue  # films and sounds
            answer = _sent(api, each, kind, body, things)
            things.after(each, answer)
            status = answer.status_code
            assert status == REFUSED.get(str(each), status), (str(each), answer.text)
            assert str(each) in REFUSED or status < 400, (str(each), answer.text)
            content = each.told["responses"][str(status)].get("content", {})
            for media, told in content.items():
                if "json" in media:
                    conforms(answer.json(), told["schema"], whole)
                    assert not set(untold(answer.json(), told["schema"], whole)), str(each)


def test_no_parameter_of_a_list_fails_for_a_nul(api: Program, whole: dict[str, Any]) -> None:
    asked = [
        (path, parameter["name"])
        for path, item in whole["paths"].items()
        if "{" not in path and "get" in item
        for parameter in item["get"].get("parameters", ())
        if parameter.get("in") == "query"
    ]
    root = "/api/v1"
    assert {(f"{root}/collections", "parent"), (f"{root}/videos", "q")} <= set(asked)
    for path, name in asked:
        for value in ("\0", "a\0b"):
            answer = api.get(path, params={name: value})
            assert answer.status_code < 500, (path, name, answer.text)
    refused = api.get(f"{root}/collections", params={"parent": "\0"})
    assert refused.status_code == 422, refused.text


def test_an_address_refuses_parameters_that_it_has_not(api: Program, whole: dict[str, Any]) -> None:
    ledger = api.get(f"{BASE}/ledger").json()
    for each in operations(whole):
        query = {"mnoth": "2026-11", "page\0": "2"}
        body = next(body for _, body in each.bodies)
        answer = api.http.request(
            each.method, api.root + each.address, params=query, json=body, timeout=60
        )
        assert answer.status_code == 422, (str(each), answer.text)
        told = answer.json()["violations"]
        assert [one["field"] for one in told] == list(query), (str(each), told)
        known = [p["name"] for p in each.parameters if p["in"] == "query"]
        takes = ", ".join(sorted(known)) or "none: fields go into the body"
        said = told[0]["message"].partition("takes ")[2].rstrip(".")
        assert ", ".join(sorted(said.split(", "))) == takes, (str(each), told)
    assert api.get(f"{BASE}/ledger").json() == ledger
