"""Voices and elements: Kling's own are listed, one's own are deleted where they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from accounts import tenancy
from accounts.models import AuditEvent
from generations.models import Generation, PresetCorrection, ProviderAccount
from tests.generations.compat.test_kling_products import FILM, SPEECH, ended, sent_for
from tests.generations.programs import Program, available, funded, native, settled
from tests.generations.scripted import Answer, Scripted, account_at, scripted
from tests.people import Customer

LISTS = ("presets-voices", "presets-elements", "advanced-presets-elements")
DELETE = "/v1/general/delete-voices"
PICTURE = "https://example.com/a.png"
ELEMENT = {"element_name": "Fox", "element_description": "A red fox",
           "element_frontal_image": PICTURE,
           "element_refer_list": [{"image_url": PICTURE}]}  # fmt: skip


def voice_of(kling: Program) -> str:
    """The id of a voice that was made now."""
    film = ended(kling, "/v1/videos/text2video", FILM)["task_result"]["videos"][0]["id"]
    order = {"voice_name": "Fox", "video_id": film}
    made = ended(kling, "/v1/general/custom-voices", order)
    return str(made["task_result"]["voices"][0]["voice_id"])


def element_of(kling: Program) -> Any:
    """The id of an element that was made now."""
    return kling.post("/v1/general/custom-elements", ELEMENT).json()["data"]["element_id"]


def test_a_voice_for_a_speech_is_found_in_klings_list(kling: Program) -> None:
    listed = kling.get("/v1/general/presets-voices?pageNum=1&pageSize=1000").json()
    voices = [task["task_result"]["voices"][0] for task in listed["data"]]
    assert len({voice["voice_id"] for voice in voices}) == len(voices) > 40
    assert voices[7] == {"voice_id": "oversea_male1", "voice_name": "Anchor", "owned_by": "kling"}
    said = kling.post("/v1/audio/tts", {**SPEECH, "voice_id": voices[7]["voice_id"]}).json()
    assert (said["code"], said["data"]["task_status"]) == (0, "succeed")
    second = kling.get("/v1/general/presets-voices?pageNum=2&pageSize=5").json()["data"]
    assert [task["task_id"] for task in second] == [voice["voice_id"] for voice in voices[5:10]]


def test_lists_of_voices_are_longer_than_others(kling: Program) -> None:
    told = {
        path: kling.get(f"/v1/general/{path}?pageSize=1000").json()["code"]
        for path in (*LISTS, "custom-voices", "custom-elements")
    }
    assert told == {
        "presets-voices": 0, "presets-elements": 1201, "advanced-presets-elements": 1201,
        "custom-voices": 0, "custom-elements": 1201,
    }  # fmt: skip


@contextmanager
def corrected(**row: Any) -> Iterator[None]:
    """An operator's row for the length of the block."""
    made = PresetCorrection(**row)
    made.full_clean()
    made.save()
    try:
        yield
    finally:
        made.delete()


def test_an_operator_corrects_what_is_listed_without_a_release(
    kling: Program, api: Program
) -> None:
    def elements() -> list[Any]:
        listed = kling.get("/v1/general/advanced-presets-elements").json()["data"]
        return [task["task_result"]["elements"][0] for task in listed]

    assert elements() == []
    with corrected(sort="element", preset="321922438904313", name="Robot", note="seen live"):
        (found,) = elements()
        assert found == {
            "element_id": 321922438904313,
            "element_name": "Robot",
            "owned_by": "kling",
        }
    speech = {"task": "tts", "text": "Hello", "language": "en", "voice": "AOT"}
    robot = {**speech, "voice": "robot_1", "language": "zh"}
    assert api.post("/quotes", speech).status_code == 201
    assert api.post("/quotes", robot).status_code == 422
    with corrected(sort="voice", preset="AOT", name="Ace", enabled=False):
        assert api.get("/voices/AOT").status_code == 404
        assert api.post("/quotes", speech).status_code == 422
    with corrected(sort="voice", preset="robot_1", name="Robot", languages=["zh"]):
        assert api.post("/quotes", robot).status_code == 201


