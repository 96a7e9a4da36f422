"""The JavaScript client orders films, waits for them and fetches them, and speaks to every part."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.clients.javascript import Node
from tests.generations.programs import FILM, Program, available
from tests.people import Customer


@pytest.fixture
def node(tmp_path: Path, site: str, alice: Customer) -> Node:
    return Node(tmp_path, alice.test_key, site)


def test_a_film_is_ordered_followed_waited_for_and_fetched(node: Node, alice: Customer) -> None:
    told = node.told(
        """
        const quote = await client.quotes.create(given.film);
        const news = [];
        const film = await client.generations.createAndWait(
          { ...given.film, quote_id: quote.id, reference: "R-1" },
          { tell: (each) => news.push(each.status) },
        );
        const progress = [];
        const blob = await film.download({ progress: (...both) => progress.push(both) });
        const streamed = await new Response(film.stream()).arrayBuffer();
        return {
          film, quote, news, last: progress.at(-1), size: blob.size, type: blob.type,
          same: Buffer.compare(Buffer.from(streamed), Buffer.from(await blob.arrayBuffer())) === 0,
          head: Buffer.from(streamed).subarray(4, 8).toString(),
          again: (await all(client.generations.events(film.id))).map((each) => each.status),
          left: (await client.wallet.get()).available,
        };
        """,
        film=FILM,
    )
    film = told["film"]
    assert (film["status"], film["reference"], film["credits"]["charged"]) == (
        "succeeded", "R-1", 10,
    )  # fmt: skip
    assert told["quote"]["credits"] == 10
    assert told["news"][-1] == "succeeded"
    assert told["again"] == ["queued", "processing", "succeeded"]
    size = film["video"]["bytes"]
    assert (told["last"], told["size"], told["type"]) == ([size, size], size, "video/mp4")
    assert (told["same"], told["head"]) == (True, "ftyp")
    assert told["left"] == available(alice) == 10_000 - 10


def test_many_at_once_and_many_in_one_call(node: Node, alice: Customer) -> None:
    told = node.told(
        """
        const orders = ["one", "two", "three"].map((prompt) => ({ ...given.film, prompt }));
        const made = await Promise.all(orders.map((each) => client.generations.create(each)));
        await Promise.all(made.map((each) => each.wait()));
        const batch = await client.generations.batch(
          [{ ...given.film, prompt: "four" }, { ...given.film, duration: 7 }], { max_cost: 20 },
        );
        await batch.data[0].generation.wait();
        const listed = await all(client.generations.list({ pageSize: 2, status: "succeeded" }));
        return { batch, listed: listed.length };
        """,
        film=FILM,
    )
    assert [each["status"] for each in told["batch"]["data"]] == ["accepted", "refused"]
    assert told["batch"]["data"][1]["problem"]["violations"][0]["field"] == "duration"
    assert (told["listed"], available(alice)) == (4, 10_000 - 40)


def test_what_fails_is_thrown_and_paid_back(node: Node, alice: Customer) -> None:
    told = node.told(
        """
        const failing = { ...given.film, prompt: "A boat fail:moderation" };
        const failed = await thrown(() => client.generations.createAndWait(failing));
        const kept = await failed.generation.wait({ check: false });
        const slow = await client.generations.create({ ...given.film, prompt: "fail:never" });
        const over = await thrown(() => slow.wait({ timeout: 1500 }));
        const early = await thrown(() => slow.download());
        return {
          failed: [failed.name, failed.code, kept.error.refund.credits],
          over: [over.name, over.generation.id === slow.id], early: [early.name, early.code],
        };
        """,
        film=FILM,
    )
    assert told["failed"] == ["GenerationFailed", "moderation", 10]
    assert told["over"] == ["StillUnderWay", True]
    assert told["early"] == ["Conflict", "not_ready"]
    assert available(alice) == 10_000 - 10  # of the one that goes on


def test_refusals_are_errors_with_all_that_was_told(
    node: Node, api: Program, alice: Customer
) -> None:
    told = node.told(
        """
        const shown = (error) => ({
          kinds: ["KlingError", "APIError", "InvalidRequest", "PermissionDenied", "CapExceeded"]
            .filter((kind) => error instanceof package_[kind]),
          ...error, text: String(error),
        });
        const create = (more) =>
          thrown(() => client.generations.create({ ...given.film, ...more }));
        return {
          wrong: shown(await create({ duration: 7, cfg_scale: 3 })),
          dear: shown(await create({ max_cost: 9 })),
          none: (await thrown(() => client.generations.get("gen_nobodys"))).name,
          dry: await client.generations.check({ ...given.film, mode: "pro" }),
        };
        """,
        film=FILM,
    )
    wrong = told["wrong"]
    assert {each["field"] for each in wrong["violations"]} == {"duration", "cfg_scale"}
    assert (wrong["status"], wrong["code"]) == (422, "invalid_request")
    assert wrong["kinds"] == ["KlingError", "APIError", "InvalidRequest"]
    assert wrong["requestId"] in wrong["text"]
    assert wrong["documentation"].endswith("/docs/errors#invalid_request")
    assert told["dear"]["kinds"] == ["KlingError", "APIError", "PermissionDenied", "CapExceeded"]
    assert told["none"] == "NotFound"
    assert (told["dry"]["credits"], told["dry"]["input"]["mode"]) == (35, "pro")
    assert (api.get("/generations").json()["data"], available(alice)) == ([], 10_000)


@pytest.mark.parametrize("presigned", [None, True])
def test_files_are_sent_once_and_named_in_orders(
    node: Node, photo: bytes, presigned: bool | None
) -> None:
    told = node.told(
        """
        const bytes = Buffer.from(given.photo, "base64");
        const presigned = given.presigned ?? undefined;
        const upload = await client.uploads.create(new Blob([bytes]), { presigned });
        const again = await client.uploads.create(new Uint8Array(bytes));
        const order = { model: "kling-v1", prompt: "It turns" };
        const byId = await client.generations.create({ ...order, image: upload.id });
        const byBytes = await client.generations.create({ ...order, image: new Blob([bytes]) });
        const kinds = [];
        for (const each of [byId, byBytes]) kinds.push((await each.wait()).kind);
        const listed = await all(client.uploads.list());
        await client.uploads.delete(upload.id);
        return {
          upload, same: again.id === upload.id, kinds, listed: listed.map((each) => each.id),
          images: [byId.input.image, byBytes.input.image],
          gone: (await thrown(() => client.uploads.get(upload.id))).name,
        };
        """,
        photo=base64.b64encode(photo).decode(), presigned=presigned,
    )  # fmt: skip
    upload = told["upload"]
    assert (upload["content_type"], upload["width"], upload["height"]) == ("image/jpeg", 640, 360)
    assert told["same"]
    assert told["kinds"] == ["image2video"] * 2
    assert told["images"][0] == told["images"][1]
    assert (told["listed"], told["gone"]) == ([upload["id"]], "NotFound")


def test_another_product_is_ordered_by_its_task(node: Node) -> None:
    told = node.told("""
        const words = { text: "Hello", voice: "oversea_male1", language: "en" };
        const made = await client.generations.createAndWait({ task: "tts", ...words });
        const sound = await made.download();
        return { audio: made.audio, size: sound.size, type: sound.type };
    """)
    assert told["size"] == told["audio"]["bytes"]
    assert told["type"] == told["audio"]["content_type"]


def test_the_catalogue_the_library_and_money(node: Node) -> None:
    told = node.told(
        """
        const made = await client.generations.createAndWait(
          { ...given.film, reference: "R-7", metadata: { shot: "1" } },
        );
        const film = await client.videos.get(made.id);
        await client.videos.label(film.id, { title: "Rain", tags: ["wet"] });
        await client.videos.favourite(film.id);
        const titles = [];
        for (const filters of given.filters) {
          titles.push((await all(client.videos.list(filters))).map((each) => each.title));
        }
        await client.videos.trash(film.id);
        const listed = await all(client.videos.list());
        const trashed = await all(client.videos.list({ trashed: true }));
        const restored = await client.videos.restore(film.id);
        const entries = await all(client.ledger.list({ pageSize: 2 }));
        const other = await client.call("POST", "/collections", { body: { name: "Rain" } });
        const removed = await client.call("DELETE", `/collections/${other.id}`);
        const tasks = await client.tasks.list();
        const told = {
          titles, lists: [listed.length, trashed.length], restored: restored.trashed_at,
          durations: (await client.models.get("kling-v1")).durations,
          models: (await client.models.list()).map((each) => each.name),
          task: (await client.tasks.get(tasks[0].name)).name === tasks[0].name,
          skus: (await client.prices.get()).data.map((each) => each.sku),
          sum: entries.reduce((sum, each) => sum + each.amount, 0),
          used: (await client.usage.get({ group_by: "model" })).total.captured,
          collection: other.name, removed,
          destroyed: (await client.videos.destroy(film.id)).deleted_at,
        };
        await made.delete();
        return { ...told, left: (await all(client.generations.list())).length };
        """,
        film=FILM,
        filters=[
            {"q": "paper boat"}, {"favourite": True}, {"reference": "R-7"},
            {"metadata": {"shot": "1"}}, {"model": "kling-v1"},
        ],
    )  # fmt: skip
    assert told["titles"] == [["Rain"]] * 5
    assert (told["lists"], told["restored"]) == ([0, 1], None)
    assert told["durations"] == [5, 10]
    assert told["task"]
    assert set(told["models"]) <= set(told["skus"])
    assert (told["sum"], told["used"], told["collection"]) == (9_990, 10, "Rain")
    assert (bool(told["destroyed"]), told["left"], told["removed"]) == (True, 0, None)


def test_lists_are_kept_to_a_time_by_the_words_of_their_types(node: Node) -> None:
    told = node.told(
        """
        const film = await client.generations.createAndWait(given.film);
        const [before, later] = [new Date(0), new Date(Date.now() + 60_000)];
        const found = [];
        for (const time of [{ from: before, to: later }, { from: before, to: before }]) {
          for (const part of ["generations", "videos", "ledger"]) {
            found.push((await all(client[part].list(time))).length);
          }
        }
        return found;
        """,
        film=FILM,
    )
    films, of_the_past = told[:3], told[3:]
    assert (films[:2], of_the_past) == ([1, 1], [0, 0, 0])
    assert films[2] > 1


def test_keys_tokens_and_the_feed(node: Node, site: str) -> None:
    told: Any = node.told(
        """
        const { inspect } = await import("node:util");
        const terms = { name: "robot", scopes: ["generate", "read"], caps: { day: 10 } };
        const made = await client.keys.create(terms);
        const robot = new KlingSaaS({ apiKey: made.secret, baseUrl: `${given.site}/api/v1/` });
        await robot.generations.create(given.film);
        const closed = await thrown(() => robot.wallet.get());
        const token = await client.tokens.create({ end_user: "bob", expires_in: 300 });
        const page = new KlingSaaS({ apiKey: token.token, baseUrl: given.site });
        const mine = await page.generations.createAndWait(given.film);
        await client.tokens.revoke(token.id);
        const changed = await client.keys.change(made.id, { name: "robot 2", caps: { day: null } });
        const rotated = await client.keys.rotate(made.id, { overlap: 0 });
        const seen = await all(client.events.list({ type: "generation.succeeded", after: null }));
        const feed = client.events.follow({ after: seen.at(-1).id, type: "generation.*" });
        const last = await client.generations.create(given.film);
        const types = [];
        for await (const event of feed) {
          if (event.data.id === last.id && types.push(event.type) === 3) break;
        }
        return {
          closed: closed.name, endUser: mine.end_user, caps: changed.caps, types,
          rotated: rotated.secret !== made.secret,
          revoked: (await client.keys.revoke(made.id)).revoked_at,
          listed: (await all(client.keys.list())).some((each) => each.id === made.id),
          shown: inspect([client, robot], { depth: 9, showHidden: true }),
          secret: made.secret,
        };
        """,
        film=FILM, site=site,
    )  # fmt: skip
    assert (told["closed"], told["endUser"], told["caps"]) == ("PermissionDenied", "bob", [])
    assert told["types"] == [
        "generation.queued", "generation.processing", "generation.succeeded",
    ]  # fmt: skip
    assert all((told["rotated"], told["revoked"], told["listed"]))
    assert told["secret"] not in told["shown"]


def test_settings_are_told_plainly_and_a_signal_ends_what_is_under_way(
    node: Node, api: Program
) -> None:
    told = node.told(
        """
        const wrong = [];
        for (const settings of [{ apiKey: "a\\nb" }, { baseUrl: "films.example.com" }]) {
          wrong.push((await thrown(async () => new KlingSaaS(settings))).name);
        }
        const once = { idempotencyKey: "gränd" };
        wrong.push((await thrown(() => client.generations.create(given.film, once))).name);
        globalThis.window = { document: {} };
        wrong.push((await thrown(async () => new KlingSaaS())).name);
        delete globalThis.window;
        const slow = await client.generations.create({ ...given.film, prompt: "fail:never" });
        const stop = new AbortController();
        const waiting = thrown(async () => {
          const film = await client.with({ signal: stop.signal }).generations.get(slow.id);
          stop.abort(new Error("the page was left"));
          await film.wait();
        });
        return { wrong, ended: (await waiting).message, id: slow.id };
        """,
        film=FILM,
    )
    assert told["wrong"] == ["BadSettings"] * 4
    assert told["ended"] == "the page was left"
    assert api.get(f"/generations/{told['id']}").json()["status"] in ("queued", "processing")
