"""Signed links to stored films: whom they open for, how long, and in which pieces."""

from __future__ import annotations

import io
import secrets
import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.core.signing import Signer
from django.utils import timezone

from generations import presenting, storage
from generations.models import Generation
from tests.waiting import until

CONTENT = bytes(range(256)) * 1000
TOTAL = 256_000


@pytest.fixture(scope="module")
def key() -> str:
    """A stored file of 256,000 bytes."""
    name = f"films/test/{secrets.token_hex(8)}.mp4"
    storage.put(name, io.BytesIO(CONTENT))
    return name


@pytest.fixture(scope="module")
def link(key: str) -> str:
    """A good address of it."""
    return storage.link(key)


def get(address: str, wanted: str | bytes = "", method: str = "GET") -> requests.Response:
    headers = {"Range": wanted} if wanted else {}
    return requests.request(method, address, headers=headers, timeout=60)


def signed(site: str, key: str, expires: str) -> str:
    token = Signer(salt="media").signature(f"{key}:{expires}")
    return f"{site}/media/{key}?expires={expires}&sig={token}"


def test_a_good_link_gives_the_whole_film_and_nothing_may_guess_its_type(link: str) -> None:
    answer = get(link)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Length"] == "256000"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-99", 0, 99),
        ("bytes=0-0", 0, 0),
        ("bytes=100000-199999", 100_000, 199_999),
        ("bytes=255900-", 255_900, 255_999),
        ("bytes=0-", 0, 255_999),
        ("bytes=-500", 255_500, 255_999),
        ("bytes=-9999999", 0, 255_999),
        ("bytes=255000-9999999", 255_000, 255_999),
        ("BYTES = 5 - 9", 5, 9),
    ],
)
def test_a_range_gives_exactly_its_bytes(link: str, wanted: str, first: int, last: int) -> None:
    answer = get(link, wanted)
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/256000"
    assert answer.headers["Content-Length"] == str(last - first + 1)
    assert answer.content == CONTENT[first : last + 1]


@pytest.mark.parametrize(
    "wanted", ["bytes=256000-", "bytes=300000-400000", "bytes=-0", "bytes=9-5"]
)
def test_a_range_outside_the_film_is_416_and_says_how_long_it_is(link: str, wanted: str) -> None:
    answer = get(link, wanted)
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["Content-Range"] == "bytes */256000"


@pytest.mark.parametrize(
    "wanted",
    ["bytes=", "bytes=-", "bytes=a-b", "bytes=5", "bytes=--5", "bytes", "lines=0-5",
     "bytes=0-5,10-15", b"bytes=\xb2-", "bytes=0x1-9"],
)  # fmt: skip
def test_what_is_not_a_range_we_serve_gives_the_whole_film(link: str, wanted: str) -> None:
    answer = get(link, wanted)
    assert (answer.status_code, len(answer.content)) == (200, TOTAL)


def test_head_tells_the_same_and_sends_nothing(link: str) -> None:
    whole, part = get(link, method="HEAD"), get(link, "bytes=0-99", "HEAD")
    assert (whole.status_code, whole.headers["Content-Length"], whole.content) == (
        200,
        "256000",
        b"",
    )
    assert part.headers["Content-Range"] == "bytes 0-99/256000"
    assert get(link, method="POST").status_code == 405


def test_a_link_ends_when_it_says(site: str, key: str) -> None:
    now = int(time.time())
    assert get(signed(site, key, str(now + 60))).status_code == 200
    assert get(signed(site, key, str(now - 1))).status_code == 404
    assert get(signed(site, key, "never")).status_code == 404


def test_a_link_lives_between_its_seconds_and_five_minutes_more(link: str) -> None:
    left = int(parse_qs(urlsplit(link).query)["expires"][0]) - time.time()
    assert 3600 - 2 < left <= 3900
    assert storage.link_expires_at(link) == int(parse_qs(urlsplit(link).query)["expires"][0])


def test_a_link_ends_with_what_it_leads_to(key: str) -> None:
    ends = timezone.now() + timedelta(seconds=3)
    short = storage.link(key, until=ends)
    assert storage.link_expires_at(short) == int(ends.timestamp())
    assert get(short).status_code == 200
    until(lambda: get(short).status_code == 404, what="the end of the link")
    assert storage.link(key, until=timezone.now() + timedelta(days=1)) == storage.link(key)


def test_a_changed_link_opens_nothing(site: str, key: str, link: str) -> None:
    other = "films/test/other.mp4"
    storage.put(other, io.BytesIO(b"other"))
    expires = parse_qs(urlsplit(link).query)["expires"][0]
    flipped = link[:-1] + ("A" if link[-1] != "A" else "B")
    for address in (
        flipped,
        link.replace(key, other),
        link.replace(f"expires={expires}", f"expires={int(expires) + 1}"),
        link.partition("&sig=")[0],
        f"{site}/media/{key}",
        f"{site}/media/{key}?expires=&sig=",
    ):
        answer = get(address)
        assert answer.status_code == 404, address
        assert CONTENT[:100] not in answer.content


def test_a_named_link_is_saved_under_its_name_and_under_no_other(key: str, link: str) -> None:
    named = storage.link(key, name="gen_1.mp4")
    assert get(named).headers["Content-Disposition"] == 'inline; filename="gen_1.mp4"'
    assert "Content-Disposition" not in get(link).headers
    for address in (
        named.replace("gen_1", "gen_2"), named.replace("&name=gen_1.mp4", ""), f"{link}&name=x",
    ):  # fmt: skip
        assert get(address).status_code == 404
    assert storage.link_expires_at(named) == storage.link_expires_at(link)


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("A fox, in fresh snow; it looks up at us.", "a-fox-in-fresh-snow-it-gen_1.mp4"),
        ("Café “Zürich”\r\n../x", "cafe-zurich-x-gen_1.mp4"),
        ("雪の中の狐", "gen_1.mp4"),
        ("a" * 100, f"{'a' * 48}-gen_1.mp4"),
    ],
)
def test_a_download_is_named_by_its_first_words_and_its_id(prompt: str, name: str) -> None:
    film = Generation(public_id="gen_1", params={"prompt": prompt})
    assert presenting.file_name(film, "mp4") == name


def test_a_good_link_to_a_file_that_is_gone_is_404(site: str) -> None:
    assert get(storage.link("films/test/never-was.mp4")).status_code == 404


def test_a_signature_does_not_open_what_lies_beside_the_films(site: str) -> None:
    for key in ("../local.env", "films/../../local.env", "/etc/passwd"):
        prepared = requests.Request("GET", site).prepare()
        prepared.url = signed(site, key, str(int(time.time()) + 60))  # requests would tidy it
        answer = requests.Session().send(prepared, timeout=60)
        assert answer.status_code in (400, 404), (key, answer.status_code)
        assert b"SECRET_KEY" not in answer.content
