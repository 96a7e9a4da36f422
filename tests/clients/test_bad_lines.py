"""The Python client on a bad line: every order is one film and one charge, every file whole."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kling_saas_client import (
    APIError,
    AsyncClient,
    Client,
    ConnectionFailed,
    DownloadFailed,
    Generation,
    NotFound,
    RateLimited,
    ServerError,
    StillUnderWay,
    UnexpectedAnswer,
)
from tests.clients.cutting import (
    ASKED,
    BUSY,
    CHATTY,
    EMPTY,
    GARBLED,
    GONE,
    HALF,
    LATER,
    LOST,
    MANY,
    OTHER,
    SILENT,
    UNSENT,
    Line,
    bad_line,
)
from tests.generations.programs import FILM, Program, available, native
from tests.people import Customer

ORDER = "POST /api/v1/generations$"
MEDIA = "GET /media/"
NEVER = {**FILM, "prompt": "A boat fail:never"}
Make = Callable[..., Generation[Any]]


@pytest.fixture
def line(site: str) -> Iterator[Line]:
    with bad_line(site) as this:
        yield this


@pytest.fixture
def client(line: Line, alice: Customer) -> Iterator[Client]:
    """Hers, over the bad line."""
    with Client(alice.test_key, line.address) as made:
        yield made


@pytest.fixture(params=["threads", "asyncio"])
def make(request: pytest.FixtureRequest, line: Line, alice: Customer) -> Make:
    """`create_and_wait` of either client."""

    async def in_a_loop(**order: Any) -> Generation[Any]:
        async with AsyncClient(alice.test_key, line.address) as client:
            return await client.generations.create_and_wait(**order)

    def in_a_thread(**order: Any) -> Generation[Any]:
        with Client(alice.test_key, line.address) as client:
            return client.generations.create_and_wait(**order)

    if request.param == "threads":
        return in_a_thread
    return lambda **order: asyncio.run(in_a_loop(**order))


@pytest.mark.parametrize(
    "faults", [[LOST], [LOST, LOST, UNSENT], [BUSY, LOST], [MANY, HALF], [HALF, BUSY, UNSENT]]
)
def test_an_order_whose_reply_is_lost_is_one_film_and_one_charge(
    make: Make, api: Program, alice: Customer, line: Line, faults: list[str]
) -> None:
    line.strike(ORDER, *faults)
    made = make(**FILM)
    assert (made.status, made.credits.charged) == ("succeeded", 10)
    assert [each["id"] for each in api.get("/generations").json()["data"]] == [made.id]
    assert available(alice) == 10_000 - 10
    tries = line.of(ORDER)
    assert len(tries) == len(faults) + 1
    assert len({each.headers["idempotency-key"] for each in tries}) == 1
    assert ["prefer" in each.headers for each in tries] == [True] + [False] * len(faults)


def test_a_wait_outlives_streams_that_break_and_servers_that_are_away(
    make: Make, alice: Customer, line: Line
) -> None:
    told: list[str] = []
    line.strike("GET .*/events$", HALF, BUSY, LOST, UNSENT, MANY, HALF)
    line.strike("GET /api/v1/generations/gen_[^/]*$", BUSY, BUSY, UNSENT, HALF, BUSY, LOST)
    made = make(**FILM, tell=lambda news: told.append(news.type))
    assert made.succeeded
    assert told[-1] == "generation.succeeded"
    assert len(line.of("GET .*/events$")) > 1  # the first was broken
    assert available(alice) == 10_000 - 10


@pytest.mark.parametrize(
    ("asked", "fault"), [("/events$", CHATTY), ("/events$", SILENT), ("", SILENT), ("", LATER)]
)
def test_a_wait_ends_in_its_time_whatever_the_line_says(
    client: Client, line: Line, asked: str, fault: str
) -> None:
    made = client.generations.create(**NEVER)
    line.strike(f"GET .*{asked}", *[fault] * 99)
    began = time.monotonic()
    with pytest.raises(StillUnderWay):
        made.wait(timeout=3)
    assert time.monotonic() - began < 10


def test_many_that_wait_at_once_keep_nobody_from_asking() -> None:
    many = 150
    all_came = asyncio.Event()
    held: list[asyncio.StreamWriter] = []

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        if len(held) == many:
            all_came.set()

    async def story() -> None:
        site = await asyncio.start_server(hold, "127.0.0.1")
        address = f"http://127.0.0.1:{site.sockets[0].getsockname()[1]}"
        async with AsyncClient("ksk_test_x", address) as client, asyncio.timeout(30):
            asked = [asyncio.create_task(client.wallet.get()) for _ in range(many)]
            await all_came.wait()
            for each in asked:
                each.cancel()
            await asyncio.wait(asked)
        site.close()
        for writer in held:
            writer.close()

    asyncio.run(story())


def test_the_time_of_an_order_and_its_wait_is_one(client: Client) -> None:
    began = time.monotonic()
    with pytest.raises(StillUnderWay):
        client.generations.create_and_wait(**NEVER, timeout=10)
    assert 10 <= time.monotonic() - began < 18


def test_streams_that_end_as_they_begin_are_asked_for_ever_more_slowly(
    client: Client, line: Line
) -> None:
    made = client.generations.create(**NEVER)
    line.strike("GET .*/events$", *[EMPTY] * 99)
    with pytest.raises(StillUnderWay):
        made.wait(timeout=8)
    assert 2 < len(line.of("GET .*/events$")) < 10


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(make: Make, line: Line) -> None:
    line.strike("GET .*/events$", LATER)
    assert make(**FILM, tell=lambda _: None).succeeded
    refused, after = line.of("GET /api/v1/generations/gen_")[:2]
    assert after.at - refused.at >= ASKED


def test_events_that_never_come_are_told_after_the_last_try(client: Client, line: Line) -> None:
    made = client.generations.create(**NEVER)
    line.strike("GET .*/events$", *[EMPTY] * 99)
    with pytest.raises(ConnectionFailed, match="ended before it did"):
        list(client.generations.events(made.id))
    assert len(line.of("GET .*/events$")) == 5


def test_events_are_read_on_where_they_broke(client: Client, line: Line) -> None:
    made = client.generations.create(**FILM)
    line.strike("GET .*/events$", HALF, BUSY, UNSENT)
    told = [news for news in client.generations.events(made.id) if news.id]
    assert [news.status for news in told] == ["queued", "processing", "succeeded"]
    assert told[-1].generation
    assert told[-1].generation["status"] == "succeeded"
    assert "last-event-id" in line.of("GET .*/events$")[-1].headers


def test_a_key_whose_reply_is_lost_is_one_key_with_a_secret_that_opens(
    client: Client, api: Program, line: Line
) -> None:
    line.strike("POST /api/v1/keys", LOST, BUSY)
    made = client.keys.create("a program's")
    names = [each["name"] for each in api.get("/keys").json()["data"]]
    assert names.count("a program's") == 1
    line.strike("POST /api/v1/keys/.*/rotate$", LOST)
    rotated = client.keys.rotate(made.id)
    for each in (made, rotated):
        assert each.secret
        with Client(each.secret, line.address) as opened:
            assert opened.wallet.get().livemode is False


def test_what_is_not_safe_is_sent_once_and_the_error_says_so(client: Client, line: Line) -> None:
    line.strike("POST /api/v1/tokens$", LOST)
    with pytest.raises(ConnectionFailed) as lost:
        client.tokens.create("bob")
    assert lost.value.idempotency_key is None
    assert len(line.of("POST /api/v1/tokens$")) == 1
    line.strike("POST /api/v1/tokens$", BUSY)
    with pytest.raises(ServerError):
        client.tokens.create("bob")
    line.strike("POST /api/v1/tokens$", MANY)  # refused for its number, so it was not carried out
    assert client.tokens.create("bob").end_user == "bob"


def test_after_the_last_try_the_key_of_the_order_is_told(
    client: Client, alice: Customer, line: Line
) -> None:
    line.strike(ORDER, LOST, *[UNSENT] * 4)
    with pytest.raises(ConnectionFailed) as lost:
        client.generations.create(**FILM)
    assert alice.test_key not in repr(lost.value)
    again = client.generations.create(**FILM, idempotency_key=lost.value.idempotency_key)
    assert [each.id for each in client.generations.list()] == [again.id]
    assert len(line.of(ORDER)) == 6


def test_a_file_that_breaks_off_is_taken_up_where_it_broke(
    client: Client, line: Line, tmp_path: Path
) -> None:
    made = client.generations.create_and_wait(**FILM)
    assert made.video
    line.strike(MEDIA, HALF, GONE, UNSENT)
    done: list[int] = []
    place = made.download(tmp_path / "a.mp4", progress=lambda size, whole: done.append(size))
    assert hashlib.sha256(place.read_bytes()).hexdigest() == made.video.sha256
    assert done == sorted(done)
    tries = line.of(MEDIA)
    assert len(tries) == 4
    assert "range" not in tries[0].headers
    assert tries[1].headers["range"] == tries[3].headers["range"] != "bytes=0-"
    assert all("authorization" not in each.headers for each in tries)


def test_a_file_that_is_another_never_takes_its_place(
    client: Client, line: Line, tmp_path: Path
) -> None:
    made = client.generations.create_and_wait(**FILM)
    place = tmp_path / "a.mp4"
    place.write_bytes(b"an older film")
    line.strike(MEDIA, *[OTHER] * 5)
    with pytest.raises(DownloadFailed):
        made.download(place)
    assert [each.name for each in tmp_path.iterdir()] == ["a.mp4"]
    assert place.read_bytes() == b"an older film"
    made.download(place)
    assert b"ftyp" in place.read_bytes()[:12]


def test_a_deletion_whose_reply_is_lost_is_done(client: Client, line: Line, photo: bytes) -> None:
    upload = client.uploads.create(photo)
    line.strike("DELETE ", LOST)
    client.uploads.delete(upload.id)
    with pytest.raises(NotFound):
        client.uploads.delete(upload.id)


def test_a_limit_of_requests_is_told_with_the_time_to_wait(
    site: str, client: Client, line: Line
) -> None:
    slow = client.keys.create("slow", {"requests_per_minute": 1, "scopes": ["read"]})
    assert slow.secret
    with Client(slow.secret, line.address, max_retries=0) as other:
        list(other.generations.list())
        with pytest.raises(RateLimited) as limited:
            list(other.generations.list())
    assert limited.value.retry_after
    assert 0 < limited.value.retry_after <= 60
    assert native(site, slow.secret).get("/generations").status_code == 429


def test_an_answer_that_cannot_be_read_is_a_lost_one(client: Client, line: Line) -> None:
    line.strike("GET /api/v1/wallet", GARBLED)
    assert client.wallet.get().available == 10_000
    line.strike("GET /api/v1/wallet", *[GARBLED] * 5)
    with pytest.raises(ConnectionFailed):
        client.wallet.get()


def test_a_page_of_a_proxy_is_an_error_too(client: Client, line: Line) -> None:
    line.strike("GET /api/v1/wallet", *[BUSY] * 5)
    with pytest.raises(APIError) as busy:
        client.wallet.get()
    assert (busy.value.status, busy.value.code, busy.value.violations) == (503, "http_503", [])
    assert busy.value.retry_after == 0  # as its header says


def test_an_address_without_the_api_is_told(client: Client, line: Line, alice: Customer) -> None:
    line.strike("GET /api/v1/wallet", GONE)
    with pytest.raises(UnexpectedAnswer, match=f"no Kling SaaS at {line.address}, .*HTTP 404"):
        client.wallet.get()
    with (
        Client(alice.test_key, f"{line.address}/foo") as elsewhere,
        pytest.raises(UnexpectedAnswer, match=f"no Kling SaaS at {line.address}/foo, "),
    ):
        elsewhere.generations.create(**FILM)
