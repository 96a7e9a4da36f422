"""What Kling's door says when it says no: the code tells a client whether to come again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings

from generations.models import ProductCorrection, ProviderAccount, RefusedModel
from tests.generations.compat.test_kling_products import FILM, SPEECH, ended
from tests.generations.programs import Program, available
from tests.generations.scripted import Scripted, scripted
from tests.people import Customer
from tests.selling import Seller, seen_by_all
from tests.waiting import until

TTS = "/v1/audio/tts"


def test_words_that_may_not_be_said_are_1301(kling: Program, alice: Customer) -> None:
    before = available(alice)
    answer = kling.post(TTS, {**SPEECH, "text": "fail:moderation"})
    assert (answer.status_code, answer.json()["code"]) == (400, 1301)
    assert "policy" in answer.json()["message"]
    assert available(alice) == before


@pytest.fixture
def hushed() -> Iterator[None]:
    """Of those that are there nobody speaks."""
    rows = RefusedModel.objects.bulk_create(
        RefusedModel(account=account, model="tts kling-tts", reason="a story")
        for account in ProviderAccount.objects.filter(enabled=True)
    )
    yield
    RefusedModel.objects.filter(pk__in=[row.pk for row in rows]).delete()


@pytest.fixture
def speaker(hushed: None, sell: Seller) -> Iterator[Scripted]:
    """The only one who speaks."""
    with scripted(lambda method, path, body: (503, {"code": 5001, "message": "busy"})) as upstream:
        sell(upstream.url, models_sold=["kling-tts"])
        yield upstream


def test_a_service_in_trouble_is_5001_and_a_wrong_order_1201(
    kling: Program, alice: Customer, speaker: Scripted
) -> None:
    before = available(alice)
    answer = kling.post(TTS, SPEECH)
    assert (answer.status_code, answer.json()["code"]) == (503, 5001)
    speaker.answers = lambda *_: (400, {"code": 1201, "message": "Voice id not found"})
    answer = kling.post(TTS, SPEECH)
    assert (answer.status_code, answer.json()["code"]) == (400, 1201)
    assert answer.json()["message"] == "Voice id not found"
    assert available(alice) == before


@override_settings(KLING_WAIT_SECONDS=10)
def test_what_nobody_makes_is_given_back_while_its_client_still_waits(
    hushed: None, sell: Seller, alice: Customer
) -> None:
    sell("http://127.0.0.1:1", models_sold=["kling-tts"])
    client = Client(headers={"host": "localhost", "Authorization": f"Bearer {alice.test_key}"})
    before = available(alice)
    made = client.post(f"/kling{TTS}", SPEECH, content_type="application/json")
    asked = made["X-Kling-Wait"].rpartition(";")[2]

    def over() -> HttpResponse | None:
        answer: HttpResponse = client.get(asked)
        return answer if "X-Kling-Final" in answer else None

    said = until(over, what="the deadline")
    assert (said.status_code, json.loads(said.content)["code"]) == (504, 5002)
    assert available(alice) == before


def test_a_task_is_found_at_its_own_address_alone(kling: Program) -> None:
    label = {"external_task_id": "my-film"}
    film = ended(kling, "/v1/videos/text2video", {**FILM, **label})["task_id"]
    speech = kling.post(TTS, SPEECH).json()["data"]["task_id"]
    wrong = [
        f"/v1/videos/lip-sync/{film}",
        f"/v1/videos/image2video/{film}",
        "/v1/videos/image2video/my-film",
        f"/v1/videos/text2video/{speech}",
    ]
    answers = [kling.get(path) for path in wrong]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(404, 1203)] * 4
    assert kling.get("/v1/videos/text2video/my-film").json()["data"]["task_id"] == film
    assert kling.get(f"{TTS}/{speech}").json()["code"] == 0


def test_what_is_switched_off_is_no_method_and_what_it_made_is_still_found(kling: Program) -> None:
    order = {"prompt": "Rain on a roof", "duration": 3.0}
    path = "/v1/audio/text-to-audio"
    made = ended(kling, path, order)["task_id"]
    row = ProductCorrection.objects.create(product="text-to-audio", enabled=False)
    try:
        seen_by_all()
        answer = kling.post(path, order)
        assert (answer.status_code, answer.json()["code"]) == (404, 1202)
        assert kling.get(f"{path}/{made}").json()["data"]["task_status"] == "succeed"
    finally:
        row.delete()
        seen_by_all()
    assert kling.post(path, order).json()["code"] == 0


WORDS, STILL = "/v1/videos/text2video", "/v1/videos/image2video"
OLD, LOUD = ({"model_name": f"kling-{name}", "mode": "pro"} for name in ("v1-6", "v2-6"))
PICTURE = "https://example.com/first.png"
VOICES, NOBODY = [{"voice_id": "a"}], [{"element_id": "nope"}]


@pytest.mark.parametrize(
    ("path", "sent", "said"),
    [
        (WORDS, {"model_name": "sora"}, 'model_name "sora" is not'),
        (WORDS, {"model_name": "", "model": "sora"}, 'model "sora" is not'),
        ("/v1/videos/omni-video", {"model_name": "sora"}, "model_name of omni-video"),
        (WORDS, {**LOUD, "sound": "loud"}, "sound must be"),
        (WORDS, {**LOUD, "motion_has_audio": "loud"}, "motion_has_audio must be"),
        (STILL, {**LOUD, "voice_list": [{"voice_id": 1.5}]},
         "voice_list[0].voice_id must be an id"),
        (STILL, {**LOUD, "voice_list": VOICES},
         "voice_list need sound: send sound on or leave voice_list out."),
        (STILL, {**LOUD, "sound": "on", "voice_list": VOICES * 3}, "voice_list has 3 entries"),
        (STILL, {"model_name": "kling-v3", "element_list": NOBODY},
         "element_list[0].element_id: there is no element nope"),
        (STILL, {**LOUD, "sound": "on", "voice_list": VOICES, "element_list": NOBODY},
         "element_list is not possible with kling-v2-6"),
        (WORDS, {"watermark_info": {"enabled": "no"}}, "watermark_info.enabled must be true"),
        (WORDS, {"watermark_info": [{"enabled": "no"}]}, "watermark_info[0].enabled must be"),
        (STILL, {**OLD, "image_tail": "x"}, "image_tail is"),
        (STILL, {**OLD, "image": "", "image_tail": PICTURE, "dynamic_masks": [1]}, "dynamic_masks"),
        (WORDS, {"camera_control": {"type": "simple", "config": {"zoom": 11}}},
         "camera_control.config.zoom must be"),
        (WORDS, {"cfg_scale": 2}, "cfg_scale must be"),
        (WORDS, {"negative_prompt": "x" * 2501}, "negative_prompt has"),
        (WORDS, {"external_task_id": "x" * 256}, "external_task_id"),
        (WORDS, {"callback_url": "ftp://example.com"}, "callback_url"),
    ],
)  # fmt: skip
def test_a_film_is_refused_by_the_names_that_the_client_sent(
    kling: Program, alice: Customer, path: str, sent: dict[str, object], said: str
) -> None:
    picture = {"image": PICTURE} if path == STILL else {}
    answer = kling.post(path, {"prompt": "A fox", **picture, **sent})
    unknown = "sora" in sent.values()
    assert (answer.status_code, answer.json()["code"]) == (400, 1203 if unknown else 1201)
    assert answer.json()["message"].startswith(said)
    assert available(alice) == 10_000
