"""What a key may do, from where, and how its secret is changed; over HTTP, in every dialect."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests

from accounts import access_keys, api_keys, tenancy
from accounts.models import AccessKey, ApiKey
from accounts.scopes import ALL
from tests.accounts.test_credentials import signed
from tests.generations import programs
from tests.generations.programs import FILM, Program, native
from tests.people import Customer, customer
from tests.waiting import until

KLING = {"model_name": "kling-v1", "prompt": "A paper boat"}
SEGMIND = {"prompt": "A paper boat"}
COSTS = "/kling/account/costs?start_time=1&end_time=2"

# What a key with that scope alone may send, and nobody without it: method, path, body.
NEEDS: dict[str, list[tuple[str, str, Any]]] = {
    "generate": [
        ("POST", "/api/v1/generations", {**FILM, "dry_run": True}),
        ("POST", "/api/v1/generations/batch", {"orders": [FILM], "dry_run": True}),
        ("POST", "/api/v1/quotes", FILM),
        ("POST", "/kling/v1/videos/text2video", KLING),
        ("POST", "/llmprovider/v1/videos/text2video", {**SEGMIND, "model": "kling-video-v1"}),
        ("POST", "/segmind/v2/kling-text2video", SEGMIND),
        ("POST", "/openai/v1/videos", {**SEGMIND, "model": "sora-2"}),
    ],
    "read": [
        ("GET", "/api/v1/generations", None),
        ("GET", "/api/v1/voices", None),
        ("GET", "/kling/v1/videos/text2video", None),
        ("GET", "/openai/v1/videos", None),
    ],
    "admin": [
        ("GET", "/api/v1/webhooks/signing-secret", None),
        ("POST", "/api/v1/webhooks", {"url": "https://203.0.113.9/told", "events": ["*"]}),
    ],
    "billing": [
        ("GET", "/api/v1/wallet", None),
        ("GET", "/api/v1/ledger", None),
        ("GET", "/api/v1/ledger.csv", None),
        ("GET", "/api/v1/usage", None),
        ("GET", COSTS, None),
        ("GET", "/segmind/v1/get-user-credits", None),
    ],
}


def issued(alice: Customer, **terms: Any) -> str:
    with tenancy.scope(alice.organisation.pk):
        return api_keys.issue(alice.organisation.pk, livemode=False, name="k", **terms)[1]


def send(site: str, key: str, method: str, path: str, body: Any) -> requests.Response:
    proof = {"x-api-key": key} if "/segmind" in path else {"Authorization": f"Bearer {key}"}
    return requests.request(method, site + path, json=body, headers=proof, timeout=60)


@pytest.mark.parametrize("scope", NEEDS)
def test_each_scope_opens_its_own_and_nothing_else(site: str, scope: str) -> None:
    alice = programs.funded()
    only, rest = (issued(alice, scopes=some) for some in ([scope], sorted(ALL - {scope})))
    before = programs.available(alice)
    for method, path, body in NEEDS[scope]:
        refused = send(site, rest, method, path, body)
        assert refused.status_code == 403, (path, refused.text)
        assert scope in refused.text
    assert programs.available(alice) == before
    for method, path, body in NEEDS[scope]:
        assert send(site, only, method, path, body).status_code in (200, 201), path


def test_who_may_order_hears_the_end_of_a_held_call_without_reading(site: str) -> None:
    alice = programs.funded()
    made = native(site, issued(alice, scopes=["generate"])).post(
        "/generations", FILM, headers={"Prefer": "wait=60"}
    )
    assert (made.status_code, made.json()["status"]) == (200, "succeeded")
    blind = native(site, issued(alice, scopes=["generate"]))
    again = blind.get(f"/generations/{made.json()['id']}")
    assert (again.status_code, again.json()["scope"]) == (403, "read")


def test_a_key_for_some_models_makes_no_other(site: str) -> None:
    alice = programs.funded()
    api = native(site, issued(alice, allowed_models=["kling-v1"]))
    assert api.post("/generations", FILM).status_code == 202
    left = programs.available(alice)
    for path in ("/generations", "/quotes"):
        refused = api.post(path, {**FILM, "model": "kling-v2-6"})
        assert refused.status_code == 403
        assert "kling-v2-6" in refused.json()["detail"]
    assert programs.available(alice) == left


def test_a_key_for_some_addresses_is_of_no_use_elsewhere(site: str) -> None:
    alice = programs.funded()
    elsewhere = native(site, issued(alice, allowed_networks=["203.0.113.0/24", "2001:db8::/32"]))
    refused = elsewhere.get("/generations")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "127.0.0.1" in refused.json()["detail"]
    assert native(site, issued(alice, allowed_networks=["127.0.0.0/8"])).get("/wallet").ok
    there = issued(alice, allowed_networks=["203.0.113.0/24"])
    for path in ("/kling/v1/videos/text2video", "/segmind/v1/get-user-credits"):
        assert send(site, there, "GET", path, None).status_code == 403


def test_the_secret_before_works_for_the_overlap_and_the_key_stays_the_same(site: str) -> None:
    alice = customer()
    first = alice.test_key
    with tenancy.scope(alice.organisation.pk):
        key = ApiKey.objects.get(livemode=False)
        second = api_keys.rotate(key, overlap=timedelta(hours=24))
    assert second[:17] == first[:17]
    assert all(native(site, text).get("/wallet").ok for text in (first, second))
    with tenancy.scope(alice.organisation.pk):
        third = api_keys.rotate(key, overlap=timedelta(0))

    def opens(text: str) -> bool:
        return native(site, text).get("/wallet").ok

    until(lambda: not opens(first) and not opens(second), what="the old texts are refused")
    assert opens(third)


def test_a_pair_signs_with_both_secrets_for_the_overlap(site: str) -> None:
    alice = customer()
    organisation = alice.organisation.pk
    with tenancy.scope(organisation):
        pair, first = access_keys.issue(organisation, livemode=False, name="pair")
        second = access_keys.rotate(pair, overlap=timedelta(hours=24))

    def asked(secret: str) -> int:
        program = Program(site, Authorization=f"Bearer {signed(pair.access_key, secret)}")
        return program.get(COSTS).status_code

    assert [asked(secret) for secret in (first, second, "x" * 43)] == [200, 200, 401]
    with tenancy.scope(organisation):
        AccessKey.objects.filter(pk=pair.pk).update(previous_until=pair.created_at)
    until(lambda: asked(first) == 401, what="the old secret is refused")
    assert asked(second) == 200
