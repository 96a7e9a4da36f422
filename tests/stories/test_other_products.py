"""Every product of Kling's beside films is ordered, made, stored, and charged as quoted."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import av
import pytest
import requests
from django.utils import timezone
from jsonschema import Draft202012Validator
from PIL import Image

from accounts import tenancy
from generations.models import Attempt, Generation
from tests.generations.programs import Program, available, settled
from tests.people import Customer


@pytest.fixture(scope="module")
def film(api: Program) -> dict[str, Any]:
    order = {"model": "kling-v1-6", "prompt": "A fox in the snow"}
    made = settled(api, api.post("/generations", order).json()["id"])
    assert made["status"] == "succeeded", made
    return made


@pytest.fixture(scope="module")
def speech(api: Program) -> dict[str, Any]:
    return made_of(api, {"task": "tts", "text": SAID, "voice": "AOT", "language": "en"})


@pytest.fixture(scope="module")
def faces(api: Program, film: dict[str, Any]) -> dict[str, Any]:
    return made_of(api, {"task": "identify-face", "video": film["id"]})


@pytest.fixture(scope="module")
def voice(api: Program, speech: dict[str, Any]) -> dict[str, Any]:
    order = {"task": "custom-voice", "voice_name": "me", "audio": speech["audio"]["url"]}
    return made_of(api, order)


@pytest.fixture(scope="module")
def element(api: Program, picture: str) -> dict[str, Any]:
    order = {"task": "custom-element", "element_name": "me", "element_description": "I",
             "image": picture, "images": [picture]}  # fmt: skip
    return made_of(api, order)


@pytest.fixture(scope="module")
def choosing(api: Program, film: dict[str, Any]) -> dict[str, Any]:
    return made_of(api, {"task": "init-selection", "video": film["id"]})


@pytest.fixture(scope="module")
def chosen(api: Program, choosing: dict[str, Any]) -> dict[str, Any]:
    point = {"x": 0.4, "y": 0.6}
    order = {"task": "add-selection", "session": choosing["id"], "frame": 10, "points": [point]}
    return made_of(api, order)


@pytest.fixture(scope="module")
def sent_film(api: Program, film: dict[str, Any]) -> str:
    """The film's bytes, sent as an upload."""
    content = requests.get(film["video"]["url"], timeout=60).content
    upload = api.post("/uploads", data=content).json()
    assert (upload["content_type"], upload["duration"]) == ("video/mp4", 5.0)
    return str(upload["id"])


SAID = "Good evening, dear friends. It is a pleasure to see all of you here tonight."


def made_of(api: Program, order: dict[str, Any]) -> dict[str, Any]:
    """The generation when it has succeeded, and its result is what its product promises."""
    answer = api.post("/generations", order)
    assert answer.status_code == 202, answer.text
    found = settled(api, answer.json()["id"])
    assert found["status"] == "succeeded", found
    promised = api.get(f"/tasks/{found['kind']}").json().get("result")  # of a film: nothing
    assert (found["result"] is None) == (promised is None)
    if promised:
        Draft202012Validator(promised).validate(found["result"])
        assert names_in(found["result"], promised) == names_promised(promised)
    return found


def names_promised(schema: dict[str, Any], at: str = "") -> set[str]:
    """Every member that is described, with its place; but what only a deleted thing has."""
    schema = schema.get("items", schema)
    inner = {f"{at}/{n}": each for n, each in schema.get("properties", {}).items()}
    found = {name for place, each in inner.items() for name in names_promised(each, place)}
    return (found | set(inner)) - {"/deleted_at"}


def names_in(told: Any, schema: dict[str, Any], at: str = "") -> set[str]:
    """Every member that is there, with its place, as deep as the schema describes members."""
    if "items" in schema:
        return {name for each in told for name in names_in(each, schema["items"], at)}
    if "properties" not in schema:
        return set()
    known = schema["properties"]
    inner = {f"{at}/{n}": (each, known.get(n, {})) for n, each in told.items()}
    return set(inner).union(*(names_in(each, k, place) for place, (each, k) in inner.items()))


def tracks(address: str) -> tuple[list[str], float]:
    """The kinds of streams at an address, and its seconds."""
    with av.open(io.BytesIO(requests.get(address, timeout=60).content)) as container:
        kinds = sorted(stream.type for stream in container.streams)
        return kinds, (container.duration or 0) / 1e6


@dataclass(frozen=True)
class Order:
    """`body` names the fixtures in braces; what must come out, and what it costs."""

    name: str
    credits: int
    body: dict[str, Any]
    seconds: float | None = None
    sound: bool = False
    audio: float | None = None