def test_a_speech_is_read_by_a_voice_that_there_is_in_a_language_that_it_speaks(
    kling: Program, api: Program
) -> None:
    speech = {"task": "tts", "text": "Hello", "language": "en", "voice": "nobody"}
    (told,) = api.post("/generations", speech).json()["violations"]
    assert (told["field"], told["code"]) == ("voice", "unknown_source")
    assert "GET /api/v1/voices lists, or a custom voice of yours" in told["message"]
    (told,) = api.post("/quotes", {**speech, "voice": "aot"}).json()["violations"]
    assert "did you mean AOT?" in told["message"]
    (told,) = api.post("/quotes", {**speech, "voice": "AOT", "language": "zh"}).json()["violations"]
    assert (told["field"], told["code"]) == ("language", "conflict")
    assert "AOT speaks en, not zh: send en, or a voice" in told["message"]
    both = {**speech, "language": "zh", "voice": "ai_kaiya"}
    assert api.post("/quotes", both).status_code == 201
    custom = {**speech, "voice": "829836802793406551"}  # as Kling numbers its customers' voices
    assert api.post("/quotes", custom).status_code == 201
    told = kling.post("/v1/audio/tts", {**SPEECH, "voice_id": "nobody"}).json()
    assert (told["code"], "nobody" in told["message"]) == (1201, True)


def test_a_deleted_voice_is_taken_by_no_order_and_nothing_is_held(
    kling: Program, api: Program, alice: Customer
) -> None:
    voice = voice_of(kling)
    listed = api.get("/voices").json()["data"]
    assert {"id": voice, "name": "Fox", "preset": False}.items() <= listed[-1].items()
    answer = kling.post(DELETE, {"voice_id": voice}).json()
    assert (answer["code"], answer["data"]) == (0, {"task_id": voice, "task_status": "succeed"})
    assert kling.post(DELETE, {"voice_id": voice}).json()["code"] == 0  # again is no error

    before = available(alice)
    refused = kling.post("/v1/audio/tts", {**SPEECH, "voice_id": voice}).json()
    assert refused["code"] == 1201
    assert "voice" in refused["message"]
    assert "was deleted" in refused["message"]
    film = {"model": "kling-v2-6", "mode": "pro", "sound": True, "voices": [voice],
            "prompt": "Hi", "image": PICTURE}  # fmt: skip
    told = api.post("/generations", film)
    (violation,) = told.json()["violations"]
    assert (told.status_code, violation["field"], violation["code"]) == (
        422, "voices[0]", "deleted"
    )  # fmt: skip
    assert available(alice) == before

    assert voice not in [each["id"] for each in api.get("/voices").json()["data"]]
    assert kling.get("/v1/general/custom-voices").json()["data"] == []
    task = kling.get(f"/v1/general/custom-voices/{voice}").json()["data"]
    assert (task["task_status"], task["task_result"]) == ("succeed", {"voices": []})
    assert api.get(f"/voices/{voice}").json()["deleted_at"] is not None
    with tenancy.scope(alice.organisation.pk):
        (act,) = AuditEvent.objects.filter(action="voice.deleted")
        assert (act.subject, act.detail["upstream"]) == (voice, "deleted it")


