"""What was read before is not sent again while it holds, and its links have life left."""

from __future__ import annotations

import json

import requests
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import RequestFactory, override_settings

from kling_saas.api.conditional import ConditionalGetMiddleware
from tests.generations import programs
from tests.generations.programs import FILM, Program, native
from tests.people import Customer
from tests.waiting import until


def again(api: Program, path: str, tag: str) -> requests.Response:
    return api.get(path, headers={"If-None-Match": tag})


def test_what_has_not_changed_is_304_without_a_body(api: Program, alice: Customer) -> None:
    made = api.post("/generations", FILM, headers={"Prefer": "wait=60"}).json()
    film = f"/videos/{made['video']['id']}"
    until(lambda: api.get(film).json()["preview_url"], what="the preview, which follows the film")
    quote = api.post("/quotes", FILM).json()["id"]
    places = [
        f"/generations/{made['id']}", film, f"/quotes/{quote}", "/generations",
        "/videos", "/wallet", "/ledger", "/usage", "/keys", "/events", "/webhooks",
    ]  # fmt: skip
    for place in places:
        first = api.get(place)
        assert first.headers["Cache-Control"] == "private, no-cache", place
        tag = first.headers["ETag"]
        assert tag.startswith('W/"'), place
        for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
            unchanged = again(api, place, known)
            assert (unchanged.status_code, unchanged.content) == (304, b""), (place, known)
        assert unchanged.headers["ETag"] == tag
        assert unchanged.headers["X-Request-Id"]
        assert not {"Content-Type", "Content-Length"} & set(unchanged.headers)
        assert again(api, place, 'W/"other"').json() == first.json(), place


def test_what_has_changed_is_sent_whole(api: Program, alice: Customer) -> None:
    wallet = api.get("/wallet").headers["ETag"]
    made = api.post("/generations", FILM, headers={"Prefer": "wait=60"}).json()
    place = f"/videos/{made['video']['id']}"
    until(lambda: api.get(place).json()["preview_url"], what="the preview, which follows the film")
    film = api.get(place).headers["ETag"]
    spent = again(api, "/wallet", wallet)
    assert (spent.status_code, spent.json()["available"]) == (200, programs.available(alice))
    api.http.patch(f"{api.root}{place}", json={"title": "Boat"}, timeout=60)
    titled = again(api, place, film)
    assert (titled.status_code, titled.json()["title"]) == (200, "Boat")
    assert titled.headers["ETag"] != film


def test_a_tag_tells_nothing_of_a_held_order(api: Program, alice: Customer) -> None:
    """The held call is answered with the film, whatever tag its client sends along."""
    before = programs.available(alice)
    made = api.post("/generations", FILM, headers={"Prefer": "wait=60", "If-None-Match": "*"})
    assert (made.status_code, made.json()["status"]) == (200, "succeeded")
    assert made.headers["Cache-Control"] == "private, no-store"
    assert programs.available(alice) == before - made.json()["credits"]["charged"]


def test_what_everybody_may_know_is_kept_by_shared_caches(site: str, alice: Customer) -> None:
    stranger, own = Program(f"{site}/api/v1"), native(site, alice.test_key)
    for place in ("/models", "/models/kling-v1", "/tasks", "/tasks/lip-sync", "/prices"):
        told = stranger.get(place)
        assert told.headers["Cache-Control"] == "public, max-age=60", place
        assert "Authorization" in told.headers["Vary"], place  # prices may be somebody's own
        assert again(stranger, place, told.headers["ETag"]).status_code == 304, place
        assert own.get(place).headers["Cache-Control"] == "private, no-cache", place
    schema = own.get("/schema")
    assert schema.headers["Cache-Control"] == "public, max-age=60"
    assert "Authorization" not in schema.headers["Vary"]
    assert again(stranger, "/schema", schema.headers["ETag"]).status_code == 304


def test_secrets_and_refusals_lie_in_no_cache(api: Program, mallory: Program) -> None:
    made = api.post("/generations", FILM).json()["id"]
    answers = [
        api.get("/webhooks/signing-secret"),
        api.post("/tokens", {"end_user": "u"}),
        api.get("/nothing/there"),
        mallory.get(f"/generations/{made}", headers={"If-None-Match": "*"}),
        api.get("/generations?limit=0"),
    ]
    assert [answer.status_code for answer in answers] == [200, 201, 404, 404, 422]
    for answer in answers:
        assert "no-store" in answer.headers.get("Cache-Control", "no-store")
        assert "ETag" not in answer.headers


def asked(body: dict[str, object], tag: str = "") -> HttpResponse:
    """The answer of a door that says `body`, to who knows `tag`."""

    def door(request: HttpRequest) -> HttpResponse:
        return JsonResponse(body, headers={"Cache-Control": "private, no-cache"})

    headers = {"If-None-Match": tag} if tag else {}
    return ConditionalGetMiddleware(door)(RequestFactory().get("/", headers=headers))


def linked(signature: str, **more: object) -> dict[str, object]:
    address = f"https://films.example.org/a.mp4?X-Amz-Expires=60&X-Amz-Signature={signature}"
    film = {"url": address, "expires_at": signature, "poster_url": address, "width": 320}
    return {"expires_at": "2026-11-01T12:00:00Z", "video": film, **more}


def test_of_signed_links_a_tag_sees_the_file_and_half_a_life() -> None:
    with override_settings(LINK_SECONDS=10**10):  # a window that does not end in this test
        tag = asked(linked("a1")).headers["ETag"]
        assert asked(linked("b2"), tag).status_code == 304
        for other in ({"expires_at": "2027-11-01T12:00:00Z"}, {"title": "?sig=1 is in no link"}):
            assert asked({**linked("a1"), **other}, tag).status_code == 200
        moved = json.loads(json.dumps(linked("a1")).replace("a.mp4", "b.mp4"))
        assert asked(moved, tag).status_code == 200
    with override_settings(LINK_SECONDS=10**9):  # another window
        renewed = asked(linked("c3"), tag)
        assert renewed.status_code == 200
        assert b"c3" in renewed.content
