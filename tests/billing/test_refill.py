"""A program that tests has test credits again whenever it asks, and the books say so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from accounts import api_keys, tenancy
from tests.generations.programs import FILM, available, funded, native, settled


def test_a_test_wallet_is_filled_again_as_an_entry_of_its_ledger(site: str) -> None:
    alice = funded()
    api = native(site, alice.test_key)
    whole = api.post("/wallet/refill").json()
    assert (whole["available"], whole["added"]) == (10_000, 0)
    assert len(api.get("/ledger").json()["data"]) == 1

    settled(api, api.post("/generations", FILM).json()["id"])
    waits = api.post("/generations", {**FILM, "prompt": "fail:never A snail"}).json()
    filled = api.post("/wallet/refill")
    assert filled.status_code == 200
    assert filled.json() == {
        "object": "wallet", "available": 10_000, "reserved": 10, "pending": 0, "owed": 0,
        "livemode": False, "added": 20,
    }  # fmt: skip
    entry = api.get("/ledger").json()["data"][0]
    assert (entry["type"], entry["amount"], entry["balance_after"]) == ("grant", 20, 10_000)
    assert (entry["reason"], entry["actor"]) == (
        "Test credits, refilled", f"test (…{alice.test_key[-4:]})"
    )  # fmt: skip
    entries = api.get("/ledger", params={"limit": 100}).json()["data"]
    assert sum(each["amount"] for each in entries) == available(alice) == 10_000
    assert waits["credits"]["held"] == 10


def test_of_many_who_ask_at_once_one_gives(site: str) -> None:
    alice = funded()
    api = native(site, alice.test_key)
    settled(api, api.post("/generations", FILM).json()["id"])
    with ThreadPoolExecutor(8) as pool:
        answers = [
            pool.submit(native(site, alice.test_key).post, "/wallet/refill") for _ in range(8)
        ]
    assert sorted(answer.result().json()["added"] for answer in answers) == [0] * 7 + [10]
    assert available(alice) == 10_000


def test_a_live_key_is_refused_and_so_is_one_that_may_not(site: str) -> None:
    alice = funded()
    live = native(site, alice.live_key).post("/wallet/refill")
    assert (live.status_code, live.json()["code"]) == (403, "test_mode_only")
    assert "test key" in live.json()["detail"]
    with tenancy.scope(alice.organisation.pk):
        _, reader = api_keys.issue(
            alice.organisation.pk, livemode=False, name="reads", scopes=["read"]
        )
    blind = native(site, reader).post("/wallet/refill")
    assert (blind.status_code, blind.json()["scope"]) == (403, "billing")
    wrong = native(site, alice.test_key).post("/wallet/refill", {"amount": 5})
    assert (wrong.status_code, wrong.json()["violations"][0]["field"]) == (422, "amount")
    assert (available(alice, livemode=True), available(alice)) == (60, 10_000)
