"""The JavaScript client on a bad line: every order is one film and one charge, every file whole."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.cutting import (
    ASKED,
    BUSY,
    CHATTY,
    EMPTY,
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
from tests.clients.javascript import Node
from tests.generations.programs import FILM, Program, available, settled
from tests.people import Customer

ORDER = "POST /api/v1/generations$"
MEDIA = "GET /media/"
NEVER = {**FILM, "prompt": "A boat fail:never"}
MAKE = "const film = await client.generations.createAndWait(given.film); return film;"


@pytest.fixture
def line(site: str) -> Iterator[Line]:
    with bad_line(site) as this:
        yield this


@pytest.fixture
def node(tmp_path: Path, line: Line, alice: Customer) -> Node:
    """Hers, over the bad line."""
    return Node(tmp_path, alice.test_key, line.address)


@pytest.mark.parametrize(
    "faults", [[LOST], [LOST, LOST, UNSENT], [BUSY, LOST], [MANY, HALF], [HALF, BUSY, UNSENT]]
)
def test_an_order_whose_reply_is_lost_is_one_film_and_one_charge(
    node: Node, api: Program, alice: Customer, line: Line, faults: list[str]
) -> None:
    line.strike(ORDER, *faults)
    made = node.told(MAKE, film=FILM)
    assert (made["status"], made["credits"]["charged"]) == ("succeeded", 10)
    assert [each["id"] for each in api.get("/generations").json()["data"]] == [made["id"]]
    assert available(alice) == 10_000 - 10
    tries = line.of(ORDER)
    assert len(tries) == len(faults) + 1
    assert len({each.headers["idempotency-key"] for each in tries}) == 1
    assert ["prefer" in each.headers for each in tries] == [True] + [False] * len(faults)


def test_many_orders_whose_reply_is_lost_are_made_once(
    node: Node, alice: Customer, line: Line
) -> None:
    line.strike("POST /api/v1/generations/batch$", LOST, HALF)
    batch = "return await client.generations.batch([given.film, given.film]);"
    told = node.told(batch, film=FILM)
    assert [each["replayed"] for each in told["data"]] == [True, True]
    assert available(alice) == 10_000 - 20


def test_a_wait_outlives_streams_that_break_and_servers_that_are_away(
    node: Node, alice: Customer, line: Line
) -> None:
    line.strike("GET .*/events$", HALF, BUSY, LOST, UNSENT, MANY, HALF)
    line.strike("GET /api/v1/generations/gen_[^/]*$", BUSY, BUSY, UNSENT, HALF, BUSY, LOST)
    made = node.told(MAKE.replace("given.film)", "given.film, { tell() {} })"), film=FILM)
    assert made["status"] == "succeeded"
    assert available(alice) == 10_000 - 10


def test_the_time_of_a_wait_is_its_time_whatever_the_line_says(node: Node, line: Line) -> None:
    awaited = """
        const made = await client.generations.create(given.film);
        const began = performance.now();
        const over = await thrown(() => made.wait({ timeout: 3000 }));
        return [over.name, performance.now() - began];
    """
    for asked, fault in (("/events$", CHATTY), ("", SILENT), ("", LATER)):
        line.strike(f"GET .*{asked}", *[fault] * 99)
        name, took = node.told(awaited, film=NEVER)
        assert name == "StillUnderWay"
        assert took < 10_000
        line.faults.clear()
    both = """
        const began = performance.now();
        const order = () => client.generations.createAndWait(given.film, { timeout: 10_000 });
        return [(await thrown(order)).name, performance.now() - began];
    """
    name, took = node.told(both, film=NEVER)
    assert name == "StillUnderWay"
    assert 10_000 <= took < 18_000


def test_streams_that_end_as_they_begin_are_asked_for_ever_more_slowly(
    node: Node, line: Line
) -> None:
    line.strike("GET .*/events$", *[EMPTY] * 99)
    told = node.told(
        """
        const made = await client.generations.create(given.film);
        const over = await thrown(() => made.wait({ timeout: 8000 }));
        return [over.name, (await thrown(() => all(client.generations.events(made.id)))).name];
        """,
        film=NEVER,
    )
    assert told == ["StillUnderWay", "ConnectionFailed"]
    assert 2 + 5 < len(line.of("GET .*/events$")) < 10 + 5


def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(node: Node, line: Line) -> None:
    line.strike("GET .*/events$", LATER)
    make = MAKE.replace("given.film)", "given.film, { tell() {} })")
    assert node.told(make, film=FILM)["status"] == "succeeded"
    refused, after = line.of("GET /api/v1/generations/gen_")[:2]
    assert after.at - refused.at >= ASKED


def test_events_are_read_on_where_they_broke(node: Node, line: Line) -> None:
    line.strike("GET .*/events$", HALF, BUSY, UNSENT)
    told = node.told(
        """
        const made = await client.generations.create(given.film);
        return (await all(client.generations.events(made.id))).filter((news) => news.id);
        """,
        film=FILM,
    )
    assert [news["status"] for news in told] == ["queued", "processing", "succeeded"]
    assert told[-1]["generation"]["status"] == "succeeded"
    assert "last-event-id" in line.of("GET .*/events$")[-1].headers


def test_a_key_whose_reply_is_lost_is_one_key_with_a_secret_that_opens(
    node: Node, api: Program, line: Line
) -> None:
    line.strike("POST /api/v1/keys$", LOST, BUSY)
    line.strike("POST /api/v1/keys/.*/rotate$", LOST)
    opened = node.told(
        """
        const made = await client.keys.create({ name: "a program's" });
        const rotated = await client.keys.rotate(made.id);
        const open = ({ secret }) => client.with({ apiKey: secret }).wallet.get();
        return [await open(made), await open(rotated)];
        """
    )
    assert [each["livemode"] for each in opened] == [False, False]
    names = [each["name"] for each in api.get("/keys").json()["data"]]
    assert names.count("a program's") == 1


def test_what_is_not_safe_is_sent_once_and_the_error_says_so(node: Node, line: Line) -> None:
    create = 'client.tokens.create({ end_user: "bob" })'
    line.strike("POST /api/v1/tokens$", LOST, BUSY)
    errors = "return [await thrown(() => CREATE), await thrown(() => CREATE)].map((e) => e.name);"
    assert node.told(errors.replace("CREATE", create)) == ["ConnectionFailed", "ServerError"]
    assert len(line.of("POST /api/v1/tokens$")) == 2
    line.strike("POST /api/v1/tokens$", MANY)  # refused for its number, so it was not carried out
    assert node.told(f"return {create};")["end_user"] == "bob"


def test_after_the_last_try_the_key_of_the_order_is_told(
    node: Node, api: Program, alice: Customer, line: Line
) -> None:
    line.strike(ORDER, LOST, *[UNSENT] * 4)
    told = node.told(
        """
        const lost = await thrown(() => client.generations.create(given.film));
        const { idempotencyKey } = lost;
        const again = await client.generations.create(given.film, { idempotencyKey });
        return { name: lost.name, text: lost.stack, again };
        """,
        film=FILM,
    )
    assert told["name"] == "ConnectionFailed"
    assert alice.test_key not in told["text"]
    made = [each["id"] for each in api.get("/generations").json()["data"]]
    assert made == [told["again"]["id"]]
    assert len(line.of(ORDER)) == 6
    settled(api, made[0])
    assert available(alice) == 10_000 - 10


@pytest.mark.parametrize("way", ["download", "stream"])
def test_a_file_that_breaks_off_is_taken_up_where_it_broke(
    node: Node, line: Line, way: str
) -> None:
    line.strike(MEDIA, HALF, GONE, UNSENT)
    told = node.told(
        """
        const { createHash } = await import("node:crypto");
        const film = await client.generations.createAndWait(given.film);
        const done = [];
        const progress = (size) => done.push(size);
        const file = await film[given.way]({ progress });
        const bytes = Buffer.from(await new Response(file).arrayBuffer());
        return { film, done, sha256: createHash("sha256").update(bytes).digest("hex") };
        """,
        film=FILM, way=way,
    )  # fmt: skip
    assert told["sha256"] == told["film"]["video"]["sha256"]
    assert told["done"] == sorted(told["done"])
    tries = line.of(MEDIA)
    assert len(tries) == 4
    assert "range" not in tries[0].headers
    assert tries[1].headers["range"] == tries[3].headers["range"] != "bytes=0-"
    assert all("authorization" not in each.headers for each in tries)


def test_a_file_that_is_another_is_never_given(node: Node, line: Line) -> None:
    line.strike(MEDIA, *[OTHER] * 5)
    told = node.told(
        """
        const film = await client.generations.createAndWait(given.film);
        const refused = await thrown(() => film.download());
        const bytes = Buffer.from(await (await film.download()).arrayBuffer());
        return { name: refused.name, film, bytes: bytes.toString("base64") };
        """,
        film=FILM,
    )
    assert told["name"] == "DownloadFailed"
    came = hashlib.sha256(base64.b64decode(told["bytes"])).hexdigest()
    assert came == told["film"]["video"]["sha256"]


def test_a_deletion_whose_reply_is_lost_is_done(node: Node, line: Line, photo: bytes) -> None:
    line.strike("DELETE ", LOST)
    again = """
        const upload = await client.uploads.create(new Uint8Array(given.photo));
        await client.uploads.delete(upload.id);
        return (await thrown(() => client.uploads.delete(upload.id))).name;
    """
    assert node.told(again, photo=[*photo]) == "NotFound"


def test_limits_of_requests_and_pages_of_proxies_are_errors_too(node: Node, line: Line) -> None:
    line.strike("GET /api/v1/wallet", *[BUSY] * 5)
    told = node.told(
        """
        const busy = await thrown(() => client.wallet.get());
        const terms = { name: "slow", requests_per_minute: 1, scopes: ["read"] };
        const { secret } = await client.keys.create(terms);
        const other = new KlingSaaS({ apiKey: secret, maxRetries: 0 });
        await all(other.generations.list());
        const limited = await thrown(() => all(other.generations.list()));
        return { busy: [busy.name, busy.status, busy.code, busy.violations, busy.retryAfter],
                 limited: [limited.name, limited.retryAfter] };
        """
    )
    assert told["busy"] == ["ServerError", 503, "http_503", [], 0]
    assert told["limited"][0] == "RateLimited"
    assert 0 < told["limited"][1] <= 60


def test_an_address_without_the_api_is_told(node: Node, line: Line) -> None:
    line.strike("GET /api/v1/wallet", GONE)
    told = node.told(
        """
        const elsewhere = new KlingSaaS({ baseUrl: `${given.address}/foo` });
        return [
          await thrown(() => client.wallet.get()),
          await thrown(() => elsewhere.generations.create(given.film)),
        ].map(({ name, message }) => [name, message]);
        """,
        address=line.address,
        film=FILM,
    )
    assert [name for name, _ in told] == ["UnexpectedAnswer"] * 2
    assert f"no Kling SaaS at {line.address}, " in told[0][1]
    assert f"no Kling SaaS at {line.address}/foo, " in told[1][1]


def test_a_server_that_says_nothing_is_left_and_the_order_is_one(
    node: Node, api: Program, alice: Customer
) -> None:
    told = node.told(
        """
        let silent = 2;
        const fetch = async (url, asked) => {
          const answer = globalThis.fetch(url, asked);
          if (asked.method !== "POST" || silent-- <= 0) return answer;
          await (await answer).text(); // it was carried out, and nobody is told
          return new Promise((_, reject) => {
            asked.signal.addEventListener("abort", () => reject(asked.signal.reason));
          });
        };
        const hasty = new KlingSaaS({ fetch, timeout: 2000 });
        return await hasty.generations.create(given.film);
        """,
        film=FILM,
    )
    assert [each["id"] for each in api.get("/generations").json()["data"]] == [told["id"]]
    assert available(alice) == 10_000 - 10
