"""Collections: names, places within each other, films in them, and what races cannot break."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import DatabaseError, connection

from accounts import tenancy
from generations.models import Collection
from tests.generations.programs import Program, funded, native
from tests.generations.test_retention import stored
from tests.people import Customer


@pytest.fixture
def alice() -> Customer:
    return funded()


@pytest.fixture
def api(site: str, alice: Customer) -> Program:
    return native(site, alice.test_key)


def make(api: Program, name: str, parent: str | None = None) -> str:
    answer = api.post("/collections", {"name": name, "parent": parent})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def change(api: Program, which: str, /, **body: Any) -> Any:
    return api.http.patch(f"{api.root}/collections/{which}", json=body, timeout=60)


def send(api: Program, method: str, path: str) -> Any:
    return api.http.request(method, api.root + path, timeout=60)


def test_collections_are_named_once_in_a_place_and_hold_films(
    api: Program, alice: Customer
) -> None:
    film = stored(alice).public_id
    spring = make(api, " Spring ")
    assert api.get(f"/collections/{spring}").json()["name"] == "Spring"
    taken = api.post("/collections", {"name": "SPRING"})
    assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
    inner = make(api, "Spring", spring)  # in another place
    assert send(api, "PUT", f"/collections/{spring}/videos/{film}").json()["collections"] == [
        spring
    ]
    assert send(api, "PUT", f"/collections/{spring}/videos/{film}").status_code == 200
    send(api, "PUT", f"/collections/{inner}/videos/{film}")
    told = api.get(f"/collections/{spring}").json()
    assert (told["videos"], told["parent"], told["depth"]) == (1, None, 1)
    assert [c["id"] for c in api.get("/collections").json()["data"]] == [inner, spring]
    assert [c["id"] for c in api.get("/collections?parent=none").json()["data"]] == [spring]
    assert [c["videos"] for c in api.get(f"/collections?parent={spring}").json()["data"]] == [1]
    page = api.get("/collections?limit=1").json()
    assert [c["id"] for c in api.get(f"/collections?after={page['next']}").json()["data"]] == [
        spring
    ]
    send(api, "DELETE", f"/videos/{film}")
    assert api.get(f"/collections/{spring}").json()["videos"] == 0
    api.post(f"/videos/{film}/restore")
    assert send(api, "DELETE", f"/collections/{inner}/videos/{film}").json()["collections"] == [
        spring
    ]
    assert send(api, "DELETE", f"/collections/{spring}").status_code == 204
    assert send(api, "DELETE", f"/collections/{spring}").status_code == 404
    assert api.get(f"/collections/{inner}").status_code == 404  # it was within
    assert api.get(f"/videos/{film}").json()["collections"] == []


def test_they_lie_at_most_five_deep_and_none_in_itself(api: Program) -> None:
    chain = [make(api, "1")]
    for name in "2345":
        chain.append(make(api, name, chain[-1]))
    deep = api.post("/collections", {"name": "6", "parent": chain[-1]})
    assert (deep.status_code, deep.json()["code"]) == (409, "too_deep")
    for parent in (chain[0], chain[2], chain[4]):
        assert change(api, chain[0], parent=parent).json()["code"] == "too_deep"
    other = make(api, "other")
    assert change(api, chain[1], parent=other).json()["depth"] == 2
    assert change(api, chain[2], parent=None).json()["depth"] == 1
    assert api.get(f"/collections/{chain[4]}").json()["depth"] == 3  # with all that is in it
    assert change(api, other, parent=chain[4]).json()["depth"] == 4
    assert api.get(f"/collections/{chain[1]}").json()["depth"] == 5
    renamed = change(api, other, name="Another").json()
    assert (renamed["name"], renamed["parent"]) == ("Another", chain[4])


def test_the_database_itself_refuses_a_circle_and_another_tenants_parent(
    api: Program, alice: Customer
) -> None:
    above = make(api, "above")
    below = make(api, "below", above)
    mallory = funded("mallory")
    with tenancy.system("a test goes around the rules"):
        rows = {c.public_id: c for c in Collection.objects.filter(public_id__in=[above, below])}
        theirs = Collection.objects.create(
            organisation_id=mallory.organisation.pk, livemode=False, name="theirs"
        )
    for parent in (rows[below], rows[above], theirs):
        with tenancy.scope(alice.organisation.pk), pytest.raises(DatabaseError):
            Collection.objects.filter(public_id=above).update(
                parent=parent, parent_depth=parent.depth
            )


def test_two_that_are_moved_into_each_other_at_once_close_no_circle(
    api: Program, site: str, alice: Customer
) -> None:
    one, two = make(api, "one"), make(api, "two")
    told: list[int] = []

    def move(this: str, into: str) -> None:
        told.append(change(native(site, alice.test_key), this, parent=into).status_code)
        connection.close()

    threads = [threading.Thread(target=move, args=pair) for pair in ((one, two), (two, one))]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert sorted(told) == [200, 409]


def test_bodies_are_read_strictly(api: Program) -> None:
    wrong = api.post("/collections", {"name": "x" * 101, "parent": 5, "colour": "red"})
    fields = {each["field"] for each in wrong.json()["violations"]}
    assert (wrong.status_code, fields) == (422, {"name", "parent", "colour"})
    for body in ({}, {"name": " "}, {"name": None}):
        assert api.post("/collections", body).status_code == 422
    assert api.post("/collections", {"name": "x", "parent": "col_nobodys"}).status_code == 404


def test_nobody_else_and_not_the_other_mode_has_them(
    site: str, api: Program, alice: Customer
) -> None:
    mine, film = make(api, "Mine"), stored(alice).public_id
    for key in (funded("mallory").test_key, alice.live_key):
        other = native(site, key)
        assert other.get("/collections").json()["data"] == []
        assert other.get(f"/collections/{mine}").status_code == 404
        assert change(other, mine, name="Yours").status_code == 404
        assert other.post("/collections", {"name": "In", "parent": mine}).status_code == 404
        own = make(other, "Own")
        for path in (f"/collections/{mine}/videos/{film}", f"/collections/{own}/videos/{film}"):
            assert send(other, "PUT", path).status_code == 404
        assert send(other, "DELETE", f"/collections/{mine}").status_code == 404
        assert other.get(f"/videos?collection={mine}").status_code == 404
    assert api.get(f"/collections/{mine}").json()["videos"] == 0
