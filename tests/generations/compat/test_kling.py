"""Kling's door: envelope, credentials, codes, lists, task ids of the client's own, callbacks."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from PIL import Image

from accounts import tenancy
from accounts.models import WebhookDelivery
from generations import callback_bodies
from tests.generations import any_json
from tests.generations.programs import Program, available, funded, settled
from tests.people import Customer
from tests.serving import Quiet, serving
from tests.waiting import until

TEXT, PICTURE = "/v1/videos/text2video", "/v1/videos/image2video"
FILM = {"model_name": "kling-v1", "prompt": "A paper boat"}


def _ordered(api: Program, answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = api.get(f"/generations/{answer.json()['data']['task_id']}").json()
    return {**made["input"], "credits": made["credits"]["quoted"]}


def test_a_create_answers_with_klings_envelope(kling: Program) -> None:
    answer = kling.post(TEXT, {**FILM, "external_task_id": "my-1"}).json()

    assert (answer["code"], answer["message"]) == (0, "SUCCEED")
    assert len(answer["request_id"]) == 36
    data = answer["data"]
    assert set(data) == {"task_id", "task_status", "task_info", "created_at", "updated_at"}
    assert (data["task_status"], data["task_info"]) == ("submitted", {"external_task_id": "my-1"})
    assert isinstance(data["created_at"], int)


def test_everything_but_the_prompt_has_a_default(kling: Program, api: Program) -> None:
    made = _ordered(api, kling.post(TEXT, {"prompt": "A fox"}))
    assert (made["model"], made["mode"], made["duration"]) == ("kling-v1", "std", 5)
    assert (made["aspect_ratio"], made["cfg_scale"], made["credits"]) == ("16:9", 0.5, 10)


@pytest.mark.parametrize(
    ("mode", "duration", "price"),
    [("standard", "5", 10), ("professional", "5", 35), ("std", 10, 20), ("pro", "10", 70)],
)
def test_the_pages_cost_table_holds_for_kling_v1(
    kling: Program, api: Program, mode: str, duration: object, price: int
) -> None:
    made = _ordered(api, kling.post(TEXT, {**FILM, "mode": mode, "duration": duration}))
    assert made["credits"] == price


def test_a_finished_task_is_found_by_either_id_with_units_as_a_string(
    kling: Program, api: Program
) -> None:
    body = {**FILM, "model_name": "kling-v2-6", "external_task_id": "mine"}
    made = kling.post(TEXT, body).json()["data"]["task_id"]
    settled(api, made)
    answers = [kling.get(f"{TEXT}/{made}"), kling.get(f"{TEXT}//mine"), kling.get(f"{TEXT}/mine/")]

    data = answers[0].json()["data"]
    assert [answer.json()["data"] for answer in answers] == [data] * 3
    assert (data["task_status"], data["final_unit_deduction"]) == ("succeed", "1.5")
    video = data["task_result"]["videos"][0]
    assert (video["duration"], set(video)) == ("5", {"id", "url", "duration"})


def test_a_failed_task_says_why_and_costs_nothing(
    kling: Program, api: Program, alice: Customer
) -> None:
    made = kling.post(TEXT, {**FILM, "prompt": "fail:failed"}).json()["data"]["task_id"]
    settled(api, made)
    data = kling.get(f"{TEXT}/{made}").json()["data"]
    assert data["task_status"] == "failed"
    assert data["task_status_msg"]
    assert "task_result" not in data
    assert available(alice) == 10_000


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        ({"model_name": "kling-v1"}, 400, 1201, "prompt"),
        ({**FILM, "prompt": ""}, 400, 1201, "prompt"),
        ({**FILM, "prompt": "x" * 2501}, 400, 1201, "2500"),
        ({**FILM, "negative_prompt": "x" * 2501}, 400, 1201, "2500"),
        ({**FILM, "model_name": "kling-v99"}, 400, 1203, "kling-v99"),
        ({**FILM, "duration": "7"}, 400, 1201, "duration"),
        ({**FILM, "aspect_ratio": "4:3"}, 400, 1201, "aspect_ratio"),
        ({**FILM, "mode": "ultra"}, 400, 1201, "mode"),
        ({**FILM, "cfg_scale": 1.5}, 400, 1201, "cfg_scale"),
        ({**FILM, "external_task_id": "x" * 256}, 400, 1201, "external_task_id"),
        ({**FILM, "callback_url": "ftp://x"}, 400, 1201, "callback_url"),
    ],
)
def test_each_limit_has_klings_code_and_the_pages_status(
    kling: Program, body: dict[str, Any], status: int, code: int, words: str
) -> None:
    answer = kling.post(TEXT, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "message", "request_id"}
    assert words in answer.json()["message"]


def test_no_credits_is_402_with_1102(site: str, alice: Customer) -> None:
    live = Program(f"{site}/kling", Authorization=f"Bearer {alice.live_key}")
    answer = live.post(TEXT, {**FILM, "model_name": "kling-v2-master"})
    assert (answer.status_code, answer.json()["code"]) == (402, 1102)


def test_each_bad_credential_has_its_code(
    site: str, token: Callable[..., str], alice: Customer
) -> None:
    now = int(time.time())
    cases = {
        "": 1001,
        "Token x": 1002,
        "Bearer garbage": 1002,
        f"Bearer {token(secret='another-secret-of-enough-length!!')}": 1000,
        f"Bearer {token(iss='ak_unknown')}": 1002,
        f"Bearer {token(nbf=now + 600)}": 1003,
        f"Bearer {token(exp=now - 600)}": 1004,
        f"Bearer {token(exp=now + 99_999)}": 1002,
        f"Bearer {token(secret='s' * 64, algorithm='HS512')}": 1002,
    }
    for header, code in cases.items():
        answer = Program(f"{site}/kling", Authorization=header).get(TEXT)
        assert (answer.status_code, answer.json()["code"]) == (401, code), header
    good = Program(f"{site}/kling", Authorization=f"Bearer {token()}")
    assert good.get(TEXT).json()["code"] == 0


def test_the_same_task_id_again_is_the_same_task_and_another_body_is_refused(
    kling: Program, alice: Customer
) -> None:
    body = {**FILM, "external_task_id": "once"}
    first = kling.post(TEXT, body).json()["data"]["task_id"]
    # Its members in another order, now with an Idempotency-Key, twice.
    same = dict(reversed(body.items()))
    for _ in range(2):
        again = kling.post(TEXT, same, headers={"Idempotency-Key": "k"})
        assert (again.status_code, again.json()["data"]["task_id"]) == (200, first)
    for change in ({"prompt": "A whale"}, {"mode": "standard"}):
        other = kling.post(TEXT, {**body, **change})
        assert (other.status_code, other.json()["code"]) == (400, 1201)
    assert available(alice) == 9990


def test_a_key_gives_the_same_bytes_again(kling: Program) -> None:
    first = kling.post(TEXT, FILM, headers={"Idempotency-Key": "k"})
    again = kling.post(TEXT, FILM, headers={"Idempotency-Key": "k"})
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    other = kling.post(TEXT, {**FILM, "mode": "pro"}, headers={"Idempotency-Key": "k"})
    assert (other.status_code, other.json()["code"]) == (400, 1201)


def test_the_list_is_a_bare_array_of_one_product(kling: Program) -> None:
    ids = [kling.post(TEXT, FILM).json()["data"]["task_id"] for _ in range(3)]
    body = {"model_name": "kling-v1", "image": "https://example.com/a.png"}
    pictured = kling.post(PICTURE, body).json()["data"]["task_id"]

    def listed(path: str) -> list[str]:
        return [task["task_id"] for task in kling.get(path).json()["data"]]

    assert listed(TEXT) == ids[::-1]
    assert listed(f"{TEXT}?pageNum=2&pageSize=2") == ids[:1]
    assert listed(PICTURE) == [pictured]
    for query in ("pageNum=0", "pageNum=1001", "pageSize=0", "pageSize=501", "pageSize=x"):
        assert kling.get(f"{TEXT}?{query}").json()["code"] == 1201


@pytest.mark.parametrize(
    "model", ["kling-v1-6", "kling-v2-master", "kling-v2-1-master", "kling-v2-5-turbo",
              "kling-v2-6"]
)  # fmt: skip
def test_one_camera_axis_makes_a_film_on_every_model_of_the_page(
    kling: Program, api: Program, model: str
) -> None:
    camera = {"type": "simple", "config": {"horizontal": 5, "vertical": 0, "zoom": 0}}
    answer = kling.post(TEXT, {**FILM, "model_name": model, "camera_control": camera})
    assert "The camera steadily moves right." in _ordered(api, answer)["prompt"]
    assert any("written into the prompt" in w for w in answer.json()["data"]["warnings"])


def test_a_misspelt_word_is_told_of(kling: Program, llmprovider: Program) -> None:
    body = {**FILM, "aspect_ration": "9:16", "sound": False, "external_task_id": "", "seconds": 10}
    told = [
        f"{name} was dropped: it is no field of this order."
        for name in ("aspect_ration", "seconds")
    ]
    assert kling.post(TEXT, body).json()["data"]["warnings"] == told
    assert llmprovider.post(TEXT, body).json()["warnings"] == told
    voiced = {"model_name": "kling-v1", "prompt": "A hen", "watermark_info": {"enabled": False}}
    assert "warnings" not in kling.post(TEXT, voiced).json()["data"]


def test_kling_v1_moves_its_camera_itself(kling: Program, api: Program) -> None:
    camera = {"type": "simple", "config": {"tilt": -2}}
    made = _ordered(api, kling.post(TEXT, {**FILM, "camera_control": camera}))
    assert made["camera_control"] == {"type": "simple", "axis": "tilt", "value": -2.0}


def test_six_shots_must_add_up_to_the_duration(kling: Program, api: Program) -> None:
    shots = [{"index": n, "prompt": f"Shot {n}", "duration": "2"} for n in range(1, 7)]
    body = {"model_name": "kling-v3", "multi_shot": True, "shot_type": "customize"}
    good = kling.post(TEXT, {**body, "multi_prompt": shots, "duration": "12"})
    assert _ordered(api, good)["credits"] == 72
    bad = kling.post(TEXT, {**body, "multi_prompt": shots, "duration": "11"})
    assert (bad.status_code, bad.json()["code"]) == (400, 1201)
    # Kling takes 15 s in all, Segmind more in at most five shots: six that are longer, nobody.
    long = [{**shot, "duration": 11 if shot["index"] == 1 else 5} for shot in shots]
    total = sum(shot["duration"] for shot in long)
    none = kling.post(TEXT, {**body, "multi_prompt": long, "duration": str(total)})
    assert (none.status_code, none.json()["code"]) == (400, 1201)
    assert f"adds up to {total} s" in none.json()["message"]
    seven = kling.post(TEXT, {**body, "multi_prompt": [*shots, shots[0]], "duration": "14"})
    assert seven.status_code == 400


def test_image2video_needs_a_picture(kling: Program) -> None:
    answer = kling.post(PICTURE, {"model_name": "kling-v1", "prompt": "x"})
    assert (answer.status_code, answer.json()["code"]) == (400, 1201)


def test_a_picture_may_come_as_bare_base64(kling: Program, api: Program) -> None:
    out = io.BytesIO()
    Image.new("RGB", (400, 300), "teal").save(out, "PNG")
    body = {"model_name": "kling-v1", "image": base64.b64encode(out.getvalue()).decode()}
    made = _ordered(api, kling.post(PICTURE, body))
    assert (made["model"], made["image"][:4]) == ("kling-v1", "upl_")
    broken = kling.post(PICTURE, {**body, "image": base64.b64encode(b"no picture").decode()})
    assert (broken.status_code, broken.json()["code"]) == (400, 1201)


def test_the_account_is_one_pack_in_klings_units(kling: Program) -> None:
    kling.post(TEXT, {**FILM, "prompt": "fail:never A snail"})
    answer = kling.get("/account/costs?start_time=1&end_time=2").json()
    pack = answer["data"]["resource_pack_subscribe_infos"][0]
    assert (pack["total_quantity"], pack["remaining_quantity"]) == ("1000", "999")
    assert (pack["resource_pack_type"], pack["status"]) == ("decreasing_total", "online")
    named = "/account/costs?start_time=1&end_time=2&resource_pack_name="
    for name, packs in (("Test credits", [pack]), ("Another", [])):
        told = kling.get(named + name).json()["data"]["resource_pack_subscribe_infos"]
        assert told == packs
    for wrong in (
        "",
        "?start_time=1",
        "?start_time=2&end_time=1",
        f"?start_time=1&end_time={10**13}",
    ):
        assert kling.get(f"/account/costs{wrong}").json()["code"] == 1201


def test_products_we_do_not_serve_are_404_with_1202(kling: Program) -> None:
    for answer in (
        kling.post("/v1/images/generations", {}),
        kling.get("/v1/images/kolors-virtual-try-on/1"),
        kling.http.delete(kling.root + TEXT, timeout=60),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, 1202)


def test_mallory_and_unknown_ids_get_the_same_404(kling: Program, site: str) -> None:
    made = kling.post(TEXT, {**FILM, "external_task_id": "alices"}).json()["data"]["task_id"]
    mallory = Program(f"{site}/kling", Authorization=f"Bearer {funded('mallory').test_key}")
    for label in (made, "alices", "gen_never", "%00", "a%20b"):
        answer = mallory.get(f"{TEXT}/{label}")
        assert (answer.status_code, answer.json()["code"]) == (404, 1203)
    assert mallory.get(TEXT).json()["data"] == []


@pytest.fixture
def mailbox() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An address and what was posted there."""
    got: list[dict[str, Any]] = []

    class Box(Quiet):
        def post(self) -> None:
            got.append(json.loads(self.body()))
            self.answer(200)

    with serving(Box) as address:
        yield f"{address}/hook", got


