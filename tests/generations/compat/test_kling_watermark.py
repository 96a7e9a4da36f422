"""Who orders a watermark gets the film and its marked twin, or is told that there is none."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
import pytest
import requests
from PIL import Image, ImageStat

from generations.models import Protocol, ProviderAccount
from tests.generations import mp4
from tests.generations.compat.test_kling_products import ended
from tests.generations.programs import Program, available
from tests.generations.scripted import Answer, scripted
from tests.generations.test_films_out_of_reach import host
from tests.people import Customer
from tests.selling import MODEL, Seller, seen_by_all
from tests.stack import Stack

FILMS = "/v1/videos/text2video"
MARKED = {"model_name": MODEL, "prompt": "A fox in the snow", "watermark_info": {"enabled": True}}


def first_frame(address: str) -> Image.Image:
    """The picture a film begins with."""
    content = requests.get(address, timeout=60).content
    with av.open(io.BytesIO(content), format="mp4") as film:
        frame: Image.Image = next(film.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    return frame


def brightness(picture: Image.Image, *, upper: bool) -> float:
    """Of the corner where the mark is, or of the one across, 0 to 255."""
    wide, high = picture.size
    part = (wide * 4 // 5, 0, wide, high // 20) if upper else (0, high * 4 // 5, wide // 9, high)
    return float(ImageStat.Stat(picture.convert("L").crop(part)).mean[0])


def test_the_marked_film_is_another_than_the_plain_one(kling: Program, api: Program) -> None:
    task = ended(kling, FILMS, MARKED)
    assert task["watermark_info"] == {"enabled": True}
    assert "warnings" not in task
    (video,) = task["task_result"]["videos"]
    plain, marked = first_frame(video["url"]), first_frame(video["watermark_url"])
    assert plain.size == marked.size
    assert brightness(marked, upper=True) > brightness(plain, upper=True) + 40
    assert brightness(marked, upper=False) == pytest.approx(brightness(plain, upper=False), abs=6)
    native = api.get(f"/generations/{task['task_id']}").json()["video"]
    assert native["watermark_url"].partition("?")[0] == video["watermark_url"].partition("?")[0]
    assert native["url"].partition("?")[0] == video["url"].partition("?")[0]


def test_a_film_without_the_wish_has_no_marked_twin(kling: Program) -> None:
    task = ended(kling, FILMS, {**MARKED, "watermark_info": {"enabled": False}})
    assert set(task["task_result"]["videos"][0]) == {"id", "url", "duration"}


def test_an_edited_film_has_its_mark_too(kling: Program) -> None:
    film = ended(kling, FILMS, MARKED)["task_result"]["videos"][0]
    told = {"mode": "text2video", "video_id": film["id"], "text": "Hello", "voice_id": "AOT"}
    order = {"input": told, "watermark_info": {"enabled": True}}
    (made,) = ended(kling, "/v1/videos/lip-sync", order)["task_result"]["videos"]
    plain, marked = first_frame(made["url"]), first_frame(made["watermark_url"])
    assert brightness(marked, upper=True) > brightness(plain, upper=True) + 40


def test_who_cannot_mark_is_not_asked_and_the_customer_is_told_before_any_hold(
    kling: Program, alice: Customer, sell: Seller, stack: Stack
) -> None:
    sell(f"{stack.sandbox}/llmprovider", protocol=Protocol.LLMPROVIDER)
    can = sell()
    film = ended(kling, FILMS, MARKED)["task_result"]["videos"][0]
    assert "watermark_url" in film  # of the one that can, though it is asked last
    ProviderAccount.objects.filter(pk=can.pk).update(enabled=False)
    seen_by_all()
    before = available(alice)
    refused = kling.post(FILMS, MARKED)
    assert (refused.status_code, refused.json()["code"]) == (400, 1201)
    assert refused.json()["message"].startswith("watermark_info.enabled cannot be made")
    assert available(alice) == before
    plain = {**MARKED, "watermark_info": {"enabled": False}}
    assert ended(kling, FILMS, plain)["task_result"]["videos"]


def test_a_mark_that_did_not_come_is_told(kling: Program, sell: Seller, tmp_path: Path) -> None:
    film = mp4.write(tmp_path / "film.mp4").read_bytes()
    with host(200, film) as address:

        def answers(method: str, path: str, body: dict[str, Any]) -> Answer:
            made = {
                "task_id": "1",
                "task_status": "succeed",
                "created_at": 1,
                "updated_at": 2,
                "task_result": {"videos": [{"id": "2", "url": address, "duration": "5"}]},
            }
            listed = [made] if "pageNum" in path else made
            return 200, {"code": 0, "message": "SUCCEED", "request_id": "r", "data": listed}

        with scripted(answers) as upstream:
            sell(upstream.url)
            task = ended(kling, FILMS, MARKED)
    assert "watermark_url" not in task["task_result"]["videos"][0]
    assert task["warnings"] == [
        "watermark: the service made the film without a copy that has the watermark."
    ]
