"""An organisation kept by a program: its name, its members, and who is invited; over HTTP."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from django.db import IntegrityError
from django.test import Client
from jsonschema import Draft202012Validator

from accounts import api_keys, invitations, members, tenancy
from accounts.actors import Actor
from accounts.models import AuditEvent, Membership, Role, User
from kling_saas.lib.refusals import Forbidden
from tests.generations.programs import Program, native
from tests.people import Customer, customer, lowered

PLACE = "/organisation"
INVITED = f"{PLACE}/invitations"


@pytest.fixture
def alice() -> Customer:
    return customer()


@pytest.fixture
def api(site: str, alice: Customer) -> Program:
    return native(site, alice.live_key)


@pytest.fixture(scope="module")
def described(site: str) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{site}/api/v1/schema", timeout=60).json()
    return found


def is_a(name: str, told: dict[str, Any], described: dict[str, Any]) -> None:
    Draft202012Validator({"$ref": f"#/components/schemas/{name}", **described}).validate(told)


def address() -> str:
    return f"guest-{secrets.token_hex(6)}@example.org"


def person(of: Customer, role: Role = Role.CREATOR) -> User:
    user = User.objects.create_user(address())
    with tenancy.scope(of.organisation.pk):
        Membership.objects.create(organisation=of.organisation, user=user, role=role)
    return user


def browser(user: User | None = None) -> Client:
    client = Client(headers={"host": "127.0.0.1"})
    if user:
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def owner(of: Customer) -> Actor:
    """In person."""
    return Actor(organisation_id=of.organisation.pk, livemode=True, user_id=of.user.pk)


def acts(of: Customer) -> list[str]:
    with tenancy.scope(of.organisation.pk):
        return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def roles(of: Customer) -> dict[int, str]:
    with tenancy.scope(of.organisation.pk):
        return dict(Membership.objects.values_list("user_id", "role"))


def patch(api: Program, path: str, body: dict[str, Any]) -> requests.Response:
    return api.http.patch(api.root + path, json=body, timeout=60)


def delete(api: Program, path: str) -> requests.Response:
    return api.http.delete(api.root + path, timeout=60)


# -------------------------------------------------------------------- the organisation


def test_it_is_shown_and_called_something_else(
    api: Program, alice: Customer, described: dict[str, Any]
) -> None:
    told = api.get(PLACE).json()
    is_a("Organisation", told, described)
    assert told["id"] == alice.organisation.public_id
    assert (told["members"], told["suspended"], told["concurrency"]) == (1, False, None)
    renamed = patch(api, PLACE, {"name": " Paper boats "})
    assert renamed.json() == {**told, "name": "Paper boats"}
    for wrong in ({"name": ""}, {"name": "x" * 121}, {"name": 1}, {"weight": 9}):
        refused = patch(api, PLACE, wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert api.get(PLACE).json()["name"] == "Paper boats"
    assert acts(alice) == ["organisation.renamed"]


def test_an_address_that_grows_when_it_is_written_small_is_refused(api: Program) -> None:
    long = "a@" + "".join("\u0130" * 25 + "." for _ in range(5)) + "com"
    refused = api.post(INVITED, {"email": long, "role": "viewer"})
    assert (refused.status_code, refused.json()["violations"][0]["field"]) == (422, "email")
    assert api.get(INVITED).json()["data"] == []


def test_a_body_of_a_thousand_strange_fields_is_refused_in_a_few_words(api: Program) -> None:
    refused = api.post(INVITED, {f"field-{n}": 1 for n in range(10_000)})
    assert refused.status_code == 422
    assert len(refused.content) < 10_000


def test_it_is_for_keys_that_administer(site: str, alice: Customer) -> None:
    with tenancy.scope(alice.organisation.pk):
        _, usual = api_keys.issue(alice.organisation.pk, livemode=False, name="usual")
    blind = native(site, usual)
    for answer in (
        blind.get(PLACE), blind.get(f"{PLACE}/members"), blind.get(INVITED),
        patch(blind, PLACE, {"name": "Mine"}),
        blind.post(INVITED, {"email": address(), "role": "admin"}),
    ):  # fmt: skip
        assert (answer.status_code, answer.json()["scope"]) == (403, "admin")
    assert acts(alice) == []


# -------------------------------------------------------------------- members


def test_members_are_listed_given_roles_and_removed(
    api: Program, alice: Customer, described: dict[str, Any]
) -> None:
    bob = person(alice)
    name = f"{PLACE}/members/user:{bob.pk}"
    first = api.get(f"{PLACE}/members", params={"limit": 1}).json()
    is_a("MemberPage", first, described)
    assert (first["data"][0]["email"], first["data"][0]["role"]) == (alice.user.email, "owner")
    (second,) = api.get(f"{PLACE}/members", params={"after": first["next"]}).json()["data"]
    assert second == api.get(name).json()
    assert (second["id"], second["role"]) == (f"user:{bob.pk}", "creator")

    assert patch(api, name, {"role": "billing"}).json()["role"] == "billing"
    assert patch(api, name, {"role": "emperor"}).status_code == 422
    assert roles(alice)[bob.pk] == "billing"
    assert delete(api, name).json() == {
        "id": f"user:{bob.pk}", "object": "member", "deleted": True
    }  # fmt: skip
    assert [answer.status_code for answer in (delete(api, name), api.get(name))] == [404, 404]
    assert roles(alice) == {alice.user.pk: "owner"}
    assert acts(alice) == ["member.role_changed", "member.removed"]


def test_no_key_makes_touches_or_invites_an_owner(api: Program, alice: Customer) -> None:
    bob = person(alice)
    answers = [
        patch(api, f"{PLACE}/members/user:{bob.pk}", {"role": "owner"}),
        patch(api, f"{PLACE}/members/user:{alice.user.pk}", {"role": "viewer"}),
        delete(api, f"{PLACE}/members/user:{alice.user.pk}"),
        api.post(INVITED, {"email": address(), "role": "owner"}),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {
        (403, "forbidden")
    }
    assert roles(alice) == {alice.user.pk: "owner", bob.pk: "creator"}
    assert acts(alice) == []


def test_strangers_are_no_members(api: Program, alice: Customer) -> None:
    mallory = customer("mallory")
    for name in (f"user:{mallory.user.pk}", "user:x", "key:1", "user:" + "9" * 30):
        assert api.get(f"{PLACE}/members/{name}").status_code == 404
        assert delete(api, f"{PLACE}/members/{name}").status_code == 404
    assert api.get(f"{PLACE}/members", params={"after": "user:1"}).status_code == 404


def test_the_last_owner_stays_and_others_may_go(alice: Customer) -> None:
    me, bob = owner(alice), person(alice)
    mine, his = f"user:{alice.user.pk}", f"user:{bob.pk}"
    for act in (
        lambda: members.change_role(me, mine, Role.ADMIN),
        lambda: members.remove(me, mine),
    ):
        with pytest.raises(members.LastOwner, match="only owner"):
            act()
    assert roles(alice)[alice.user.pk] == "owner"
    members.change_role(me, his, Role.OWNER)
    members.remove(me, mine)  # one may go oneself
    assert roles(alice) == {bob.pk: "owner"}


def test_of_two_owners_who_go_at_once_one_stays(alice: Customer) -> None:
    bob = person(alice, Role.OWNER)
    actors = [
        Actor(organisation_id=alice.organisation.pk, livemode=True, user_id=pk)
        for pk in (alice.user.pk, bob.pk)
    ]

    def go(actor: Actor) -> bool:
        from django.db import connection

        try:
            members.remove(actor, f"user:{actor.user_id}")
        except members.LastOwner:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(go, actors)) == [False, True]
    assert list(roles(alice).values()) == ["owner"]


def test_the_database_keeps_an_owner_whatever_the_code_does(alice: Customer) -> None:
    for act in (
        lambda mine: mine.update(role=Role.VIEWER),
        lambda mine: mine.delete(),
    ):
        with (
            pytest.raises(IntegrityError, match="no owner"),
            tenancy.scope(alice.organisation.pk),
        ):
            act(Membership.objects.filter(user=alice.user))
    assert roles(alice) == {alice.user.pk: "owner"}


def test_who_is_no_owner_or_admin_manages_nobody(alice: Customer) -> None:
    bob = person(alice)
    for role in (Role.BILLING, Role.DEVELOPER, Role.CREATOR, Role.VIEWER):
        clerk = Actor(
            organisation_id=alice.organisation.pk, livemode=True, user_id=bob.pk, role=role
        )
        for act in (
            lambda: members.page(clerk, limit=5),  # noqa: B023
            lambda: members.remove(clerk, f"user:{alice.user.pk}"),  # noqa: B023
            lambda: invitations.make(clerk, address(), Role.VIEWER),  # noqa: B023
        ):
            with pytest.raises(Forbidden):
                act()
    admin = Actor(
        organisation_id=alice.organisation.pk, livemode=True, user_id=bob.pk, role=Role.ADMIN
    )
    with pytest.raises(Forbidden, match="Owners are made"):
        members.change_role(admin, f"user:{bob.pk}", Role.OWNER)
    assert acts(alice) == []


def test_who_was_lowered_has_the_rights_of_the_new_role_at_once(alice: Customer) -> None:
    web = browser(alice.user)
    assert web.get("/dev/keys").status_code == 200
    lowered(alice, Role.VIEWER)
    assert web.post("/dev/keys", {"name": "mine"}).status_code == 403
