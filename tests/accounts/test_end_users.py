"""A token for one end user's browser: it opens what is theirs, and nothing of anybody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from accounts import api_keys, end_users, tenancy
from accounts.models import ApiKey, EndUserToken
from billing import caps
from tests.accounts.test_scopes import send
from tests.generations import programs
from tests.generations.programs import FILM, native
from tests.people import Customer
from tests.waiting import until


def minted(alice: Customer, end_user: str, **terms: Any) -> str:
    key = api_keys.verify(alice.test_key)
    with tenancy.scope(alice.organisation.pk):
        return end_users.mint(key, end_user, **{"lifetime": timedelta(minutes=5), **terms})[1]


def test_two_end_users_see_their_own_and_the_server_sees_all(site: str) -> None:
    alice = programs.funded()
    ann, ben = (native(site, minted(alice, name)) for name in ("ann", "ben"))
    server = native(site, alice.test_key)
    made = {
        "ann": ann.post("/generations", FILM).json(),
        "ben": ben.post("/generations", FILM).json(),
        None: server.post("/generations", FILM).json(),
    }
    assert {made[name]["end_user"] for name in made} == {"ann", "ben", None}

    def seen(program: programs.Program, query: str = "") -> set[str]:
        return {each["id"] for each in program.get(f"/generations{query}").json()["data"]}

    assert seen(ann) == {made["ann"]["id"]}
    assert seen(ann, "?end_user=ben") == set()
    assert seen(server) == {each["id"] for each in made.values()}
    assert seen(server, "?end_user=ben") == {made["ben"]["id"]}
    for other in (made["ben"]["id"], made[None]["id"]):
        for path in ("", "/events", "/content"):
            assert ann.get(f"/generations/{other}{path}").status_code == 404
        assert ann.post(f"/generations/{other}/cancel").status_code == 404
    assert ann.get(f"/generations/{made['ann']['id']}").ok
    own = f"{ann.root}/generations/{made['ann']['id']}"
    assert ann.http.delete(own, timeout=60).status_code == 403  # the one who paid deletes
    for_ben = server.post("/generations", {**FILM, "end_user": "ben"})
    assert for_ben.json()["id"] in seen(ben)
    wrong = ann.post("/generations", {**FILM, "end_user": "ben"})
    assert (wrong.status_code, wrong.json()["violations"][0]["field"]) == (422, "end_user")
    nobody = server.post("/generations", {**FILM, "end_user": ""})  # whose cap would that be?
    assert (nobody.status_code, nobody.json()["violations"][0]["field"]) == (422, "end_user")


def test_a_token_opens_no_money_no_keys_and_no_dialect(site: str) -> None:
    alice = programs.funded()
    token = minted(alice, "ann")
    ann = native(site, token)
    for path in ("/wallet", "/ledger", "/usage", "/voices", "/uploads", "/videos", "/collections"):
        assert ann.get(path).status_code == 403, path
    for path in ("/kling/v1/videos/text2video", "/kling/account/costs?start_time=1&end_time=2"):
        assert send(site, token, "GET", path, None).status_code in (401, 403)
    assert send(site, token, "GET", "/segmind/v1/get-user-credits", None).status_code == 401


def test_a_token_ends_by_itself_with_its_key_and_when_it_is_revoked(site: str) -> None:
    alice = programs.funded()
    tokens = [minted(alice, "ann") for _ in range(3)]
    assert all(native(site, token).get("/generations").ok for token in tokens)

    def refused(token: str) -> bool:
        return native(site, token).get("/generations").status_code == 401

    with tenancy.scope(alice.organisation.pk):
        EndUserToken.objects.filter(token_id=tokens[0][9:17]).update(expires_at=Now())
    until(lambda: refused(tokens[0]), what="a token that is over is refused")
    assert end_users.revoke(api_keys.verify(alice.test_key), tokens[1][9:17])
    until(lambda: refused(tokens[1]), what="a revoked token is refused")
    assert not refused(tokens[2])
    with tenancy.scope(alice.organisation.pk):
        key = ApiKey.objects.get(livemode=False)
    api_keys.revoke(alice.organisation.pk, key.key_id)
    until(lambda: refused(tokens[2]), what="a token of a revoked key is refused")


@pytest.mark.parametrize("period", ["call", "day", "total"])
def test_an_end_user_spends_up_to_their_cap_and_others_go_on(site: str, period: str) -> None:
    alice = programs.funded()
    key = api_keys.verify(alice.test_key)
    caps.put(key, scope="end_user", subject="ann", period=period, amount=10)
    ann, ben = (native(site, minted(alice, name)) for name in ("ann", "ben"))
    dear = {**FILM, "mode": "pro"}  # 35 credits
    refused = ann.post("/generations", dear)
    assert (refused.status_code, refused.json()["code"]) == (402, "cap_reached")
    assert refused.json()["scope"] == "end_user"
    assert ann.post("/generations", FILM).status_code == 202  # 10 credits
    again = ann.post("/generations", FILM)
    assert again.status_code == (202 if period == "call" else 402)
    assert ben.post("/generations", dear).status_code == 202
    spent = {one.cap.period: one.spent for one in caps.of_end_user(key, "ann")}
    assert spent == {period: 0 if period == "call" else 10}
    assert caps.standings(key) == []  # of end users there may be many