ORDERS = [
    Order("video-extend", 20, {"task": "video-extend", "video": "{film}", "prompt": "It runs"}, 10),
    Order("lip-sync to a text", 5,
          {"task": "lip-sync", "video": "{film}", "text": "Hello there", "voice": "oversea_male1",
           "language": "en"}, 5, sound=True),
    Order("lip-sync to a sound", 5, {"task": "lip-sync", "video": "{film}", "audio": "{speech}"},
          5, sound=True),
    Order("lip-sync of a film elsewhere", 5,
          {"task": "lip-sync", "video": "{film_url}", "text": "Hello", "voice": "AOT"}, 5,
          sound=True),
    Order("lip-sync of an upload", 5,
          {"task": "lip-sync", "video": "{sent_film}", "audio": "{speech}"}, 5, sound=True),
    Order("advanced-lip-sync", 5,
          {"task": "advanced-lip-sync", "session": "{faces}", "faces": [
              {"face_id": "0", "audio": "{speech}", "sound_end_time": 3000}]}, 5, sound=True),
    Order("tts", 1, {"task": "tts", "text": "Hello", "voice": "AOT", "language": "en"}, audio=1.0),
    Order("text-to-audio", 3, {"task": "text-to-audio", "prompt": "Rain", "seconds": 4}, audio=4.0),
    Order("video-to-audio", 3, {"task": "video-to-audio", "video": "{film}", "bgm_prompt": "Harp"},
          5, sound=True, audio=5.0),
    Order("avatar", 24, {"task": "avatar", "image": "{picture}", "audio": "{speech}"}, 6,
          sound=True),
    Order("effects", 20, {"task": "effects", "effect_scene": "squish", "images": ["{picture}"]}, 5),
    Order("effects for two", 20,
          {"task": "effects", "effect_scene": "hug", "images": ["{picture}", "{picture}"]}, 5),
    Order("multi-image2video", 35,
          {"task": "multi-image2video", "images": ["{picture}", "{picture}"], "mode": "pro",
           "prompt": "They meet"}, 5),
    Order("motion-control", 25,
          {"task": "motion-control", "image": "{picture}", "video": "{film}", "mode": "std",
           "character_orientation": "video"}, 5),
    Order("omni-video from pictures", 40,
          {"task": "omni-video", "prompt": "<<<image_1>>> by the sea", "aspect_ratio": "1:1",
           "images": [{"image": "{picture}"}], "duration": 5}, 5),
    Order("omni-video with sound", 32,
          {"task": "omni-video", "model": "kling-v3-omni", "prompt": "The sea", "mode": "std",
           "aspect_ratio": "16:9", "sound": True, "duration": 4}, 4, sound=True),
    Order("omni-video with an element", 24,
          {"task": "omni-video", "model": "kling-v3-omni", "prompt": "<<<element_1>>> runs",
           "aspect_ratio": "1:1", "elements": ["{element}"], "duration": 3}, 3),
    Order("omni-video, a film edited", 60,
          {"task": "omni-video", "prompt": "Make <<<video_1>>> red",
           "videos": [{"video": "{film}", "use": "base"}]}, 5),
    Order("init-selection", 1, {"task": "init-selection", "video": "{film}"}),
    Order("add-selection", 1,
          {"task": "add-selection", "session": "{choosing}", "frame": 3,
           "points": [{"x": 0.5, "y": 0.5}]}),
    Order("delete-selection", 1,
          {"task": "delete-selection", "session": "{choosing}", "frame": 3,
           "points": [{"x": 0.5, "y": 0.5}]}),
    Order("preview-selection", 1, {"task": "preview-selection", "session": "{chosen}"}, 5),
    Order("multi-elements, a swap", 30,
          {"task": "multi-elements", "session": "{chosen}", "edit_mode": "swap",
           "images": ["{picture}"], "prompt": "<<<image_1>>> instead"}, 5),
    Order("multi-elements, a removal, pro", 50,
          {"task": "multi-elements", "session": "{chosen}", "edit_mode": "removal", "mode": "pro",
           "prompt": "Nothing there"}, 5),
    Order("advanced-custom-element", 1,
          {"task": "advanced-custom-element", "element_name": "me", "element_description": "I",
           "reference_type": "image_refer", "image": "{picture}", "images": ["{picture}"]}),
    Order("identify-face", 1, {"task": "identify-face", "video": "{film}"}),
    Order("custom-voice", 1, {"task": "custom-voice", "voice_name": "me", "audio": "{speech_url}"}),
    Order("custom-element", 1,
          {"task": "custom-element", "element_name": "me", "element_description": "I",
           "image": "{picture}", "images": ["{picture}"]}),
]  # fmt: skip


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.name)
def test_every_product_is_made_stored_and_charged_as_quoted(
    api: Program, customer: Customer, request: pytest.FixtureRequest, order: Order
) -> None:
    body = filled(order.body, request)
    quote = api.post("/quotes", body)
    assert quote.status_code == 201, quote.text
    assert quote.json()["credits"] == order.credits
    before = available(customer)
    made = made_of(api, {**body, "quote_id": quote.json()["id"]})
    assert before - available(customer) == order.credits == made["credits"]["charged"]
    assert made["kind"] == body["task"]
    if order.seconds is not None:
        assert abs(made["video"]["duration"] - order.seconds) < 0.3
        kinds, _ = tracks(made["video"]["url"])
        assert kinds == (["audio", "video"] if order.sound else ["video"])
    if order.audio is not None:
        kinds, heard = tracks(made["audio"]["url"])
        assert kinds == ["audio"]
        assert abs(heard - order.audio) < 0.3


