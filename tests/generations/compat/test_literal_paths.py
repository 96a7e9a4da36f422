"""The seeds' own paths at the root: credential and body tell the dialects apart."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from generations.wire.segmind.slugs import SLUGS
from tests.generations.programs import Program
from tests.outage import database_away
from tests.people import Customer

PATH = "/v1/videos/text2video"


@pytest.fixture
def bearer(site: str, alice: Customer) -> Program:
    """A static key at the root."""
    return Program(site, Authorization=f"Bearer {alice.test_key}")


@pytest.fixture
def keyed(site: str, alice: Customer) -> Program:
    """An x-api-key at the root."""
    return Program(site, **{"x-api-key": alice.test_key})


def test_a_static_key_with_only_model_is_llmprovider(bearer: Program) -> None:
    flat = bearer.post(PATH, {"model": "kling-video-v1", "prompt": "x"}).json()
    assert flat["task_status"] == "submitted"
    assert bearer.get(f"{PATH}/{flat['task_id']}").json()["task_id"] == flat["task_id"]
    refused = bearer.post(PATH, {"model": "kling-video-v1"})
    assert refused.json()["error"]["param"] == "prompt"


def test_model_name_or_a_jwt_is_kling(
    bearer: Program, site: str, token: Callable[..., str]
) -> None:
    both = {"model_name": "kling-v1", "model": "kling-v1", "prompt": "x"}
    made = bearer.post(PATH, both).json()["data"]["task_id"]
    assert bearer.get(f"{PATH}/{made}").json()["data"]["task_id"] == made
    signed = Program(site, Authorization=f"Bearer {token()}")
    assert signed.post(PATH, {"model": "kling-v1", "prompt": "x"}).json()["code"] == 0
    assert made in [task["task_id"] for task in signed.get(PATH).json()["data"]]


def test_anything_unclear_is_klings(bearer: Program, site: str) -> None:
    assert bearer.post(PATH, data="{").json()["code"] == 1200
    assert bearer.post(PATH, {}).json()["code"] == 1201
    assert Program(site).post(PATH, {}).json()["code"] == 1001
    assert bearer.get(f"{PATH}/nobody").json()["code"] == 1203
    assert bearer.post("/v1/images/generations", {}).json()["code"] == 1202
    assert bearer.post("/v1/something", {}).json()["code"] == 1202
    assert bearer.get("/account/costs?start_time=1&end_time=2").json()["code"] == 0


def test_image2video_at_the_root_is_klings(bearer: Program) -> None:
    body = {"model_name": "kling-v1", "image": "https://example.com/a.png"}
    made = bearer.post("/v1/videos/image2video", body).json()["data"]["task_id"]
    assert bearer.get(f"/v1/videos/image2video/{made}").json()["code"] == 0


def test_an_api_key_header_is_segmind(keyed: Program, site: str) -> None:
    assert set(keyed.post(PATH, {}).json()) == {"error"}
    assert keyed.post("/v1/unknown", {}).status_code == 404
    assert keyed.get("/v1/get-user-credits").json()["credits"] == 280.0
    made = keyed.post("/v2/kling-text2video", {"prompt": "x"}).json()
    assert made["poll_url"] == f"{site}/v2/requests/{made['request_id']}"
    assert keyed.get(f"/v2/requests/{made['request_id']}/status").status_code == 200


def test_every_slug_has_its_place_at_the_root_on_both_versions(keyed: Program, site: str) -> None:
    for slug in SLUGS:
        for version in ("v1", "v2"):
            answer = keyed.post(f"/{version}/{slug.name}", {"duration": "1"})
            assert answer.status_code == 400, slug.name
            assert Program(site).post(f"/{version}/{slug.name}", {}).status_code == 401


def test_while_the_database_is_away_a_query_is_told_so_in_klings_shape(alice: Customer) -> None:
    client = Client(headers={"Host": "127.0.0.1", "Authorization": f"Bearer {alice.test_key}"})
    with database_away():
        answer = client.get(f"{PATH}/gen_anything")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert set(answer.json()) == {"code", "message", "request_id"}
    assert answer.json()["code"] == 5001


ODD = ["%00", "%FF", "%F0%9F%98%80", "//", "a b", "²", "%0A", "'", "%25", "x" * 3000, "%2F"]
PLACES = [
    "/api/v1/generations/",
    "/api/v1/quotes/",
    "/api/v1/models/",
    "/api/v1/ledger?after=",
    "/api/v1/generations/gen_1?waited=",
    "/kling/v1/videos/text2video/",
    "/kling/v1/videos/text2video?pageNum=",
    "/kling/account/costs?start_time=",
    "/segmind/v1/requests/",
    "/segmind/v2/",
    "/llmprovider/v1/videos/text2video/",
    "/v1/videos/text2video/",
    "/v1/",
    "/v2/requests/",
]


@pytest.mark.parametrize("place", PLACES)
def test_no_address_whatever_gives_a_5xx_or_a_page(
    bearer: Program, keyed: Program, place: str
) -> None:
    for odd in ODD:
        for program in (bearer, keyed):
            for answer in (program.get(place + odd), program.post(place + odd, {})):
                assert answer.status_code < 500, answer.text
                kind = answer.headers["Content-Type"]
                assert answer.status_code in (200, 405) or "json" in kind, (odd, answer.text)
