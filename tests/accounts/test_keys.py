"""Keys kept by a program: made on terms, held to caps, rotated and ended; and tokens it mints."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator

from accounts import tenancy
from accounts.models import AuditEvent
from tests.accounts.test_credentials import signed
from tests.generations import programs
from tests.generations.programs import FILM, Program, native
from tests.waiting import until


@pytest.fixture(scope="module")
def described(site: str) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{site}/api/v1/schema", timeout=60).json()
    return found


def is_a(name: str, told: dict[str, Any], described: dict[str, Any]) -> None:
    Draft202012Validator({"$ref": f"#/components/schemas/{name}", **described}).validate(told)


def test_a_key_is_made_spends_to_its_cap_is_rotated_and_ends(
    site: str, described: dict[str, Any]
) -> None:
    alice = programs.funded()
    boss = native(site, alice.test_key)
    terms = {
        "name": "render farm", "scopes": ["generate", "read"], "models": ["kling-v1"],
        "networks": ["127.0.0.1"], "caps": {"total": 15, "day": 100}, "requests_per_minute": 600,
    }  # fmt: skip
    made = boss.post("/keys", terms)
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    key = made.json()
    is_a("NewKey", key, described)
    assert made.headers["Location"].endswith(f"/keys/{key['id']}")
    assert (key["networks"], key["scopes"]) == (["127.0.0.1/32"], ["generate", "read"])
    farm = native(site, key["secret"])
    assert farm.post("/generations", FILM).status_code == 202  # 10 credits
    refused = farm.post("/generations", FILM)
    assert (refused.status_code, refused.json()["period"]) == (402, "total")
    one = boss.get(f"/keys/{key['id']}").json()
    is_a("Key", one, described)
    assert {cap["period"]: cap["left"] for cap in one["caps"]} == {"total": 5, "day": 90}

    changed = boss.http.patch(
        f"{boss.root}/keys/{key['id']}", json={"caps": {"total": None}, "name": "farm"}, timeout=60
    )
    assert [cap["period"] for cap in changed.json()["caps"]] == ["day"]
    assert farm.post("/generations", FILM).status_code == 202

    rotated = boss.post(f"/keys/{key['id']}/rotate", {"overlap": 3600}).json()
    is_a("NewKey", rotated, described)
    assert rotated["id"] == key["id"]
    for secret in (key["secret"], rotated["secret"]):
        assert native(site, secret).get("/generations").ok
    ended = boss.http.delete(f"{boss.root}/keys/{key['id']}", timeout=60)
    assert ended.json()["revoked_at"]
    until(lambda: farm.get("/generations").status_code == 401, what="a revoked key is refused")
    assert boss.http.delete(f"{boss.root}/keys/{key['id']}", timeout=60).ok
    assert boss.post(f"/keys/{key['id']}/rotate").status_code == 404
    page = boss.get("/keys").json()
    is_a("KeyPage", page, described)
    assert [each["name"] for each in page["data"]] == ["farm", "test"]
    with tenancy.scope(alice.organisation.pk):
        done = AuditEvent.objects.filter(subject=key["id"]).order_by("pk")
        told = [(one.action, one.detail["by"].partition(":")[0]) for one in done]
    assert told == [(f"key.{act}", "key") for act in ("made", "changed", "rotated", "revoked")]


def test_a_pair_is_made_and_signs(site: str, described: dict[str, Any]) -> None:
    alice = programs.funded()
    boss = native(site, alice.test_key)
    pair = boss.post("/access-keys", {"name": "Kling client"}).json()
    is_a("NewAccessKey", pair, described)
    proof = f"Bearer {signed(pair['id'], pair['secret'])}"
    assert Program(f"{site}/kling", Authorization=proof).get("/v1/videos/text2video").ok
    is_a("AccessKeyPage", boss.get("/access-keys").json(), described)


def test_wrong_terms_are_told_all_at_once_and_make_nothing(site: str) -> None:
    alice = programs.funded()
    boss = native(site, alice.test_key)
    wrong = {
        "scopes": ["everything"], "models": ["kling-v99"], "networks": ["home"],
        "caps": {"week": 5, "day": -1}, "requests_per_minute": 0, "expires_at": "soon",
        "colour": "red",
    }  # fmt: skip
    refused = boss.post("/keys", wrong)
    assert refused.status_code == 422
    assert {each["field"] for each in refused.json()["violations"]} == {
        "name", "scopes[0]", "models[0]", "networks[0]", "caps.week", "caps.day",
        "requests_per_minute", "expires_at", "colour",
    }  # fmt: skip
    over = boss.post("/keys", {"name": "late", "expires_at": "2020-01-01T00:00:00Z"})
    assert over.json()["violations"][0]["field"] == "expires_at"
    assert [each["name"] for each in boss.get("/keys").json()["data"]] == ["test"]
    narrow = boss.post("/keys", {"name": "admin", "scopes": ["admin"]}).json()
    more = native(site, narrow["secret"]).post("/keys", {"name": "x", "scopes": ["generate"]})
    assert (more.status_code, "generate" in more.json()["detail"]) == (403, True)
    mallory = native(site, programs.funded("mallory").test_key)
    assert mallory.get(f"/keys/{narrow['id']}").status_code == 404
    assert native(site, alice.live_key).get(f"/keys/{narrow['id']}").status_code == 404


def test_a_server_that_only_generates_mints_tokens_with_caps(
    site: str, described: dict[str, Any]
) -> None:
    alice = programs.funded()
    boss = native(site, alice.test_key)
    server = native(
        site, boss.post("/keys", {"name": "s", "scopes": ["generate"]}).json()["secret"]
    )
    minted = server.post("/tokens", {"end_user": "ann", "expires_in": 600, "caps": {"total": 10}})
    assert minted.status_code == 201
    token = minted.json()
    is_a("Token", token, described)
    assert token["scopes"] == ["generate"]
    ann = native(site, token["token"])
    assert ann.post("/generations", FILM).status_code == 202
    refused = ann.post("/generations", FILM)
    assert (refused.status_code, refused.json()["scope"]) == (402, "end_user")
    more = server.post("/tokens", {"end_user": "ann", "scopes": ["read"]})
    assert more.status_code == 403
    assert server.post("/tokens", {"end_user": ""}).status_code == 422
    ended = server.http.delete(f"{server.root}/tokens/{token['id']}", timeout=60)
    is_a("TokenOver", ended.json(), described)
    until(lambda: ann.post("/quotes", FILM).status_code == 401, what="the token is refused")
    assert ann.post("/tokens", {"end_user": "ben"}).status_code == 401
