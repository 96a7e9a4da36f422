"""Links for strangers: what they show, how often, to whom, and how at once they end."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.conf import settings
from django.db import connection
from django.db.models import F
from django.test import Client
from django.utils import timezone

from accounts import tenancy
from generations.gallery import sharing
from generations.models import Share, Video
from tests.generations.programs import FILM, Program, film_of, funded, native, settled
from tests.people import Customer

_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@pytest.fixture(scope="module")
def alice() -> Customer:
    return funded()


@pytest.fixture(scope="module")
def api(site: str, alice: Customer) -> Program:
    return native(site, alice.test_key)


@pytest.fixture(scope="module")
def film(api: Program) -> str:
    order = {**FILM, "prompt": "A secret idea"}
    made = settled(api, api.post("/generations", order).json()["id"])["video"]["id"]
    body = {"title": "Dunes & <noon>"}
    assert api.http.patch(f"{api.root}/videos/{made}", json=body, timeout=60).status_code == 200
    return str(made)


def share(api: Program, film: str, **wanted: Any) -> dict[str, Any]:
    answer = api.post(f"/videos/{film}/shares", wanted)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def revoke(api: Program, of: dict[str, Any]) -> requests.Response:
    return api.http.delete(f"{api.root}/shares/{of['id']}", timeout=60)


class Stranger:
    """A browser of somebody without an account."""

    def __init__(self) -> None:
        self.http = requests.Session()
        self.token = ""

    def open(self, address: str) -> requests.Response:
        page = self.http.get(address, timeout=60)
        if token := _CSRF.search(page.text):
            self.token = token[1]
        return page

    def answer(self, address: str, **form: str) -> requests.Response:
        """What the form sends on the page, which was opened before the others were at it too."""
        if not self.token:
            self.open(address)
        form["csrfmiddlewaretoken"] = self.token
        return self.http.post(address, form, timeout=60)


def status(address: str) -> int:
    return Stranger().open(address).status_code


def test_a_link_shows_the_film_to_anybody_and_nothing_else(api: Program, film: str) -> None:
    made = share(api, film)
    assert re.fullmatch(r"http://[^/]+/s/[0-9A-Za-z]{22}", made["url"])
    (listed,) = api.get(f"/videos/{film}/shares").json()["data"]
    assert (listed["url"], listed["open"], listed["views"]) == (made["url"], True, 0)
    assert [each["id"] for each in api.get(f"/videos/{film}").json()["shares"]] == [made["id"]]
    stranger = Stranger()
    page = stranger.open(made["url"])
    assert page.status_code == 200
    assert "Dunes &amp; &lt;noon&gt;" in page.text
    assert "Made with AI" in page.text
    assert "secret idea" not in page.text
    assert film not in page.text
    assert f'<meta property="og:image" content="{made["url"]}/poster">' in page.text
    assert '<meta name="robots" content="noindex">' in page.text
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in page.headers["Cache-Control"]
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert not stranger.http.cookies
    assert stranger.open(f"{made['url']}/film").content[4:8] == b"ftyp"
    assert stranger.open(f"{made['url']}/poster").content[8:12] == b"WEBP"
    assert api.get(f"/videos/{film}/shares").json()["data"][0]["views"] == 1
    assert revoke(api, made).status_code == 200


def test_only_a_public_page_may_be_named_by_search_engines(api: Program, film: str) -> None:
    made = share(api, film, visibility="public")
    page = Stranger().open(made["url"])
    assert "noindex" not in page.text
    assert "X-Robots-Tag" not in page.headers
    asks = share(api, film, visibility="public", password="open sesame")
    assert "noindex" in Stranger().open(asks["url"]).headers["X-Robots-Tag"]
    for each in (made, asks):
        revoke(api, each)


def test_a_revoked_link_is_gone_at_once_and_its_files_within_a_minute(
    api: Program, film: str
) -> None:
    made = share(api, film)
    asked = requests.get(f"{made['url']}/film", timeout=60, allow_redirects=False)
    ends = int(parse_qs(urlsplit(asked.headers["Location"]).query)["expires"][0])
    assert ends <= timezone.now().timestamp() + 60
    told = revoke(api, made).json()
    assert (told["open"], told["revoked_at"]) == (False, told["expires_at"])
    for path in ("", "/film", "/poster"):
        assert status(made["url"] + path) == 410
    assert revoke(api, made).json()["revoked_at"] == told["revoked_at"]
    assert api.get(f"/videos/{film}").json()["shares"] == []
    assert status(made["url"][:-1] + "-") == status(made["url"][:-8]) == 404


def test_a_link_ends_with_its_time_the_trash_and_the_films_own_time(
    api: Program, film: str, alice: Customer
) -> None:
    made = share(api, film, expires_in=3600)
    assert status(made["url"]) == 200
    api.http.delete(f"{api.root}/videos/{film}", timeout=60)
    assert status(made["url"]) == status(f"{made['url']}/film") == 410
    refused = api.post(f"/videos/{film}/shares", {})
    assert (refused.status_code, refused.json()["code"]) == (410, "not_kept")
    api.post(f"/videos/{film}/restore")
    assert status(made["url"]) == 200
    with tenancy.scope(alice.organisation.pk):
        Share.objects.filter(public_id=made["id"]).update(expires_at=timezone.now())
    assert status(made["url"]) == 410
    over = settled(api, api.post("/generations", FILM).json()["id"])
    late = share(api, over["id"])
    ended = film_of(over["id"])
    with tenancy.scope(alice.organisation.pk):
        Video.objects.filter(pk=ended.pk).update(kept_until=timezone.now())
    assert status(late["url"]) == status(f"{late['url']}/poster") == 410


def test_a_password_opens_the_page_for_an_hour(api: Program, film: str) -> None:
    made = share(api, film, password="open sesame")
    stranger = Stranger()
    gate = stranger.open(made["url"])
    assert gate.status_code == 200
    assert "Dunes" not in gate.text
    assert "og:image" not in gate.text
    assert stranger.open(f"{made['url']}/film").status_code == 403
    wrong = stranger.answer(made["url"], password="shut")
    assert (wrong.status_code, "not its password" in wrong.text) == (403, True)
    right = stranger.answer(made["url"], password="open sesame")
    assert (right.status_code, "Dunes" in right.text) == (200, True)
    assert stranger.open(f"{made['url']}/film").content[4:8] == b"ftyp"
    assert stranger.open(made["url"]).status_code == 200
    assert status(f"{made['url']}/film") == 403
    other = share(api, film, password="another")
    stranger.http.cookies.set("share", stranger.http.cookies.get("share"), path="/")
    assert stranger.open(f"{other['url']}/film").status_code == 403
    assert "sesame" not in str(api.get(f"/videos/{film}/shares").json())
    revoke(api, made)
    assert stranger.open(made["url"]).status_code == 410


def test_passwords_are_tried_ten_times_in_a_quarter_of_an_hour(
    api: Program, film: str, alice: Customer
) -> None:
    made = share(api, film, password="open sesame")
    with tenancy.scope(alice.organisation.pk):
        mine = Share.objects.filter(public_id=made["id"])
        mine.update(tries=9, tried_since=timezone.now())
    stranger = Stranger()
    assert stranger.answer(made["url"], password="open sesame").status_code == 200
    with ThreadPoolExecutor(3) as threads:
        told = threads.map(
            lambda _: Stranger().answer(made["url"], password="a").status_code, "abc"
        )
        assert sorted(told) == [403, 429, 429]
    shut = Stranger().answer(made["url"], password="open sesame")
    assert (shut.status_code, shut.headers["Retry-After"]) == (429, "900")
    with tenancy.scope(alice.organisation.pk):
        mine.update(tried_since=F("tried_since") - timedelta(minutes=16))
    assert Stranger().answer(made["url"], password="open sesame").status_code == 200


def test_it_is_seen_as_often_as_was_allowed_however_many_come_at_once(
    api: Program, film: str
) -> None:
    made = share(api, film, max_views=3)
    assert "3 more times" in Stranger().open(made["url"]).text
    visitors = [Stranger() for _ in range(8)]
    for each in visitors:
        each.open(made["url"])  # what looks at it for a preview uses up none
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(lambda who: who.answer(made["url"]).status_code, visitors))
    assert sorted(told) == [200] * 3 + [410] * 5
    (seen,) = (s for s in api.get(f"/videos/{film}/shares").json()["data"] if s["id"] == made["id"])
    assert (seen["views"], seen["open"]) == (3, False)
    assert status(made["url"]) == 410
    inside = visitors[told.index(200)]
    assert inside.open(made["url"]).status_code == 200
    assert inside.open(f"{made['url']}/film").status_code == 200


def test_who_is_signed_in_elsewhere_sees_it_too(api: Program, film: str) -> None:
    made = share(api, film)
    browser = Client(headers={"host": "localhost"})
    browser.force_login(
        funded("mallory").user, backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    page = browser.get(urlsplit(made["url"]).path)
    assert (page.status_code, "Dunes" in page.content.decode()) == (200, True)


def test_what_is_asked_of_a_link_is_read_strictly(api: Program, film: str) -> None:
    wrong = {
        "expires_in": 59, "password": "abc", "max_views": 0, "visibility": "secret", "a": 1,
    }  # fmt: skip
    answer = api.post(f"/videos/{film}/shares", wrong)
    assert answer.status_code == 422
    assert {each["field"] for each in answer.json()["violations"]} == set(wrong)
    for body in ({"expires_in": 366 * 86400 + 1}, {"max_views": True}, {"password": "x" * 129}):
        assert api.post(f"/videos/{film}/shares", body).status_code == 422


def test_nobody_else_and_not_the_other_mode_makes_sees_or_revokes_links(
    site: str, api: Program, alice: Customer, film: str
) -> None:
    made = share(api, film)
    for key in (funded("mallory").test_key, alice.live_key):
        other = native(site, key)
        assert other.get(f"/videos/{film}/shares").status_code == 404
        assert other.post(f"/videos/{film}/shares", {}).status_code == 404
        assert revoke(other, made).status_code == 404
    assert status(made["url"]) == 200


def test_a_film_has_so_many_links_and_they_come_in_pages(api: Program, alice: Customer) -> None:
    film = settled(api, api.post("/generations", FILM).json()["id"])["video"]["id"]
    path, most = f"/videos/{film}/shares", settings.SHARES_MAX
    made = [share(api, film)["id"] for _ in range(most - 5)]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: api.post(path, {}), range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [409] * 5
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"conflict"}

    first = api.get(f"{path}?limit=6").json()
    assert (len(first["data"]), first["has_more"]) == (6, True)
    rest = api.get(f"{path}?limit=100&after={first['next']}").json()
    listed = [each["id"] for each in (*first["data"], *rest["data"])]
    assert (len(listed), rest["has_more"], rest["next"]) == (most, False, None)
    assert listed[5:] == made[::-1]
    assert api.get(f"{path}?after=shr_nobodys").status_code == 404
    told = api.get(f"/videos/{film}").json()["shares"]
    assert [each["id"] for each in told] == listed[: sharing.TOLD]

    assert revoke(api, {"id": listed[0]}).status_code == 200
    share(api, film)
    assert api.post(path, {}).status_code == 409


def test_links_that_ended_three_months_ago_are_forgotten(
    api: Program, film: str, alice: Customer
) -> None:
    old, young = share(api, film), share(api, film)
    with tenancy.scope(alice.organisation.pk):
        for each, days in ((old, 91), (young, 89)):
            ended = timezone.now() - timedelta(days=days)
            Share.objects.filter(public_id=each["id"]).update(expires_at=ended)
    assert sharing.forget_ended() >= 1
    assert (status(old["url"]), status(young["url"])) == (404, 410)
    connection.close()