def test_an_element_has_a_number_at_klings_door_and_every_door_takes_it(
    site: str, kling: Program, api: Program
) -> None:
    number = element_of(kling)
    assert isinstance(number, int)
    assert 9 * 10**14 < number < 10**15 < 2**53  # exact in a client that reads doubles
    (task,) = kling.get("/v1/general/custom-elements").json()["data"]
    assert (task["element_id"], task["task_id"][:4]) == (number, "gen_")
    ours = api.get("/elements").json()["data"][0]["id"]
    assert ours == api.get(f"/elements/{number}").json()["id"] == task["task_id"]
    made = {"task": "custom-element", "element_name": "Hen", "element_description": "A hen",
            "image": PICTURE, "images": [PICTURE]}  # fmt: skip
    elsewhere = settled(api, api.post("/generations", made).json()["id"])["id"]
    listed = kling.get("/v1/general/custom-elements").json()["data"]
    assert [each["task_id"] for each in listed] == [elsewhere, ours]

    order = {"model_name": "kling-v3", "image": PICTURE, "duration": "3", "prompt": "It runs",
             "element_list": [{"element_id": number}]}  # fmt: skip
    film = ended(kling, "/v1/videos/image2video", order)["task_id"]
    assert api.get(f"/generations/{film}").json()["input"]["elements"] == [ours]
    (sent,) = sent_for(film)["element_list"]
    with tenancy.system("a test looks at what the upstream told"):
        told = Generation.objects.get(public_id=ours).made["facts"]
    assert sent == {"element_id": told["element_id"]}
    omni = {"task": "omni-video", "prompt": "<<<element_1>>>", "aspect_ratio": "1:1"}
    assert api.post("/quotes", {**omni, "elements": [str(number)]}).status_code == 201

    stranger = native(site, funded("mallory").test_key)
    answer = stranger.post("/quotes", {**omni, "elements": [str(number)]})
    (violation,) = answer.json()["violations"]
    assert (violation["field"], violation["code"]) == ("elements[0]", "unknown_source")
    assert stranger.get(f"/elements/{number}").status_code == 404


def test_an_element_is_deleted_at_either_door(kling: Program, api: Program) -> None:
    first, second = element_of(kling), element_of(kling)
    path = "/v1/general/delete-advanced-elements"
    assert kling.post(path, {"element_id": first}).json()["code"] == 0
    name = api.get("/elements").json()["data"][0]["id"]
    gone = api.http.delete(f"{api.root}/elements/{name}", timeout=60)
    assert gone.status_code == 200, gone.text
    assert gone.json()["deleted_at"]
    assert gone.json()["kept_upstream"] is False
    told = api.get(f"/generations/{name}").json()
    assert set(told["result"]) == set(
        api.get(f"/tasks/{told['kind']}").json()["result"]["properties"]
    )
    assert api.get("/elements").json()["data"] == []
    order = {"model_name": "kling-v3", "image": PICTURE, "prompt": "It runs",
             "element_list": [{"element_id": second}]}  # fmt: skip
    refused = kling.post("/v1/videos/image2video", order).json()
    assert refused["code"] == 1201
    assert "element_list[0].element_id" in refused["message"]


def test_nobody_names_what_is_anothers_though_it_is_at_the_same_upstream(
    site: str, kling: Program, api: Program
) -> None:
    voice, element = voice_of(kling), element_of(kling)
    ours = api.get("/elements").json()["data"][0]["id"]
    with tenancy.system("a test looks at what the upstream told"):
        called = Generation.objects.get(public_id=voice).made["facts"]["voice_id"]
        figure = str(Generation.objects.get(public_id=ours).made["facts"]["element_id"])
    speech = {"task": "tts", "text": "Hello", "language": "en"}
    film = {"model": "kling-v3", "image": PICTURE, "duration": 3}
    mallory = funded("mallory")
    stranger = native(site, mallory.test_key)
    before = available(mallory)
    for order, field in (
        ({**speech, "voice": called}, "voice"),
        ({**film, "elements": ["829836802793406551", figure]}, "elements[1]"),
        ({**film, "elements": [str(element)]}, "elements[0]"),
    ):
        answer = stranger.post("/generations", order)
        (violation,) = answer.json()["violations"]
        assert (violation["field"], violation["code"]) == (field, "unknown_source")
        assert "GET /api/v1/" in violation["message"]
    assert available(mallory) == before

    told = api.post("/generations", {**speech, "voice": called}).json()
    assert told["input"]["voice"] == voice  # one's own is one's own by any name
    told = api.post("/generations", {**film, "elements": [figure]}).json()
    assert told["input"]["elements"] == [ours]


