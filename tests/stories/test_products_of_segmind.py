"""With Kling's own APIs dead, Segmind makes what it has a page for, at the same prices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from accounts import tenancy
from generations.catalogue.products.registry import PRODUCTS
from generations.models import Attempt, Protocol, ProviderAccount, RefusedModel
from tests.generations.programs import Program, available, settled
from tests.people import Customer
from tests.selling import seen_by_all
from tests.stack import Stack

LIVING, HELD = "sandbox-segmind", "story-segmind-held"
TASKS = ("omni-video", "motion-control", "avatar", "effects")
OMNI = {"task": "omni-video", "model": "kling-v3-omni", "mode": "std"}


def called() -> list[str]:
    """What of these products is called at an upstream."""
    return [
        f"{name} {model}"
        for name in TASKS
        for model in PRODUCTS[name].models or (PRODUCTS[name].own_model,)
    ]


@pytest.fixture(scope="module")
def dead(stack: Stack) -> Iterator[ProviderAccount]:
    """Kling's one account, asked first, where nobody listens; Segmind's others are there."""
    others = ProviderAccount.objects.filter(enabled=True).exclude(name=LIVING)
    refused = RefusedModel.objects.bulk_create(
        RefusedModel(account=account, model=name, reason="a story")
        for account in others
        for name in called()
    )
    made = [
        _account("story-dead-kling-2", Protocol.KLING, "http://127.0.0.1:1", "sandbox-key", 1,
                 ["kling-v3-omni", "kling-video-o1"]),
        _account(HELD, Protocol.SEGMIND_V1, f"{stack.sandbox}/segmind", "SG_0123456789abcdef", 5,
                 ["kling-effects"]),
    ]  # fmt: skip
    seen_by_all()
    yield made[0]
    ProviderAccount.objects.filter(pk__in=[a.pk for a in made]).update(enabled=False)
    RefusedModel.objects.filter(pk__in=[row.pk for row in refused]).delete()
    seen_by_all()


def _account(
    name: str, protocol: Protocol, base_url: str, key: str, priority: int, models: list[str]
) -> ProviderAccount:
    account = ProviderAccount(
        name=name, protocol=protocol, base_url=base_url, priority=priority, serves_test=True,
        serves_live=False, concurrency=50, models_sold=models, is_sandbox=True,
    )  # fmt: skip
    account.set_credential(key)
    account.save()
    return account


@pytest.fixture(scope="module")
def film(api: Program) -> str:
    order = {"model": "kling-v3", "prompt": "A fox in the snow", "sound": True}
    return str(settled(api, api.post("/generations", order).json()["id"])["id"])


@pytest.fixture(scope="module")
def speech(api: Program) -> str:
    order = {"task": "tts", "text": "Good evening, dear friends of the fox.", "voice": "AOT",
             "language": "en"}  # fmt: skip
    return str(settled(api, api.post("/generations", order).json()["id"])["id"])


def tries(public_id: str) -> list[tuple[str, str]]:
    """Account and outcome of each create."""
    with tenancy.system("a test looks at the tries"):
        rows = Attempt.objects.filter(generation__public_id=public_id).order_by("number")
        return [(row.account.name, row.outcome) for row in rows.select_related("account")]


def made(api: Program, order: dict[str, Any], credits_due: int | None = None) -> dict[str, Any]:
    """The generation, made at the quoted price."""
    quote = api.post("/quotes", order)
    assert quote.status_code == 201, quote.text
    due = quote.json()["credits"]
    assert due == (credits_due or due)
    found = settled(api, api.post("/generations", order).json()["id"])
    assert (found["status"], found["credits"]["charged"]) == ("succeeded", due), found
    return found


def test_the_omni_film_comes_from_segmind_at_the_same_price(
    dead: ProviderAccount, api: Program, customer: Customer, picture: str
) -> None:
    before = available(customer)
    frames = [{"image": picture, "use": "first_frame"}]
    order = {**OMNI, "prompt": "<<<image_1>>> wakes", "images": frames, "duration": 4}
    found = made(api, order, 24)
    assert tries(found["id"]) == [(dead.name, "not_sent"), (LIVING, "accepted")]
    assert found["video"]["duration"] == pytest.approx(4, abs=0.1)
    assert before - available(customer) == 24


def test_films_are_edited_movements_borrowed_and_pictures_made_to_speak_there(
    dead: ProviderAccount, api: Program, picture: str, film: str, speech: str
) -> None:
    videos = [{"video": film, "use": "base", "keep_sound": True}]
    edited = made(api, {**OMNI, "prompt": "Make <<<video_1>>> red", "videos": videos}, 45)
    assert edited["video"]["has_sound"] is True
    moved = made(api, {"task": "motion-control", "image": picture, "video": film, "mode": "std",
                       "prompt": "It dances", "character_orientation": "video"}, 25)  # fmt: skip
    assert tries(moved["id"]) == [(LIVING, "accepted")]
    spoken = made(api, {"task": "avatar", "image": picture, "audio": speech})
    assert tries(spoken["id"]) == [(LIVING, "accepted")]
    assert spoken["video"]["has_sound"] is True


def test_a_scene_of_two_comes_from_a_call_held_open(
    dead: ProviderAccount, api: Program, picture: str
) -> None:
    order = {"task": "effects", "effect_scene": "hug", "images": [picture, picture]}
    found = made(api, order, 20)
    assert tries(found["id"]) == [(HELD, "accepted")]
    assert found["video"]["duration"] == pytest.approx(5, abs=0.1)


@pytest.mark.parametrize(
    ("word", "code"), [("fail:moderation", "moderation"), ("fail:failed", "upstream_failed")]
)
def test_what_fails_there_is_not_paid(
    dead: ProviderAccount, api: Program, customer: Customer, word: str, code: str
) -> None:
    before = available(customer)
    order = {**OMNI, "prompt": f"A hen {word}", "aspect_ratio": "1:1", "duration": 3}
    found = settled(api, api.post("/generations", order).json()["id"])
    assert (found["status"], found["error"]["code"]) == ("failed", code), found
    assert available(customer) == before
