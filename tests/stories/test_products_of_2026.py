"""With Kling's first API dead, omni films and borrowed movements come from its 2026 standard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from accounts import tenancy
from generations.models import Attempt, Protocol, ProviderAccount, RefusedModel
from tests.generations.programs import Program, available, settled
from tests.people import Customer
from tests.selling import seen_by_all
from tests.stack import Stack

CALLED = (
    "omni-video kling-v3-omni", "omni-video kling-video-o1",
    "motion-control kling-v2-6", "motion-control kling-v3",
)  # fmt: skip
LIVING = "sandbox-kling-2026"
OMNI = {"task": "omni-video", "mode": "std", "aspect_ratio": "1:1"}


@pytest.fixture(scope="module")
def legacy(stack: Stack) -> Iterator[ProviderAccount]:
    """The one account of the first standard, asked before the other's, where nobody listens."""
    others = ProviderAccount.objects.filter(enabled=True).exclude(name=LIVING)
    refused = RefusedModel.objects.bulk_create(
        RefusedModel(account=account, model=called, reason="a story")
        for account in others
        for called in CALLED
    )
    dead = ProviderAccount(
        name="story-dead-kling", protocol=Protocol.KLING, base_url="http://127.0.0.1:1",
        priority=1, serves_test=True, serves_live=False, concurrency=50,
        models_sold=["kling-v3-omni", "kling-video-o1"], is_sandbox=True,
    )  # fmt: skip
    dead.set_credential("sandbox-key")
    dead.save()
    seen_by_all()
    yield dead
    ProviderAccount.objects.filter(pk=dead.pk).update(enabled=False)
    RefusedModel.objects.filter(pk__in=[row.pk for row in refused]).delete()
    seen_by_all()


@pytest.fixture(scope="module")
def films(api: Program) -> dict[int, dict[str, Any]]:
    """Films of 5 and of 12 s."""
    orders = {
        seconds: {"model": "kling-v3", "prompt": f"A fox for {seconds} s", "duration": seconds}
        for seconds in (5, 12)
    }
    ids = {
        seconds: api.post("/generations", order).json()["id"] for seconds, order in orders.items()
    }
    return {seconds: settled(api, made) for seconds, made in ids.items()}


def tries(public_id: str) -> list[tuple[str, str]]:
    """Account and outcome of each create."""
    with tenancy.system("a test looks at the tries"):
        rows = Attempt.objects.filter(generation__public_id=public_id).order_by("number")
        return [(row.account.name, row.outcome) for row in rows.select_related("account")]


def made(api: Program, order: dict[str, Any], credits_due: int) -> dict[str, Any]:
    """The generation, made at this price."""
    quote = api.post("/quotes", order)
    assert quote.status_code == 201, quote.text
    assert quote.json()["credits"] == credits_due
    answer = api.post("/generations", order)
    assert answer.status_code == 202, answer.text
    found = settled(api, answer.json()["id"])
    assert (found["status"], found["credits"]["charged"]) == ("succeeded", credits_due), found
    assert "source_seconds" not in found["input"]
    return found


def test_the_omni_film_comes_from_the_next_account_at_the_same_price(
    legacy: ProviderAccount, api: Program, customer: Customer, picture: str
) -> None:
    before = available(customer)
    order = {**OMNI, "prompt": "<<<image_1>>> by the sea", "images": [{"image": picture}],
             "duration": 4}  # fmt: skip
    film = made(api, order, 24)
    assert tries(film["id"]) == [(legacy.name, "not_sent"), (LIVING, "accepted")]
    assert film["video"]["duration"] == pytest.approx(4, abs=0.1)
    assert before - available(customer) == 24


def test_films_are_edited_and_followed_there(
    legacy: ProviderAccount, api: Program, films: dict[int, dict[str, Any]], picture: str
) -> None:
    videos = [{"video": films[5]["id"], "use": "base"}]
    edited = made(api, {**OMNI, "prompt": "Make <<<video_1>>> red", "videos": videos}, 45)
    assert edited["video"]["duration"] == pytest.approx(5, abs=0.1)
    videos = [{"video": films[5]["id"], "use": "feature"}]
    shots = [{"prompt": "<<<video_1>>> goes on", "duration": 2}, {"prompt": "Night", "duration": 3}]
    followed = {**OMNI, "model": "kling-v3-omni", "multi_prompt": shots, "videos": videos}
    assert tries(made(api, followed, 45)["id"])[-1] == (LIVING, "accepted")


def test_a_longer_film_than_the_first_standard_takes_goes_to_the_second_alone(
    legacy: ProviderAccount, api: Program, films: dict[int, dict[str, Any]]
) -> None:
    order = {**OMNI, "model": "kling-v3-omni", "prompt": "Make <<<video_1>>> red",
             "videos": [{"video": films[12]["id"]}]}  # fmt: skip
    film = made(api, order, 108)
    assert tries(film["id"]) == [(LIVING, "accepted")]
    assert film["video"]["duration"] == pytest.approx(12, abs=0.1)
    told = api.post("/generations", {**order, "model": "kling-video-o1"})
    assert told.status_code == 422
    assert "kling-v3-omni" in told.json()["detail"]


def test_a_movement_is_borrowed_there(
    legacy: ProviderAccount, api: Program, films: dict[int, dict[str, Any]], picture: str
) -> None:
    order = {"task": "motion-control", "image": picture, "video": films[5]["id"], "mode": "std",
             "character_orientation": "video"}  # fmt: skip
    film = made(api, order, 25)
    assert tries(film["id"]) == [(LIVING, "accepted")]
    assert film["video"]["duration"] == pytest.approx(5, abs=0.1)


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [
        ("fail:moderation", "failed", "moderation"),
        ("fail:failed", "failed", "upstream_failed"),
        ("fail:lost-reply", "succeeded", None),
        ("fail:5xx-after", "succeeded", None),
        ("callback:none", "succeeded", None),
    ],
)
def test_what_goes_wrong_there_is_told_and_not_paid(
    legacy: ProviderAccount, api: Program, customer: Customer, word: str, status: str,
    code: str | None,
) -> None:  # fmt: skip
    before = available(customer)
    order = {**OMNI, "prompt": f"A hen {word}", "duration": 5}
    found = settled(api, api.post("/generations", order).json()["id"])
    assert (found["status"], found["error"] and found["error"]["code"]) == (status, code), found
    assert [name for name, outcome in tries(found["id"]) if outcome == "accepted"] == (
        [] if code == "moderation" else [LIVING]
    )
    assert before - available(customer) == (30 if status == "succeeded" else 0)


def test_many_films_are_asked_about_at_once(legacy: ProviderAccount, api: Program) -> None:
    ids = [
        api.post("/generations", {**OMNI, "prompt": f"Hen {n}", "duration": 3}).json()["id"]
        for n in range(12)
    ]
    assert {settled(api, each)["status"] for each in ids} == {"succeeded"}


def test_who_has_only_the_first_standard_is_told_its_limit(
    legacy: ProviderAccount, api: Program
) -> None:
    order = {**OMNI, "prompt": "A hen", "duration": 7}
    assert api.post("/quotes", order).status_code == 201
    ProviderAccount.objects.filter(name=LIVING).update(enabled=False)
    seen_by_all()
    try:
        told = api.post("/quotes", order)
    finally:
        ProviderAccount.objects.filter(name=LIVING).update(enabled=True)
        seen_by_all()
    assert told.status_code == 422
    assert [v["field"] for v in told.json()["violations"]] == ["duration"]
    assert "5 or 10 seconds" in told.json()["detail"]