def test_a_callback_is_the_flat_task_at_the_start_and_at_the_end(
    kling: Program, mailbox: tuple[str, list[dict[str, Any]]]
) -> None:
    address, got = mailbox
    body = {**FILM, "callback_url": address, "external_task_id": "cb"}
    made = kling.post(TEXT, body).json()["data"]["task_id"]
    until(lambda: {"processing", "succeed"} <= {told["task_status"] for told in got})

    last = next(told for told in got if told["task_status"] == "succeed")
    assert (last["task_id"], last["final_unit_deduction"]) == (made, "1")
    assert last["task_info"] == {"external_task_id": "cb"}
    assert last["task_result"]["videos"][0]["url"].startswith("http")
    first = next(told for told in got if told["task_status"] == "processing")
    assert "task_result" not in first
    got.clear()
    kling.post(TEXT, {**FILM, "prompt": "fail:failed", "callback_url": address})
    until(lambda: {"processing", "failed"} <= {told["task_status"] for told in got})
    failed = next(told for told in got if told["task_status"] == "failed")
    assert (failed["task_status_msg"] != "", "task_result" in failed) == (True, False)


def test_late_news_of_a_start_does_not_show_the_end_and_is_older_than_it(
    kling: Program, mailbox: tuple[str, list[dict[str, Any]]]
) -> None:
    address, got = mailbox
    made = kling.post(TEXT, {**FILM, "callback_url": address}).json()["data"]["task_id"]
    until(lambda: "succeed" in [told["task_status"] for told in got])
    end = next(told for told in got if told["task_status"] == "succeed")
    with tenancy.system("a test sends news again"):
        start = WebhookDelivery.objects.select_related("event", "endpoint").get(
            event__subject=made, event__topic="generation.processing"
        )
        late = callback_bodies.build(start)
    assert (late["task_id"], late["task_status"]) == (made, "processing")
    assert late["updated_at"] < end["updated_at"]
    assert "task_result" not in late


def test_a_native_webhook_is_an_event_around_the_generation(
    api: Program, mailbox: tuple[str, list[dict[str, Any]]]
) -> None:
    address, got = mailbox
    body = {"model": "kling-v1", "prompt": "A fox", "webhook_url": address}
    made = api.post("/generations", body).json()["id"]
    until(lambda: bool(got))
    assert (got[0]["type"], got[0]["data"]["id"]) == ("generation.succeeded", made)
    assert got[0]["data"]["video"]["bytes"] > 0


@given(
    body=any_json.bodies(
        "model_name", "model", "prompt", "duration", "mode", "cfg_scale", "camera_control", "image",
        "multi_shot", "multi_prompt", "shot_type", "external_task_id", "callback_url", "voice_list",
        "element_list", "watermark_info", "sound", "dynamic_masks", "image_tail",
    )
)  # fmt: skip
def test_no_body_whatever_gives_a_5xx(site: str, body: dict[str, Any]) -> None:
    program = Program(f"{site}/kling", Authorization=f"Bearer {any_json.key()}")
    for path in (TEXT, PICTURE):
        answer = program.post(path, body)
        assert answer.status_code < 500, answer.text
