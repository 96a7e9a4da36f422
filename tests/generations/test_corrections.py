"""An operator corrects what the release says about a product, and it is in force at once."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from generations.models import ProductCorrection
from tests.generations.programs import Program, funded, native, settled
from tests.selling import seen_by_all


@pytest.fixture
def operator() -> Iterator[Client]:
    """Signed in with every permission; its corrections go afterwards."""
    client = Client(headers={"host": "localhost"})
    user = User.objects.filter(is_superuser=True).first()
    assert user is not None
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    yield client
    ProductCorrection.objects.all().delete()
    seen_by_all()


@pytest.fixture
def api(site: str) -> Program:
    return native(site, funded().test_key)


def correct(client: Client, product: str, limits: object, *, enabled: bool = True) -> int:
    """Save a correction in the console; 302 when it was taken, 200 when it was refused."""
    form = {"product": product, "limits": json.dumps(limits), "note": "Kling's page of today"}
    if enabled:
        form["enabled"] = "on"
    return client.post(reverse("admin:generations_productcorrection_add"), form).status_code


EFFECT = {"task": "effects", "effect_scene": "moon_walk", "images": ["https://example.com/a.png"]}


def test_a_scene_that_kling_added_can_be_ordered_without_a_release(
    operator: Client, api: Program
) -> None:
    assert api.post("/quotes", EFFECT).status_code == 422
    scenes = {"effect_scene": {"allowed": ["squish", "moon_walk"]}}
    assert correct(operator, "effects", scenes) == 302
    seen_by_all()
    assert api.post("/quotes", EFFECT).json()["credits"] == 20
    schema = api.get("/tasks/effects").json()["schema"]
    assert schema["properties"]["effect_scene"]["enum"] == ["squish", "moon_walk"]


def test_a_product_that_is_switched_off_is_neither_listed_nor_sold(
    operator: Client, api: Program
) -> None:
    assert correct(operator, "effects", {}, enabled=False) == 302
    seen_by_all()
    assert api.get("/tasks/effects").status_code == 404
    refusal = api.post("/quotes", EFFECT).json()
    assert refusal["violations"][0]["field"] == "task"


def test_what_a_correction_sells_is_made(operator: Client, api: Program) -> None:
    assert correct(operator, "effects", {"effect_scene": {"allowed": ["moon_walk"]}}) == 302
    assert correct(operator, "text-to-audio", {"prompt": {"most": 300}}) == 302
    assert correct(operator, "tts", {"speed": {"high": "3"}}) == 302
    fast = {"task": "tts", "text": "Hi", "voice": "AOT", "language": "en", "speed": 2.5}
    rain = {"task": "text-to-audio", "seconds": 3, "prompt": "Rain " * 50}
    seen_by_all()
    for order in (EFFECT, fast, rain):
        answer = api.post("/generations", order)
        assert answer.status_code == 202, answer.text
        made = settled(api, answer.json()["id"])
        assert made["status"] == "succeeded", made


@pytest.mark.parametrize(
    "limits",
    [
        [1],
        {"colour": {"most": 1}},
        {"effect_scene": {"colour": 1}},
        {"effect_scene": {"allowed": "squish"}},
        {"images": {"inner": ["image"]}},
    ],
)
def test_a_correction_that_makes_no_sense_is_not_saved(operator: Client, limits: object) -> None:
    assert correct(operator, "effects", limits) == 200
    assert not ProductCorrection.objects.exists()