def filled(value: Any, request: pytest.FixtureRequest) -> Any:
    """The body with the fixtures' ids and addresses in place of their names."""
    if isinstance(value, dict):
        return {name: filled(each, request) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, request) for each in value]
    if not (isinstance(value, str) and value.startswith("{")):
        return value
    name = value.strip("{}")
    found = request.getfixturevalue(name.removesuffix("_url"))
    if name.endswith("_url"):
        return (found["video"] or found["audio"])["url"]
    return found if isinstance(found, str) else found["id"]


def test_a_voice_and_an_element_of_ones_own_go_to_the_upstream_that_made_them(
    api: Program, picture: str, voice: dict[str, Any], element: dict[str, Any]
) -> None:
    film = {"model": "kling-v2-6", "mode": "pro", "image": picture, "prompt": "<<<voice_1>>> hi",
            "sound": True, "voices": [voice["id"]]}  # fmt: skip
    found = settled(api, api.post("/generations", film).json()["id"])
    assert (found["status"], found["credits"]["charged"]) == ("succeeded", 60)
    sent = bodies_sent(found["id"])
    assert sent[-1]["voice_list"] == [{"voice_id": upstream_id(voice["id"])}]

    film = {"model": "kling-v3", "image": picture, "duration": 3, "elements": [element["id"]]}
    found = settled(api, api.post("/generations", film).json()["id"])
    assert found["status"] == "succeeded"
    sent = bodies_sent(found["id"])
    assert sent[-1]["element_list"] == [{"element_id": int(upstream_id(element["id"]))}]


def bodies_sent(public_id: str) -> list[dict[str, Any]]:
    """The bodies that were sent upstream."""
    with tenancy.system("a test looks at what was sent"):
        rows = Attempt.objects.filter(generation__public_id=public_id).order_by("number")
        return [row.request["json"] for row in rows]


def upstream_id(public_id: str) -> str:
    """What the upstream calls the thing that this generation made."""
    with tenancy.system("a test looks at what was told"):
        return str(Generation.objects.get(public_id=public_id).upstream_id)


def aged(public_id: str, **ago: int) -> None:
    """As if the upstream had made it so long ago."""
    with tenancy.system("a test lets time pass"):
        then = timezone.now() - timedelta(**ago)
        Generation.objects.filter(public_id=public_id).update(upstream_finished_at=then)


def test_the_picture_of_a_face_is_stored_and_linked_as_films_are(
    site: str, api: Program, faces: dict[str, Any]
) -> None:
    (face,) = faces["result"]["face_data"]
    assert face["face_image"].startswith(f"{site}/media/films/{faces['id']}/")
    with Image.open(io.BytesIO(requests.get(face["face_image"], timeout=60).content)) as seen:
        assert (seen.format, seen.size) == ("WEBP", (114, 64))


def test_the_choice_is_shown_by_our_link_and_every_step_tells_its_session(
    site: str, api: Program, choosing: dict[str, Any], chosen: dict[str, Any]
) -> None:
    shown = made_of(api, {"task": "preview-selection", "session": chosen["id"]})
    with tenancy.system("a test looks at what the upstream told"):
        told = Generation.objects.get(public_id=shown["id"]).made["facts"]
    assert "/films/" in told["res"]["video"]
    link = shown["result"]["res"]["video"]
    assert link.startswith(f"{site}/media/films/{shown['id']}/")
    assert tracks(link) == (["video"], 5.0)
    cover = shown["result"]["res"]["video_cover"]
    assert requests.get(cover, timeout=60).headers["content-type"].startswith("image/")
    assert shown["result"]["res"] == {**told["res"], "video": link, "video_cover": cover}
    for step in (choosing, chosen, shown):
        assert step["result"]["session_id"] == choosing["id"]


