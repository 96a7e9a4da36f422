"""The library over the API: what is found, how it is narrowed down, labelled, and by whom."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import tenancy
from generations import terms
from generations.models import Video, VideoTerm
from tests.generations.orders import parked
from tests.generations.programs import FILM, Program, film_of, funded, native, settled
from tests.generations.reconciliation.test_files import aside
from tests.generations.test_retention import stored
from tests.people import Customer
from tests.waiting import until


@pytest.fixture(scope="module")
def alice() -> Customer:
    return funded()


@pytest.fixture(scope="module")
def api(site: str, alice: Customer) -> Program:
    return native(site, alice.test_key)


ORDERS: list[dict[str, Any]] = [
    {"prompt": "A red Kite over the dunes", "reference": "order 7"},
    {"prompt": "Two kites, one storm", "metadata": {"scene": "12", "of": "the storm"}},
    {"prompt": "夕方の猫が走る", "aspect_ratio": "9:16", "mode": "pro"},
    {"prompt": "A café in Çeşme", "model": "kling-v1-6", "metadata": {"a": "b=c"}},
]


@pytest.fixture(scope="module")
def films(api: Program, alice: Customer) -> list[str]:
    """Their ids, oldest first."""
    return [
        film_of(
            settled(api, api.post("/generations", {**FILM, **order}).json()["id"])["id"]
        ).public_id
        for order in ORDERS
    ]


def found(api: Program, **asked: str) -> list[str]:
    answer = api.get("/videos", params=asked)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["data"]]


def patch(api: Program, path: str, **body: Any) -> Any:
    return api.http.patch(api.root + path, json=body, timeout=60)


def test_films_are_listed_newest_first_in_pages(api: Program, films: list[str]) -> None:
    first = api.get("/videos", params={"limit": "3"}).json()
    rest = api.get("/videos", params={"limit": "3", "after": first["next"]}).json()
    assert [each["id"] for each in (*first["data"], *rest["data"])] == films[::-1]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    whole = api.get(f"/videos/{films[0]}").json()
    assert whole == {**first["data"][0], **rest["data"][0], **links_of(whole)}
    made = api.get(f"/generations/{whole['generation']}").json()
    assert (whole["input"], whole["sha256"]) == (made["input"], made["video"]["sha256"])
    assert whole["credits"] == {"quoted": 10, "charged": 10}
    assert api.get(f"/videos/{whole['generation']}").json()["id"] == whole["id"]


def links_of(film: dict[str, Any]) -> dict[str, Any]:
    """Links are made anew at each read."""
    names = ("url", "expires_at", "poster_url", "preview_url")
    return {name: film[name] for name in names}


@pytest.mark.parametrize(
    ("asked", "which"),
    [
        ({"q": "kite"}, {0, 1}),  # the beginning of a word, in any case
        ({"q": "KITES storm"}, {1}),  # all of them
        ({"q": "ite"}, set()),  # not its middle
        ({"q": "猫"}, {2}),  # words that are not written apart
        ({"q": "走る"}, {2}),
        ({"q": "猫走"}, set()),
        ({"q": "çeşme CAFÉ"}, {3}),
        ({"q": "a"}, {0, 3}),  # short ones whole
        ({"q": "%"}, {0, 1, 2, 3}),  # no word, no condition
        ({"model": "kling-v1-6"}, {3}),
        ({"kind": "text2video", "mode": "std", "q": "kite"}, {0, 1}),
        ({"mode": "pro"}, {2}),
        ({"aspect_ratio": "9:16"}, {2}),
        ({"door": "native"}, {0, 1, 2, 3}),
        ({"door": "kling"}, set()),
        ({"reference": "order 7"}, {0}),
        ({"metadata[scene]": "12"}, {1}),
        ({"metadata[scene]": "12", "metadata[of]": "the sea"}, set()),
        ({"metadata[a]": "b=c"}, {3}),
        ({"metadata[a=b]": "c"}, set()),
        ({"from": "2000-01-01", "to": "2100-01-01"}, {0, 1, 2, 3}),
        ({"to": "2026-01-01"}, set()),
        ({"favourite": "true"}, set()),
        ({"trashed": "true"}, set()),
    ],
)
def test_filters_narrow_it_down(
    api: Program, films: list[str], asked: dict[str, str], which: set[int]
) -> None:
    assert set(found(api, **asked)) == {films[n] for n in which}


@pytest.mark.parametrize(
    "asked",
    [{"favourite": "yes"}, {"q": "x" * 201}, {"colour": "red"}, {"from": "yesterday"},
     {"limit": "0"}, {"metadata[a]": "x" * 501}, {"mode": "a\nb"}],
)  # fmt: skip
def test_a_filter_that_is_none_is_refused(api: Program, asked: dict[str, str]) -> None:
    answer = api.get("/videos", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_a_film_is_labelled_and_found_by_its_labels(api: Program, films: list[str]) -> None:
    film = films[0]
    told = patch(api, f"/videos/{film}", title=" Dunes at noon ", tags=["Spring", "spot", "Spring"])
    assert (told.json()["title"], told.json()["tags"]) == ("Dunes at noon", ["Spring", "spot"])
    assert patch(api, f"/videos/{film}", favourite=True).json()["title"] == "Dunes at noon"
    assert found(api, q="noon") == found(api, q="spring kite") == found(api, favourite="true")
    assert found(api, q="noon") == [film]
    assert patch(api, f"/videos/{film}", title=None, tags=[]).json()["favourite"] is True
    assert found(api, q="noon") == []
    assert found(api, q="dunes") == [film]
    patch(api, f"/videos/{film}", favourite=False)
    wrong = patch(
        api, f"/videos/{film}", title="x" * 201, tags=["a"] * 21, favourite="yes", colour="red"
    )
    fields = {each["field"] for each in wrong.json()["violations"]}
    assert (wrong.status_code, fields) == (422, {"title", "tags", "favourite", "colour"})
    (bad,) = patch(api, f"/videos/{film}", tags=["fine", "x" * 41]).json()["violations"]
    assert bad["field"] == "tags[1]"


def test_two_labels_written_at_once_are_both_found(
    api: Program, alice: Customer, films: list[str]
) -> None:
    place = f"/videos/{films[2]}"
    labels: list[dict[str, Any]] = [{"title": "Evening"}, {"tags": ["cats"]}]
    with tenancy.scope(alice.organisation.pk):
        Video.objects.select_for_update().get(public_id=films[2])
        written = [aside(lambda more=more: patch(api, place, **more)) for more in labels]
        until(lambda: waiting_for_a_lock() == 2, what="both at the film's row")
    assert [each.result(30).status_code for each in written] == [200, 200]
    told = api.get(place).json()
    assert (told["title"], told["tags"]) == ("Evening", ["cats"])
    assert found(api, q="evening") == found(api, q="cats") == [films[2]]
    patch(api, place, title=None, tags=[])


def waiting_for_a_lock() -> int:
    """How many wait for what this test's transaction holds, or for each other behind it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted "
            "AND cardinality(pg_blocking_pids(pid)) > 0"
        )
        return int(cursor.fetchone()[0])


