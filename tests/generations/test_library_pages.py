"""The library's pages as a browser without scripts gets them."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from accounts import tenancy
from accounts.models import Role
from generations import storage
from generations.gallery import labels, sorting
from generations.models import Generation, Video
from tests.generations.orders import actor, parked
from tests.generations.programs import available, film_of, funded
from tests.generations.test_retention import stored
from tests.people import Customer, lowered


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


def again(film: Video) -> Video:
    """As it is now."""
    return film_of(film.generation.public_id)


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


def test_a_favourite_is_marked_by_one_press_and_found(alice: Customer) -> None:
    (film,) = films(alice, "a kite")
    client = browser_of(alice)
    press = f"/app/library/{film.public_id}/favourite"
    answer = client.post(press, {"on": "1", "next": "/app/library?q=kite"})
    assert answer.headers["Location"] == "/app/library?q=kite"
    assert shown(client, "/app/library?q=is:fav") == [film.public_id]
    button = client.post(press, {"on": "0"}, headers={"HX-Request": "true"}).content.decode()
    assert 'aria-pressed="false"' in button
    assert shown(client, "/app/library?q=is:fav") == []
    assert (
        client.post(press, {"next": "https://evil.example"})
        .headers["Location"]
        .startswith("/app/library/")
    )


def test_title_and_tags_are_written_and_faults_told_at_their_field(alice: Customer) -> None:
    (film,) = films(alice, "a kite")
    client, form = browser_of(alice), f"/app/library/{film.public_id}/labels"
    page = client.post(
        form, {"title": " Dunes  at noon ", "tags": "sea, Spring,, sea"}, follow=True
    )
    assert "<h1>Dunes at noon</h1>" in page.content.decode()
    film = again(film)
    assert (film.title, film.tags) == ("Dunes at noon", ["sea", "Spring"])
    wrong = client.post(form, {"title": "x" * 201, "tags": "y" * 41})
    assert wrong.status_code == 422
    told = wrong.content.decode()
    assert f'value="{"x" * 201}"' in told
    assert "A title has at most 200" in told
    assert "A tag has at most 40" in told
    film = again(film)
    assert (film.title, film.tags) == ("Dunes at noon", ["sea", "Spring"])


def test_what_is_thrown_away_can_be_taken_back_and_deleted_for_good(alice: Customer) -> None:
    kite, boat = films(alice, "a kite", "a boat")
    client = browser_of(alice)
    page = client.post(f"/app/library/{kite.public_id}/trash", follow=True).content.decode()
    assert "1 film is in the trash." in page
    assert "1 film is in the trash." not in client.get("/app/library").content.decode()
    assert shown(client, "/app/library") == [boat.public_id]
    assert shown(client, "/app/library/trash") == [kite.public_id]
    assert "30 days left" in client.get("/app/library/trash").content.decode()
    client.post("/app/library/trash/restore", {"film": kite.public_id})
    assert shown(client, "/app/library") == ids([boat, kite])

    client.post(f"/app/library/{kite.public_id}/trash")
    client.post(f"/app/library/{kite.public_id}/destroy")
    assert shown(client, "/app/library/trash") == []
    kite = again(kite)
    assert kite.over
    assert not (Path(settings.MEDIA_ROOT) / kite.key).exists()


_CHANGES = ("favourite", "labels", "trash", "destroy", "again", "last-frame", "put", "share")


def test_who_may_only_look_changes_nothing_and_is_offered_nothing(alice: Customer) -> None:
    (film,) = films(alice, "a kite")
    lowered(alice, Role.VIEWER)
    client = browser_of(alice)
    for page in ("/app/library", f"/app/library/{film.public_id}"):
        told = client.get(page).content.decode()
        offered = re.findall(r'action="(/app/library/[^"]+)"|name="action" value="(\w+)"', told)
        assert set(offered) <= {("/app/library/bulk", ""), ("", "zip"), ("", "compare")}
    for change in _CHANGES:
        sent = {"on": "1", "title": "mine", "way": "same", "name": "Mine", "ends": ""}
        answer = client.post(f"/app/library/{film.public_id}/{change}", sent, follow=True)
        assert "Your role (viewer)" in answer.content.decode(), change
    film = again(film)
    assert (film.favourite, film.title, film.trashed_at) == (False, "", None)
    assert available(alice) == 10_000 - 10


def test_a_stranger_finds_nothing(alice: Customer) -> None:
    (film,) = films(alice, "a kite")
    stranger = browser_of(funded())
    assert stranger.get(f"/app/library/{film.public_id}").status_code == 404
    for change in _CHANGES:
        answer = stranger.post(
            f"/app/library/{film.public_id}/{change}", {"way": "same", "name": "Mine", "ends": ""}
        )
        assert answer.status_code == 404, change
    stranger.post("/app/library/trash/restore", {"film": film.public_id})
    film = again(film)
    assert (film.favourite, film.trashed_at) == (False, None)


def test_a_film_is_made_again_and_in_better_quality_at_the_price_of_the_button(
    alice: Customer,
) -> None:
    made = parked(alice, model="kling-v1-6", mode="std", seed=None)
    film, client = stored(alice, made), browser_of(alice)
    page = client.get(f"/app/library/{film.public_id}").content.decode()
    offered = dict(re.findall(r'name="way" value="(\w+)".*?name="quoted" value="(\d+)"', page))
    assert offered == {"same": "20", "pro": "35"}
    assert "The API call that makes the same film" in page
    before = available(alice)
    press = f"/app/library/{film.public_id}/again"
    for way, price, mode in (("same", "20", "std"), ("pro", "35", "pro")):
        sent = {"way": way, "quoted": price, "key": f"key-{way}"}
        job = client.post(press, sent).headers["Location"]
        assert client.post(press, sent).headers["Location"] == job  # two presses, one order
        with tenancy.scope(alice.organisation.pk):
            order = Generation.objects.get(public_id=job.rpartition("/")[2])
        assert (order.order().mode, order.order().prompt) == (mode, made.order().prompt)
    assert available(alice) == before - 55
    refused = client.post(press, {"way": "same", "quoted": "19", "key": "dear"}, follow=True)
    assert "20" in refused.content.decode()
    assert available(alice) == before - 55


def test_the_last_frame_begins_the_next_film(alice: Customer) -> None:
    (film,) = films(alice, "a fox")
    Path(settings.MEDIA_ROOT, film.key).write_bytes(Path("static/films/fox.mp4").read_bytes())
    client = browser_of(alice)
    press = f"/app/library/{film.public_id}/last-frame"
    studio = client.post(press).headers["Location"]
    assert client.post(press).headers["Location"] == studio  # the same picture, not a second one
    picture = re.search(r"image=(upl_\w+)", studio)
    assert picture is not None
    page = client.get(studio).content.decode()
    assert f'value="{picture[1]}"' in page
    Path(settings.MEDIA_ROOT, film.key).write_bytes(b"no film")
    assert "does not decode" in client.post(press, follow=True).content.decode()


def test_collections_are_made_named_filled_and_removed_and_no_film_goes(alice: Customer) -> None:
    kite, boat = films(alice, "a kite", "a boat")
    client = browser_of(alice)
    spring = client.post("/app/library/collections/new", {"name": " Spring "}).headers["Location"]
    name = spring.rpartition("/")[2]
    inner = client.post("/app/library/collections/new", {"name": "Teasers", "parent": name})
    assert "Teasers" in client.get(spring).content.decode()
    for wrong, why in (("", "1 to 100"), ("x" * 101, "1 to 100"), ("spring", "of this name")):
        refused = client.post("/app/library/collections/new", {"name": wrong})
        assert (refused.status_code, why in refused.content.decode()) == (422, True)

    put = f"/app/library/{kite.public_id}/put"
    page = client.post(put, {"collection": name}, follow=True).content.decode()
    assert f'href="{spring}"' in page
    client.post(put, {"collection": "", "name": "Best of"})
    assert shown(client, "/app/library?q=in:%22best of%22") == [kite.public_id]
    assert shown(client, spring) == [kite.public_id]
    assert shown(client, f"{spring}?q=boat") == []
    page = client.get("/app/library/collections").content.decode()
    assert re.findall(r"<b>([^<]+)</b><small>(\d)", page) == [("Best of", "1"), ("Spring", "1")]

    assert client.post(f"{spring}/name", {"name": "best OF"}).status_code == 422
    client.post(f"{spring}/name", {"name": "Spring 2027"})
    assert "<h1>Spring 2027</h1>" in client.get(spring).content.decode()
    client.post(f"/app/library/{kite.public_id}/take", {"collection": name})
    assert shown(client, spring) == []
    client.post(f"{spring}/remove")
    gone = (spring, inner.headers["Location"])
    assert [client.get(path).status_code for path in gone] == [404, 404]
    assert shown(client, "/app/library") == ids([boat, kite])
    assert browser_of(funded()).get("/app/library/collections").content.count(b"Best of") == 0


def test_a_film_is_shared_on_terms_and_the_link_is_shut(alice: Customer) -> None:
    (film,) = films(alice, "a kite")
    client, page = browser_of(alice), f"/app/library/{film.public_id}"
    assert "Private: only your organisation" in client.get(page).content.decode()
    wrong = client.post(f"{page}/share", {"ends": "3600", "password": "abc", "views": "0"})
    assert wrong.status_code == 422
    assert wrong.content.decode().count("A password has 4 to 128 characters.") == 2
    terms = {"visibility": "unlisted", "ends": "604800", "password": "open up", "views": "5"}
    told = client.post(f"{page}/share", terms, follow=True).content.decode()
    (address,) = re.findall(r'<code id="link-1">([^<]+)</code>', told)
    assert "0 of 5 views" in told
    stranger = Client(headers={"Host": "127.0.0.1"})
    path = urlsplit(address).path
    assert b"password" in stranger.get(path).content
    assert stranger.post(path, {"password": "open up"}).status_code == 302
    assert "1 of 5 views" in client.get(page).content.decode()
    (name,) = re.findall(r'name="share" value="(shr_\w+)"', told)
    other = browser_of(funded())
    assert other.post(f"{page}/revoke", {"share": name}).status_code == 404
    assert stranger.get(path).status_code == 200
    client.post(f"{page}/revoke", {"share": name})
    assert stranger.get(path).status_code == 410
    assert "link-1" not in client.get(page).content.decode()


def test_many_films_are_changed_at_one_press(alice: Customer) -> None:
    kite, boat, sea = films(alice, "a kite", "a boat", "the sea")
    client, who = browser_of(alice), actor(alice)
    place = sorting.make(who, "Spring")

    def press(action: str, *chosen: Video, **more: str) -> str:
        sent = {"action": action, "film": ids(chosen), **more}
        return client.post("/app/library/bulk", sent, follow=True).content.decode()

    press("favourite", kite, boat)
    assert shown(client, "/app/library?q=is:fav") == ids([boat, kite])
    press("unfavourite", all="1", q="kite")
    assert shown(client, "/app/library?q=is:fav") == [boat.public_id]
    press("tag", kite, sea, tags="blue, Wind")
    assert shown(client, "/app/library?q=tag:wind+tag:blue") == ids([sea, kite])
    press("put", kite, sea, collection=place.public_id)
    press("take", sea, shelf=place.public_id)
    assert shown(client, f"/app/library/collections/{place.public_id}") == [kite.public_id]
    assert "2 films are in the trash." in press("trash", all="1", q="a")
    assert shown(client, "/app/library") == [sea.public_id]
    assert "No film was chosen." in press("trash")
    assert (
        client.post("/app/library/bulk", {"action": "x", "film": sea.public_id}).status_code == 404
    )
    stranger = browser_of(funded())
    for action in ("trash", "zip", "favourite"):
        sent = {"action": action, "film": sea.public_id}
        assert stranger.post("/app/library/bulk", sent).status_code == 404
    lowered(alice, Role.VIEWER)
    for action in ("trash", "favourite", "tag"):
        assert "Your role (viewer)" in press(action, sea, tags="mine")
    assert (again(sea).favourite, again(sea).tags) == (False, ["blue", "Wind"])
    assert again(sea).trashed_at is None


def test_to_throw_away_very_many_their_number_is_typed(
    alice: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generations.views.library.bulk._SURE_ABOVE", 1)
    made, client = films(alice, "a kite", "a boat"), browser_of(alice)
    sent: dict[str, Any] = {"action": "trash", "film": ids(made)}
    assert "Type 2 to go on" in client.post("/app/library/bulk", sent).content.decode()
    assert client.post("/app/library/bulk", sent | {"sure": "3"}).status_code == 422
    assert len(shown(client, "/app/library")) == 2
    client.post("/app/library/bulk", sent | {"sure": "2"})
    assert shown(client, "/app/library") == []
    films(alice, "a kite", "a boat")
    with override_settings(LIBRARY_BULK_MAX=1):
        page = client.post("/app/library/bulk", {"action": "favourite", "all": "1"}, follow=True)
    assert "More than 1 films match: narrow the search down." in page.content.decode()
    assert shown(client, "/app/library?q=is:fav") == []


def test_films_are_downloaded_as_one_file_with_lists_of_them(
    alice: Customer,
) -> None:
    kite, lost = films(alice, "=1+1 a kite", "a boat")
    storage.remove(lost.key)
    client = browser_of(alice)
    sent = {"action": "zip", "film": ids([kite, lost])}
    answer = client.post("/app/library/bulk", sent)
    assert isinstance(answer, StreamingHttpResponse)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(cast("Iterator[bytes]", answer))))
    assert archive.testzip() is None
    names = archive.namelist()
    assert names == [f"11-a-kite-{kite.generation.public_id}.mp4", "manifest.json", "manifest.csv"]
    with storage.open_file(kite.key) as stored_file:
        assert archive.read(names[0]) == stored_file.read()
    first, second = json.loads(archive.read("manifest.json"))
    assert (first["prompt"], first["input"]["prompt"]) == ("=1+1 a kite", "=1+1 a kite")
    assert (second["file"], second["id"]) == ("", lost.public_id)
    rows = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode("utf-8-sig"))))
    assert [row["prompt"] for row in rows] == ["'=1+1 a kite", "a boat"]
    with override_settings(ZIP_MAX_FILMS=1):
        page = client.post("/app/library/bulk", sent, follow=True).content.decode()
    assert "One ZIP file has at most 1 films" in page