def test_an_edit_needs_a_choice_and_a_choice_a_frame_of_the_film(
    api: Program, customer: Customer, film: dict[str, Any]
) -> None:
    opened = made_of(api, {"task": "init-selection", "video": film["id"]})
    session, frames = opened["id"], opened["result"]["total_frame"]
    edit = {"task": "multi-elements", "session": session, "edit_mode": "removal",
            "prompt": "Nothing there"}  # fmt: skip
    add = {"task": "add-selection", "session": session, "points": [{"x": 0.5, "y": 0.5}]}
    before = available(customer)
    (told,) = api.post("/generations", {**add, "frame": frames}).json()["violations"]
    assert (told["field"], told["code"]) == ("frame", "out_of_range")
    assert f"send one of 0 to {frames - 1}" in told["message"]
    (told,) = api.post("/generations", edit).json()["violations"]
    assert (told["field"], told["code"]) == ("session", "conflict")
    assert available(customer) == before
    made_of(api, {**add, "frame": frames - 1})
    assert api.post("/quotes", edit).status_code == 201
    made_of(api, {"task": "clear-selection", "session": session})
    (told,) = api.post("/quotes", edit).json()["violations"]
    assert (told["field"], told["code"]) == ("session", "conflict")


def test_elements_that_nobody_has_are_refused(
    api: Program, customer: Customer, picture: str, element: dict[str, Any]
) -> None:
    before = available(customer)
    omni = {"task": "omni-video", "prompt": "The sea", "aspect_ratio": "1:1", "duration": 3}
    still = {"model": "kling-v3", "image": picture, "duration": 3}
    for order in (omni, still):
        order = {**order, "elements": ["nope", element["id"], "12-3456"]}
        told = api.post("/generations", order).json()["violations"]
        assert [(v["field"], v["code"]) for v in told] == [
            ("elements[0]", "unknown_source"), ("elements[2]", "unknown_source"),
        ]  # fmt: skip
        assert "GET /api/v1/elements" in told[0]["message"]
    assert available(customer) == before
    numbers = {**still, "elements": ["829836802793406551", "160"]}  # Kling's own are short
    assert api.post("/quotes", numbers).status_code == 201


def test_only_a_face_that_was_found_can_speak(
    api: Program, faces: dict[str, Any], speech: dict[str, Any]
) -> None:
    face = {"face_id": "7", "audio": speech["id"], "sound_end_time": 3000}
    order = {"task": "advanced-lip-sync", "session": faces["id"], "faces": [face]}
    (told,) = api.post("/quotes", order).json()["violations"]
    assert (told["field"], told["code"]) == ("faces[0].face_id", "not_allowed")
    assert "none that was found in the film: 0: send" in told["message"]


def test_what_the_upstream_has_forgotten_is_refused_before_anything_is_held(
    api: Program, customer: Customer, film: dict[str, Any]
) -> None:
    before = available(customer)
    opened = made_of(api, {"task": "init-selection", "video": film["id"]})
    clear = {"task": "clear-selection", "session": opened["id"]}
    aged(opened["id"], hours=23)
    assert api.post("/quotes", clear).status_code == 201
    aged(opened["id"], hours=24)
    told = api.post("/generations", clear).json()["violations"]
    assert [(v["field"], v["code"]) for v in told] == [("session", "expired")]

    old = made_of(api, {"model": "kling-v1-6", "prompt": "An old fox"})
    extend = {"task": "video-extend", "video": old["id"]}
    aged(old["id"], days=29)
    assert api.post("/quotes", extend).status_code == 201
    aged(old["id"], days=30)
    told = api.post("/generations", extend).json()["violations"]
    assert [(v["field"], v["code"]) for v in told] == [("video", "expired")]
    assert "older than 30 days" in told[0]["message"]
    assert before - available(customer) == 1 + old["credits"]["charged"]


def test_a_film_that_the_upstream_has_deleted_goes_as_our_link(
    api: Program, film: dict[str, Any]
) -> None:
    old = made_of(api, {"model": "kling-v1-6", "prompt": "An old hen"})
    lips = {"task": "lip-sync", "video": old["id"], "text": "Hello", "voice": "AOT"}
    (young,) = bodies_sent(made_of(api, lips)["id"])
    assert "video_id" in young["input"]
    aged(old["id"], days=29)
    (sent,) = bodies_sent(made_of(api, lips)["id"])
    assert "video_id" not in sent["input"]
    assert sent["input"]["video_url"].startswith("http")