def test_nobody_deletes_what_is_anothers_or_klings(site: str, kling: Program, api: Program) -> None:
    voice = voice_of(kling)
    key = funded("mallory").test_key
    stranger = Program(f"{site}/kling", Authorization=f"Bearer {key}")
    answers = [
        stranger.post(DELETE, {"voice_id": voice}),
        stranger.post(DELETE, {"voice_id": "gen_unknown"}),
        kling.post("/v1/general/delete-elements", {"element_id": voice}),
    ]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(404, 1203)] * 3
    presets = kling.post(DELETE, {"voice_id": "oversea_male1"})
    assert (presets.status_code, presets.json()["code"]) == (400, 1201)
    assert kling.post(DELETE, {}).json()["code"] == 1201
    assert api.get(f"/voices/{voice}").json()["deleted_at"] is None


@pytest.fixture
def kept_at(kling: Program) -> Iterator[tuple[str, Scripted]]:
    """A voice that is kept by an upstream of the test's own."""
    voice = voice_of(kling)
    with scripted(lambda method, path, body: (200, {"code": 0})) as upstream:
        account = account_at(upstream.url)
        with tenancy.system("a test moves the voice"):
            Generation.objects.filter(public_id=voice).update(account=account)
        yield voice, upstream
    ProviderAccount.objects.filter(pk=account.pk).update(enabled=False)


def test_what_the_upstream_refuses_stays_and_is_said(
    kling: Program, api: Program, kept_at: tuple[str, Scripted]
) -> None:
    voice, upstream = kept_at
    refusal = {"code": 1201, "message": "the voice is in use", "request_id": "r"}
    upstream.answers = lambda method, path, body: (400, refusal)
    answer = api.http.delete(f"{api.root}/voices/{voice}", timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_deletable")
    assert "the voice is in use" in answer.json()["detail"]
    assert kling.post(DELETE, {"voice_id": voice}).json()["code"] == 1201
    assert api.get(f"/voices/{voice}").json()["deleted_at"] is None
    assert upstream.seen[-1] == ("POST", DELETE)


def test_silence_of_the_upstream_loses_nothing_and_the_next_try_ends_it(
    kling: Program, api: Program, kept_at: tuple[str, Scripted]
) -> None:
    voice, upstream = kept_at
    known: list[dict[str, Any]] = []

    def slow(method: str, path: str, body: dict[str, Any]) -> Answer:
        known.append(body)
        return 504, {"code": 5002, "message": "timeout"}

    upstream.answers = slow
    answer = kling.post(DELETE, {"voice_id": voice})
    assert (answer.status_code, answer.json()["code"]) == (503, 5001)
    assert "as it was" in answer.json()["message"]
    assert "Retry-After" in answer.headers
    assert api.get(f"/voices/{voice}").json()["deleted_at"] is None
    gone = {"code": 1201, "message": f"Voice already be deleted for id: {known[0]['voice_id']}"}
    upstream.answers = lambda method, path, body: (400, gone)
    assert kling.post(DELETE, {"voice_id": voice}).json()["code"] == 0
    assert api.get(f"/voices/{voice}").json()["deleted_at"] is not None
    creates = upstream.creates
    assert kling.post(DELETE, {"voice_id": voice}).json()["code"] == 0
    assert upstream.creates == creates  # what is gone is not asked for


def test_the_page_for_programmers_names_the_voices(site: str, api: Program) -> None:
    page = api.http.get(f"{site}/docs/tasks", timeout=60).text
    assert "oversea_male1" in page
    assert "/v1/general/delete-voices" in page
    paths = api.get("/schema").json()["paths"]
    assert set(paths["/api/v1/voices/{id}"]) == {"parameters", "get", "delete"}
