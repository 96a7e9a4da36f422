"""No key and no person gives, or is shown, more than they have; and no lost answer costs a key."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, override_settings

from accounts import api_keys, credentials, tenancy
from accounts.models import ApiKey, IdempotencyRecord
from accounts.models.organisation import Role
from tests.accounts.test_end_users import minted
from tests.generations.programs import FILM, Program, available, funded, native
from tests.people import Customer, lowered
from tests.waiting import until

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def changed(api: Program, key: dict[str, Any], terms: dict[str, Any]) -> Any:
    return api.http.patch(f"{api.root}/keys/{key['id']}", json=terms, timeout=60)


def kept(alice: Customer) -> list[tuple[Any, ...]]:
    """Every key as its row has it."""
    with tenancy.scope(alice.organisation.pk):
        return list(
            ApiKey.objects.order_by("pk").values_list(
                "key_id", "scopes", "allowed_models", "secret_hash", "previous_hash"
            )
        )


def test_a_developer_makes_no_key_that_manages_members(site: str) -> None:
    alice = funded()
    lowered(alice, Role.DEVELOPER)
    web = Client(headers={"Host": "127.0.0.1"})
    web.force_login(alice.user, backend=_BACKEND)
    before = kept(alice)
    assert b'value="admin"' not in web.get("/dev/keys").content
    form = {"terms": "1", "name": "mine", "scopes": ["read", "admin"]}
    answer = web.post("/dev/keys", form)
    assert "Your role (developer) cannot give what it has not: admin" in answer.content.decode()
    assert kept(alice) == before
    assert web.post("/dev/keys", {**form, "scopes": ["read", "generate"]}).status_code == 200
    assert len(kept(alice)) == len(before) + 1


def test_an_admin_key_reaches_no_key_that_may_more(site: str) -> None:
    alice = funded()
    boss = native(site, alice.test_key)
    strong = boss.post("/keys", {"name": "strong", "scopes": ["generate", "read"]}).json()
    for terms in (
        {"scopes": ["admin"]},
        {"scopes": ["admin", "generate", "read"], "models": ["kling-v1"]},
        {"scopes": ["admin", "generate", "read"], "networks": ["127.0.0.0/8"]},
        {"scopes": ["admin", "generate", "read"], "caps": {"total": 5}},
    ):
        mine = boss.post("/keys", {"name": "narrow", **terms}).json()
        narrow = native(site, mine["secret"])
        before = kept(alice)
        refused = [
            narrow.post(f"/keys/{strong['id']}/rotate"),
            changed(narrow, strong, {"name": "mine"}),
            changed(narrow, mine, {"models": [], "networks": [], "caps": {"total": None}}),
            narrow.post("/keys", {"name": "x", "models": ["kling-v2-6"], "networks": ["::/0"],
                                  "scopes": ["generate"]}),
        ]  # fmt: skip
        assert [each.status_code for each in refused] == [403] * 4, terms
        assert kept(alice) == before
    limited = {"name": "l", "scopes": ["admin", "read"], "models": ["kling-v1"],
               "networks": ["127.0.0.0/8"]}  # fmt: skip
    narrow = native(site, boss.post("/keys", limited).json()["secret"])
    child = narrow.post("/keys", {"name": "child", "scopes": ["read"]}).json()
    assert (child["models"], child["networks"]) == (["kling-v1"], ["127.0.0.0/8"])
    assert changed(narrow, child, {"models": []}).status_code == 403
    assert changed(narrow, child, {"networks": ["127.0.0.1"]}).status_code == 200


def test_a_token_follows_the_models_of_its_key(site: str) -> None:
    alice = funded()
    boss = native(site, alice.test_key)
    key = boss.post("/keys", {"name": "s", "scopes": ["generate", "read"]}).json()
    server = native(site, key["secret"])
    tokens = {
        models: native(site, server.post("/tokens", {"end_user": "ann", **told}).json()["token"])
        for models, told in (("all", {}), ("one", {"models": ["kling-v2-6"]}))
    }
    changed(boss, key, {"models": ["kling-v1"]})
    newer = {**FILM, "model": "kling-v2-6"}

    def refused(models: str, film: dict[str, Any]) -> bool:
        return bool(tokens[models].post("/quotes", film).status_code == 403)

    until(lambda: refused("all", newer), what="what the key may do no more")
    until(lambda: refused("one", newer), what="what the key may do no more")
    assert refused("one", FILM)
    assert not refused("all", FILM)
    assert tokens["all"].post("/tokens", {"end_user": "ben"}).status_code == 403
    assert tokens["all"].post("/keys", {"name": "x"}).status_code == 403


def test_a_rotation_whose_answer_was_lost_leaves_the_secret_in_use(site: str) -> None:
    alice = funded()
    boss = native(site, alice.test_key)
    once = {"Idempotency-Key": "make-1"}
    lost = boss.post("/keys", {"name": "farm"}, headers=once).json()
    again = boss.post("/keys", {"name": "farm"}, headers=once)
    key = again.json()
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert (key["id"], key["secret"] != lost["secret"]) == (lost["id"], True)
    assert [each["name"] for each in boss.get("/keys").json()["data"]] == ["farm", "test"]
    other = boss.post("/keys", {"name": "barn"}, headers=once)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")

    rotate = {"headers": {"Idempotency-Key": "rotate-1"}}
    lost = boss.post(f"/keys/{key['id']}/rotate", **rotate).json()
    new = boss.post(f"/keys/{key['id']}/rotate", **rotate).json()
    until(lambda: native(site, lost["secret"]).get("/generations").status_code == 401)
    for secret in (key["secret"], new["secret"]):
        assert native(site, secret).get("/generations").ok
    pair = boss.post("/access-keys", {"name": "p"}, headers={"Idempotency-Key": "pair-1"}).json()
    told = boss.post("/access-keys", {"name": "p"}, headers={"Idempotency-Key": "pair-1"}).json()
    assert told["id"] == pair["id"]
    with tenancy.scope(alice.organisation.pk):
        for record in IdempotencyRecord.objects.all():
            assert not {key["secret"], new["secret"], pair["secret"]} & {record.body}


def test_keys_are_bounded(site: str) -> None:
    alice = funded()
    key = api_keys.verify(alice.test_key)
    with override_settings(KEYS_MAX=2), tenancy.scope(alice.organisation.pk):
        credentials.make(key, "key", {"name": "second"})
        with pytest.raises(credentials.TooManyKeys, match="at most 2 keys"):
            credentials.make(key, "key", {"name": "third"})
    assert len(native(site, alice.test_key).get("/keys").json()["data"]) == 2


def test_end_users_have_idempotency_keys_of_their_own(site: str) -> None:
    alice = funded()
    server = native(site, alice.test_key)
    ann, ben = (native(site, minted(alice, name)) for name in ("ann", "ben"))
    same = {"headers": {"Idempotency-Key": "order-1"}}
    made = [each.post("/generations", FILM, **same) for each in (ann, ben, server)]
    assert [each.status_code for each in made] == [202] * 3
    assert [each.json()["end_user"] for each in made] == ["ann", "ben", None]
    again = ben.post("/generations", FILM, **same)
    assert (again.json()["id"], "Idempotent-Replayed" in again.headers) == (
        made[1].json()["id"], True,
    )  # fmt: skip
    body = {"orders": [FILM]}
    batches = [each.post("/generations/batch", body, **same) for each in (ann, ben)]
    assert [each.status_code for each in batches] == [422, 422]  # each has used it for an order
    fresh = {"headers": {"Idempotency-Key": "batch-1"}}
    batches = [each.post("/generations/batch", body, **fresh) for each in (ann, ben)]
    ids = {each.json()["data"][0]["generation"]["id"] for each in batches}
    assert len(ids) == 2
    assert available(alice) == 10_000 - 10 * 5


def test_a_test_key_changes_nothing_of_the_organisation(site: str) -> None:
    alice = funded()
    test, live = native(site, alice.test_key), native(site, alice.live_key)
    before = live.get("/organisation").json()
    assert test.get("/organisation").json()["name"] == before["name"]
    place = f"{test.root}/organisation"
    member = f"{place}/members/user:{alice.user.pk}"
    refused = [
        test.http.patch(place, json={"name": "Mine"}, timeout=60),
        test.http.patch(member, json={"role": "viewer"}, timeout=60),
        test.http.delete(member, timeout=60),
        test.post("/organisation/invitations", {"email": "bob@example.org", "role": "admin"}),
    ]
    assert [each.status_code for each in refused] == [403] * 4
    assert live.get("/organisation").json() == before
    assert live.get("/organisation/invitations").json()["data"] == []
