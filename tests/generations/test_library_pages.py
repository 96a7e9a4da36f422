"""The library's pages as a browser without scripts gets them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from generations.gallery import labels, sorting
from generations.models import Video
from tests.generations.orders import actor, parked
from tests.generations.programs import funded
from tests.generations.test_retention import stored
from tests.people import Customer


@pytest.fixture
def alice() -> Customer:
    return funded()


def browser_of(of: Customer) -> Client:
    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(of.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.post("/app/mode", {"mode": "test"})
    return client


def films(of: Customer, *prompts: str) -> list[Video]:
    """Theirs in test mode, oldest first."""
    return [stored(of, parked(of, prompt=prompt)) for prompt in prompts]


def shown(client: Client, path: str, **headers: str) -> list[str]:
    """The ids of a page's films."""
    answer = client.get(path, headers=headers, follow=True)
    assert answer.status_code == 200
    return re.findall(r'<li class="tile [^"]*" id="(vid_\w+)"', answer.content.decode())


def ids(rows: Sequence[Video]) -> list[str]:
    return [film.public_id for film in rows]


def test_the_library_has_every_film_of_its_organisation_newest_first(alice: Customer) -> None:
    made = films(alice, "a kite", "a boat")
    films(funded(), "a stranger's kite")
    assert shown(browser_of(alice), "/app/library") == ids(made[::-1])


def test_a_search_narrows_it_down_and_its_parts_can_be_taken_away(alice: Customer) -> None:
    kite, boat, _sea = films(alice, "a red kite", "a red boat", "the sea")
    who, client = actor(alice), browser_of(alice)
    labels.write(who, boat.public_id, tags=["Spring"], favourite=True)
    place = sorting.make(who, "Spring campaign")
    sorting.put(who, place.public_id, [kite.public_id])
    for search, found in {
        "red": [boat, kite],
        "red tag:spring": [boat],
        "is:fav": [boat],
        'in:"spring Campaign"': [kite],
        "cost:>9 red": [boat, kite],
        "cost:>10": [],
        "red colour:blue": [boat, kite],
        "in:nowhere red": [boat, kite],
    }.items():
        assert shown(client, f"/app/library?q={search}".replace(" ", "+")) == ids(found), search
    page = client.get("/app/library", {"q": "red tag:spring colour:blue"}).content.decode()
    assert "“colour:” is no filter" in page
    assert 'href="?q=tag%3Aspring"' in page
    assert 'href="?q=red"' in page


def test_the_filter_menu_writes_the_search(alice: Customer) -> None:
    answer = browser_of(alice).get(
        "/app/library",
        {"narrow": "1", "q": "red kite", "model": "kling-v3", "cost": ">20", "in": "", "ratio": ""},
    )
    assert answer.headers["Location"] == "/app/library?q=red+kite+model%3Akling-v3+cost%3A%3E20"


def test_more_is_loaded_and_the_way_back_shows_as_much(
    alice: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generations.views.library.grid._PAGE", 2)
    made = ids(films(alice, *"abcde"))[::-1]
    client = browser_of(alice)
    assert shown(client, "/app/library") == made[:2]
    more = f"/app/library?after={made[1]}"
    assert shown(client, more) == shown(client, f"{more}&pages=2", HX_Request="true") == made[2:4]
    assert shown(client, "/app/library?pages=2") == made[:4]
    assert client.get("/app/library?after=vid_nobodys").status_code == 404


def test_a_page_takes_as_many_queries_for_many_films_as_for_few(alice: Customer) -> None:
    client = browser_of(alice)
    counts = []
    for number in (1, 6):
        films(alice, *(f"a kite {n}" for n in range(number)))
        client.get("/app/library?q=kite")
        with CaptureQueriesContext(connection) as asked:
            client.get("/app/library?q=kite")
        counts.append(len(asked))
    assert counts[0] == counts[1]