def test_many_are_changed_at_once_or_none(api: Program, films: list[str]) -> None:
    def bulk(action: str, ids: list[str], **more: str) -> Any:
        return api.post("/videos/bulk", {"ids": ids, "action": action, **more})

    assert [each["favourite"] for each in bulk("favourite", films).json()["data"]] == [True] * 4
    assert bulk("unfavourite", films).status_code == 200
    assert found(api, favourite="true") == []
    missing = bulk("trash", [films[0], "vid_nobodys"])
    assert (missing.status_code, "vid_nobodys" in missing.json()["detail"]) == (404, True)
    assert bulk("trash", films[:2]).status_code == 200
    assert found(api) == films[:1:-1]
    assert found(api, trashed="true") == films[1::-1]
    assert bulk("restore", films[:2]).status_code == 200
    shelf = api.post("/collections", {"name": "Kites"}).json()["id"]
    assert bulk("add_to", films[:2], collection=shelf).json()["data"][0]["collections"] == [shelf]
    assert found(api, collection=shelf) == films[1::-1]
    assert bulk("remove_from", films[:1], collection=shelf).status_code == 200
    assert found(api, collection=shelf) == films[1:2]
    wrong = api.post("/videos/bulk", {"ids": [], "action": "add_to"}).json()["violations"]
    assert {each["field"] for each in wrong} == {"ids", "collection"}
    for ids, action in ((films * 26, "trash"), (films, "explode"), ("all", "trash")):
        assert bulk(action, ids).status_code == 422  # type: ignore[arg-type]


