"""The page of keys: a key on terms, held to them as one that was made over the API."""

from __future__ import annotations

import html
import re

from django.test import Client

from accounts import tenancy
from accounts.models import ApiKey, AuditEvent
from accounts.models.organisation import Role
from tests.generations.programs import FILM, funded, native
from tests.people import Customer, lowered
from tests.waiting import until

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
_TERMS = {
    "terms": "1", "name": "farm", "scopes": ["generate", "read"], "models": ["kling-v1"],
    "networks": "127.0.0.1, 192.0.2.0/24", "requests_per_minute": "600", "total": "15",
    "expires_on": "2099-01-31",
}  # fmt: skip


def _signed_in(alice: Customer) -> Client:
    web = Client(headers={"Host": "127.0.0.1"})
    web.force_login(alice.user, backend=_BACKEND)
    return web


def _keys(alice: Customer) -> int:
    with tenancy.scope(alice.organisation.pk):
        return ApiKey.objects.count()


def test_a_key_is_made_on_the_terms_of_the_form_and_held_to_them(site: str) -> None:
    alice = funded()
    answer = _signed_in(alice).post("/dev/keys", _TERMS)
    page = html.unescape(answer.content.decode())
    (key,) = re.findall(r'id="new-key">(ksk_live_\w+)<', page)
    for words in (
        "generate, read", "only kling-v1", "only from 127.0.0.1/32, 192.0.2.0/24",
        "600 requests a minute", "at most 15 credits in all", "until Jan 31, 2099",
    ):  # fmt: skip
        assert f"<span>{words}</span>" in page
    farm = native(site, key)
    assert farm.post("/generations", {**FILM, "model": "kling-v1-6"}).status_code == 403
    assert farm.get("/wallet").status_code == 403
    assert farm.post("/generations", FILM).status_code == 202  # 10 credits
    assert farm.post("/generations", FILM).status_code == 402


def test_the_form_refuses_with_every_reason_and_makes_nothing() -> None:
    alice = funded()
    before = _keys(alice)
    wrong = {"scopes": [], "networks": "nowhere", "day": "many", "expires_on": "soon"}
    answer = _signed_in(alice).post("/dev/keys", {**_TERMS, **wrong})
    page = answer.content.decode()
    assert answer.status_code == 422
    for field in ("scopes must", "networks[0] must", "caps.day must", "expires_at must"):
        assert f"<span>{field}" in page
    assert 'value="nowhere"' in page
    assert _keys(alice) == before


def test_who_may_not_look_after_money_makes_keys_without_caps_only() -> None:
    alice = funded()
    lowered(alice, Role.DEVELOPER)
    before = _keys(alice)
    web = _signed_in(alice)
    assert web.post("/dev/keys", _TERMS).status_code == 422
    assert _keys(alice) == before
    assert web.post("/dev/keys", {**_TERMS, "total": ""}).status_code == 200
    assert _keys(alice) == before + 1


def test_a_key_ended_on_the_page_is_written_down_once_with_who_did_it(site: str) -> None:
    alice = funded()
    web = _signed_in(alice)
    with tenancy.scope(alice.organisation.pk):
        (key_id,) = ApiKey.objects.filter(livemode=True).values_list("key_id", flat=True)
    for _again in range(2):
        assert web.post(f"/dev/keys/{key_id}/revoke").status_code == 302
    assert web.post("/dev/keys/nosuchkey/revoke").status_code == 302
    assert native(site, alice.live_key).get("/generations").status_code == 401
    with tenancy.scope(alice.organisation.pk):
        noted = AuditEvent.objects.filter(action="key.revoked").values_list("subject", "actor")
        assert list(noted) == [(key_id, alice.user.pk)]


def test_a_keys_terms_are_changed_and_its_secret_replaced_beside_the_old_one(site: str) -> None:
    alice = funded()
    web = _signed_in(alice)
    with tenancy.scope(alice.organisation.pk):
        (name,) = ApiKey.objects.filter(livemode=True).values_list("key_id", flat=True)
    assert native(site, alice.live_key).get("/wallet").status_code == 200
    recent = "It made 1 call in the last 24 hours"
    until(
        lambda: recent in html.unescape(web.get(f"/dev/keys/{name}").content.decode()),
        what="the call on the key's page",
    )
    assert "1 call in 24 h" in web.get("/dev/keys").content.decode()
    terms = {"terms": "1", "name": "renamed", "scopes": ["read"], "total": "15"}
    assert web.post(f"/dev/keys/{name}", {**terms, "networks": "nowhere"}).status_code == 422
    assert native(site, alice.live_key).get("/wallet").status_code == 200
    assert web.post(f"/dev/keys/{name}", terms).status_code == 302
    page = html.unescape(web.get(f"/dev/keys/{name}").content.decode())
    assert "at most 15 credits in all" in page
    assert 'value="renamed"' in page
    program = native(site, alice.live_key)
    until(lambda: program.get("/wallet").status_code == 403, what="the end of a scope")

    answer = web.post(f"/dev/keys/{name}/roll", {"overlap": "3600"})
    (fresh,) = re.findall(r'id="new-key">(ksk_live_\w+)<', answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    for key in (fresh, alice.live_key):
        assert native(site, key).get("/generations").status_code == 200
    assert web.post(f"/dev/keys/{name}/roll", {"overlap": "0"}).status_code == 200
    for key in (fresh, alice.live_key):
        program = native(site, key)
        until(lambda p=program: p.get("/generations").status_code == 401, what="its end")
    stranger = _signed_in(funded("mallory"))
    for path in (f"/dev/keys/{name}", f"/dev/keys/{name}/roll"):
        assert stranger.post(path, terms).status_code == 404
