"""Each dialect takes an order, makes a film and hands it out."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from tests.sandbox.upstream import KEY, SEGMIND_KEY, SPEED, Upstream, probe, url_of
from tests.waiting import until

SMALL = (320, 180)
SECRET = "sandbox-secret-key-of-at-least-32-bytes"


def signed(secret: str = SECRET, **claims: Any) -> dict[str, str]:
    now = int(time.time())
    body = {"iss": "sandbox-access-key", "exp": now + 1800, "nbf": now - 5, **claims}
    return {"Authorization": f"Bearer {jwt.encode(body, secret, algorithm='HS256')}"}


def test_kling_makes_a_film(upstream: Upstream) -> None:
    made = upstream.create("Kling makes a film", external_task_id="kling-1", mode="pro")
    assert made.status_code == 200
    assert made.headers["x-sandbox"] == "true"
    assert made.json()["message"] == "SUCCEED"
    assert made.json()["data"]["task_status"] == "submitted"
    task = upstream.finished("kling-1")
    assert task["task_id"] == made.json()["data"]["task_id"]
    assert task["task_status"] == "succeed"
    assert task["final_unit_deduction"] == "3.5"
    assert task["updated_at"] - task["created_at"] >= 320_000 * 0.8 / SPEED
    found = probe(upstream.http.get(url_of(task)).content)
    assert (found["size"], found["seconds"], found["sound"]) == (SMALL, 5, [])


def test_kling_lists_its_tasks_newest_first(upstream: Upstream) -> None:
    headers = {"Authorization": "Bearer a-key-of-its-own"}
    path = "/kling/v1/videos/text2video"
    ids = [
        upstream.http.post(path, json={"prompt": f"List {n}"}, headers=headers).json()["data"][
            "task_id"
        ]
        for n in range(3)
    ]
    pages = [
        upstream.http.get(f"{path}?pageNum={page}&pageSize=2", headers=headers).json()["data"]
        for page in (1, 2)
    ]
    assert [len(page) for page in pages] == [2, 1]
    assert {task["task_id"] for page in pages for task in page} == set(ids)


def test_kling_takes_a_signed_token_and_names_what_is_wrong_with_another(
    upstream: Upstream,
) -> None:
    def code(headers: dict[str, str]) -> tuple[int, int]:
        answer = upstream.http.get("/kling/account/costs", headers=headers)
        return answer.status_code, answer.json()["code"]

    assert code(signed()) == (200, 0)
    assert code({}) == (401, 1001)
    assert code(signed("another-secret-key-of-at-least-32-bytes")) == (401, 1000)
    assert code(signed(iss="somebody-else")) == (401, 1002)
    assert code(signed(nbf=int(time.time()) + 600)) == (401, 1003)
    assert code(signed(exp=int(time.time()) - 600)) == (401, 1004)
    assert code({"Authorization": "Bearer bad-key"}) == (401, 1002)


def test_kling_of_2026_makes_a_film_and_refuses_signed_tokens(upstream: Upstream) -> None:
    body = {
        "prompt": "The new standard",
        "settings": {"resolution": "720p", "duration": 3, "multi_shot": False, "audio": "native"},
        "options": {"external_task_id": "new-1"},
    }
    path = "/kling/text-to-video/kling-3.0"
    made = upstream.http.post(path, json=body, headers=KEY).json()["data"]
    assert (made["status"], made["external_id"]) == ("submitted", "new-1")

    def task() -> dict[str, Any]:
        asked = upstream.http.get(f"/kling/tasks?task_ids={made['id']},unknown", headers=KEY)
        (found,) = asked.json()["data"]
        return dict(found)

    until(lambda: task()["status"] == "succeeded")
    found = probe(upstream.http.get(task()["outputs"][0]["url"]).content)
    assert (found["size"], found["seconds"], found["sound"]) == (SMALL, 3, ["aac"])
    refused = upstream.http.post(path, json=body, headers=signed())
    assert (refused.status_code, refused.json()["code"]) == (401, 1002)


def test_segmind_v1_answers_with_the_film_itself(upstream: Upstream) -> None:
    body = {"prompt": "Segmind blocks", "duration": 5}
    made = upstream.http.post("/segmind/v1/kling-text2video", json=body, headers=SEGMIND_KEY)
    assert made.headers["content-type"] == "video/mp4"
    assert made.headers["x-cost"] == "0.280"
    assert probe(made.content)["seconds"] == 5


def test_segmind_v1_answers_a_client_of_json_with_json(upstream: Upstream) -> None:
    headers = {**SEGMIND_KEY, "Accept": "application/json"}
    body = {"prompt": "Segmind blocks", "duration": 5}
    made = upstream.http.post("/segmind/v1/kling-text2video", json=body, headers=headers).json()
    assert made["status"] == "COMPLETED"
    assert probe(upstream.http.get(made["output"]).content)["size"] == SMALL


def test_segmind_v2_queues_and_finishes(upstream: Upstream) -> None:
    body = {"prompt": "Segmind queues", "duration": "3", "generate_audio": True}
    path = "/segmind/v2/kling-3-standard-text2video"
    made = upstream.http.post(path, json=body, headers=SEGMIND_KEY).json()
    assert made["status"] == "QUEUED"

    def status() -> str:
        answer = upstream.http.get(made["status_url"], headers=SEGMIND_KEY)
        return str(answer.json()["status"])

    until(lambda: status() == "COMPLETED")
    done = upstream.http.get(made["response_url"], headers=SEGMIND_KEY).json()
    assert done["metrics"]["cost"] == 0.756
    found = probe(upstream.http.get(done["video"]["url"]).content)
    assert (found["seconds"], found["sound"]) == (3, ["aac"])


def test_llmprovider_makes_a_film_without_an_envelope(upstream: Upstream) -> None:
    path = "/llmprovider/v1/videos/text2video"
    body = {"model": "kling-video-v1-6", "prompt": "No envelope", "external_task_id": "llm-1"}
    made = upstream.http.post(path, json=body, headers=KEY).json()
    assert made["task_id"].startswith("task_")

    def task() -> dict[str, Any]:
        return dict(upstream.http.get(f"{path}/{made['task_id']}", headers=KEY).json())

    until(lambda: task()["task_status"] == "succeed")
    found = probe(upstream.http.get(url_of(task())).content)
    assert (found["size"], found["fps"]) == (SMALL, 24)


@pytest.mark.parametrize(
    ("path", "headers", "status", "wanted"),
    [
        ("/kling/v1/videos/text2video", {"Authorization": "Bearer bad-key"}, 401, "code"),
        ("/kling/v1/videos/text2video", {"Authorization": "Bearer empty-pack"}, 429, "code"),
        ("/segmind/v1/kling-text2video", {"x-api-key": "bad-key"}, 401, "error"),
        ("/segmind/v2/kling-text2video", {"x-api-key": "empty-wallet"}, 406, "error"),
        ("/llmprovider/v1/videos/text2video", {"Authorization": "Bearer bad-key"}, 401, "error"),
        ("/llmprovider/v1/videos/text2video", {"Authorization": "Bearer empty-one"}, 402, "error"),
    ],
)
def test_bad_and_empty_credentials_get_the_vendors_own_refusal(
    upstream: Upstream, path: str, headers: dict[str, str], status: int, wanted: str
) -> None:
    answer = upstream.http.post(path, json={"prompt": "Refused"}, headers=headers)
    assert answer.status_code == status
    assert wanted in answer.json()


def test_an_invalid_order_is_refused_in_each_vendors_shape(upstream: Upstream) -> None:
    body = {"prompt": "Too long", "duration": "11"}
    kling = upstream.http.post("/kling/v1/videos/text2video", json=body, headers=KEY)
    segmind = upstream.http.post("/segmind/v2/kling-text2video", json=body, headers=SEGMIND_KEY)
    other = upstream.http.post("/llmprovider/v1/videos/text2video", json=body, headers=KEY)
    assert (kling.status_code, kling.json()["code"]) == (400, 1201)
    assert (segmind.status_code, "duration" in segmind.json()["error"]) == (400, True)
    assert (other.status_code, other.json()["error"]["param"]) == (400, "duration")


def test_an_external_id_is_taken_once(upstream: Upstream) -> None:
    assert upstream.create("Once", external_task_id="once-1").status_code == 200
    again = upstream.create("Once", external_task_id="once-1")
    assert (again.status_code, again.json()["code"]) == (400, 1201)
    assert upstream.audit("external:once-1") == {"asked": 2, "created": 1}


def test_a_film_link_that_was_tampered_with_is_refused(upstream: Upstream) -> None:
    upstream.create("Tampered", external_task_id="tampered-1")
    link = httpx.URL(url_of(upstream.finished("tampered-1")))
    later = link.copy_set_param("expires", str(int(link.params["expires"]) + 1))
    assert upstream.http.get(link).status_code == 200
    assert upstream.http.get(later).status_code == 403


def test_klings_account_page_counts_what_was_made_and_is_asked_once_a_second(
    tmp_path: Path,
) -> None:
    prompt = Upstream(tmp_path / "prompt", SANDBOX_COSTS_LAG="0")
    behind = Upstream(tmp_path / "behind", SANDBOX_COSTS_LAG=str(SPEED * 3600))
    for upstream, used in ((prompt, 1.0), (behind, 0.0)):
        made = upstream.create("A kite").json()["data"]["task_id"]
        failed = upstream.create("fail:failed A kite").json()["data"]["task_id"]
        upstream.finished(made)
        upstream.finished(failed)
        ask = partial(
            upstream.http.get, "/kling/account/costs?start_time=1&end_time=2", headers=KEY
        )
        answer = ask()
        (pack,) = answer.json()["data"]["resource_pack_subscribe_infos"]
        assert pack["total_quantity"] - pack["remaining_quantity"] == used
        until(lambda ask=ask: (again := ask()).status_code == 429 and again.json()["code"] == 1302)
        upstream.stop()