def test_a_page_takes_as_many_questions_for_many_films_as_for_one(
    alice: Customer, films: list[str]
) -> None:
    browser = Client(headers={"authorization": f"Bearer {alice.test_key}", "host": "localhost"})

    def questions(limit: int) -> int:
        with CaptureQueriesContext(connection) as asked:
            answer = browser.get(f"/api/v1/videos?limit={limit}")
        assert len(json.loads(answer.content)["data"]) == limit
        return len(asked)

    questions(1)
    assert questions(1) == questions(4) <= 10


def test_what_is_removed_is_looked_for_no_more(api: Program, alice: Customer) -> None:
    row = stored(alice, parked(alice, prompt="An owl"))
    assert found(api, q="owl") == [row.public_id]
    assert api.http.delete(f"{api.root}/videos/{row.public_id}", timeout=60).status_code == 200
    assert found(api, q="owl") == []
    assert found(api, q="owl", trashed="true") == [row.public_id]
    api.post(f"/generations/{row.generation.public_id}/cancel")
    gone = api.http.delete(f"{api.root}/videos/{row.public_id}?permanently=true", timeout=60)
    assert gone.status_code == 200, gone.text
    assert api.get(f"/videos/{row.public_id}").status_code == 410
    with tenancy.scope(row.organisation_id):
        assert not VideoTerm.objects.filter(video=row).exists()
        assert Video.objects.filter(pk=row.pk).exists()


def test_nobody_else_and_not_the_other_mode_sees_it(
    site: str, alice: Customer, films: list[str]
) -> None:
    for key in (funded("mallory").test_key, alice.live_key):
        other = native(site, key)
        assert found(other) == found(other, q="kite") == []
        for path in (f"/videos/{films[0]}", f"/videos?after={films[0]}"):
            assert other.get(path).status_code == 404
        assert patch(other, f"/videos/{films[0]}", title="Mine").status_code == 404
        bulk = other.post("/videos/bulk", {"ids": films[:1], "action": "favourite"})
        assert bulk.status_code == 404


LETTERS = "".join(chr(0x4E00 + n) for n in range(2500))  # of a script without blanks


@pytest.mark.parametrize(
    ("prompt", "last"),
    [(" ".join(f"w{n:03}" for n in range(500)), "w499"), (LETTERS, LETTERS[-2:])],
)
def test_a_film_is_found_by_its_title_and_tags_and_by_the_end_of_the_longest_prompt(
    alice: Customer, api: Program, prompt: str, last: str
) -> None:
    row = stored(alice, parked(alice, prompt=prompt, model="kling-v2-5-turbo"))
    told = patch(api, f"/videos/{row.public_id}", title="Quay at dawn", tags=["harbour"])
    assert told.status_code == 200, told.text
    for words in ("quay dawn", "harbour", last, f"{last} quay harbour"):
        assert found(api, q=words) == [row.public_id]
    assert found(api, q=f"{last} nowhere") == []
    trash = api.http.delete(f"{api.root}/videos/{row.public_id}", timeout=60)
    assert trash.status_code == 200


def test_words_of_a_text_without_end_are_kept_up_to_a_number() -> None:
    order = {"model": "kling-v1", "prompt": " ".join(f"word{n}" for n in range(9000)) + "x" * 99}
    film, made = Video(title="Dunes", tags=["spring"]), stored_order(order)
    kept = terms.of(film, made)
    assert len([term for term in kept if term.startswith("w:")]) == 6_600
    assert {"w:dunes", "w:spring", "w:word0", "tag:spring"} <= kept
    assert max(map(len, kept)) <= 64


def test_a_search_asks_for_each_word_once_and_for_a_number_of_them(
    api: Program, films: list[str]
) -> None:
    assert found(api, q="kite " * 40) == found(api, q="kite")
    assert found(api, q="k ki kit kite") == []
    assert found(api, q="kit kite kites") == films[1:2]
    many = " ".join(chr(97 + n % 26) + chr(97 + n // 26) for n in range(66))
    assert found(api, q=many[: 3 * 24]) == []
    for words in (many, LETTERS[:60]):
        refused = api.get("/videos", params={"q": words})
        assert refused.status_code == 422
        (told,) = refused.json()["violations"]
        assert (told["field"], "at most 24" in told["message"]) == ("q", True)


def stored_order(params: dict[str, Any]) -> Any:
    from generations.models import Generation

    return Generation(model="kling-v1", kind="text2video", params=params, door="native", credits=10)
