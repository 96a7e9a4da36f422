"""The Python client orders films, waits for them and saves them, in threads and in asyncio."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest

from kling_saas_client import (
    AsyncClient,
    CapExceeded,
    Client,
    Conflict,
    GenerationFailed,
    InvalidRequest,
    NotFound,
    StillUnderWay,
)
from kling_saas_client.orders import Order
from tests.generations.programs import FILM, available
from tests.people import Customer

PROMPT = FILM["prompt"]


def test_a_film_is_ordered_waited_for_and_saved(
    client: Client, alice: Customer, tmp_path: Path
) -> None:
    quote = client.quotes.create(model="kling-v1", prompt=PROMPT)
    assert (quote.credits, client.quotes.get(quote.id).credits) == (10, 10)
    made = client.generations.create_and_wait(
        model="kling-v1", prompt=PROMPT, quote_id=quote.id, reference="R-1", timeout=300
    )
    assert (made.status, made.credits.charged, made.reference) == ("succeeded", 10, "R-1")
    assert made.finished_at
    assert made.finished_at >= made.created_at
    seen: list[tuple[int, int]] = []
    place = made.download(
        tmp_path / "boat.mp4", progress=lambda done, whole: seen.append((done, whole))
    )
    assert made.video
    assert hashlib.sha256(place.read_bytes()).hexdigest() == made.video.sha256
    assert seen[-1] == (made.video.bytes, made.video.bytes)
    assert [each.name for each in tmp_path.iterdir()] == ["boat.mp4"]
    assert available(alice) == client.wallet.get().available == 10_000 - 10


def test_the_same_in_asyncio_many_at_once(site: str, alice: Customer, tmp_path: Path) -> None:
    async def one(client: AsyncClient, nth: int) -> Path:
        made = await client.generations.create(model="kling-v1", prompt=f"{PROMPT} {nth}")
        ended = await made.wait(timeout=300)
        return await ended.download(tmp_path / f"{nth}.mp4")

    async def all_of_them() -> list[Path]:
        async with AsyncClient(alice.test_key, site) as client:
            saved = await asyncio.gather(*(one(client, nth) for nth in range(4)))
            listed = [each.id async for each in client.generations.list(page_size=2)]
            assert len(set(listed)) == 4
            news = [each.type async for each in client.generations.events(listed[0])]
            assert news[-1] == "generation.succeeded"
            whole = await client.generations.create_and_wait(model="kling-v1", prompt=PROMPT)
            assert whole.succeeded
            return list(saved)

    saved = asyncio.run(all_of_them())
    assert all(b"ftyp" in path.read_bytes()[:12] for path in saved)
    assert available(alice) == 10_000 - 50


def test_many_are_ordered_in_one_call(client: Client, alice: Customer) -> None:
    orders: list[Order] = [
        {"model": "kling-v1", "prompt": PROMPT, "reference": "one"},
        {"model": "kling-v1", "prompt": PROMPT, "duration": 7},
        {"model": "kling-v1", "prompt": PROMPT, "retention": {"days": 7}},
    ]
    first, again = (client.generations.create_batch(orders, idempotency_key="n") for _ in "12")
    assert (first.accepted, first.refused, first.credits) == (2, 1, 20)
    assert [each.status for each in first.data] == ["accepted", "refused", "accepted"]
    assert first.data[1].problem
    assert first.data[1].problem["violations"][0]["field"] == "duration"
    one, _, other = (each.generation for each in first.data)
    assert one
    assert other
    assert (one.wait().reference, other.wait().succeeded) == ("one", True)
    assert other.retention
    assert other.retention.days == 7
    assert [each.generation and each.generation.id for each in again.data] == [
        one.id, None, other.id,
    ]  # fmt: skip
    assert [each.replayed for each in again.data] == [True, False, True]
    with pytest.raises(InvalidRequest) as none:
        client.generations.create_batch(orders, all_or_nothing=True)
    assert (none.value.code, none.value.problem["data"][0]["index"]) == ("batch_refused", 1)
    with pytest.raises(CapExceeded):
        client.generations.create_batch(orders, max_cost=19)
    assert available(alice) == 10_000 - 20


def test_many_with_their_files_in_asyncio_too(
    site: str, alice: Customer, photo: bytes, tmp_path: Path
) -> None:
    place = tmp_path / "photo.jpg"
    place.write_bytes(photo)

    async def story() -> list[str]:
        async with AsyncClient(alice.test_key, site) as client:
            orders: list[Order] = [
                {"model": "kling-v1", "prompt": "It turns", "image": each}
                for each in (photo, place)
            ]
            batch = await client.generations.create_batch(orders, max_cost=20)
            made = [each.generation for each in batch.data if each.generation]
            return [(await each.wait()).kind for each in made]

    assert asyncio.run(story()) == ["image2video", "image2video"]


def test_what_failed_is_raised_and_paid_back(client: Client, alice: Customer) -> None:
    with pytest.raises(GenerationFailed) as failed:
        client.generations.create_and_wait(model="kling-v1", prompt="A boat fail:moderation")
    assert failed.value.code == "moderation"
    assert failed.value.generation.credits.charged == 0
    kept = client.generations.get(failed.value.generation.id).wait(check=False)
    assert kept.error
    assert kept.error.refund["credits"] == 10
    assert available(alice) == 10_000


def test_a_wait_ends_when_its_time_is_over_and_the_film_goes_on(
    client: Client, tmp_path: Path
) -> None:
    made = client.generations.create(model="kling-v1", prompt="A boat fail:never")
    with pytest.raises(StillUnderWay) as over:
        made.wait(timeout=1.5)
    assert over.value.generation.id == made.id
    with pytest.raises(Conflict) as refused:
        made.download(tmp_path / "boat.mp4")
    assert refused.value.code == "not_ready"
    assert list(tmp_path.iterdir()) == []


def test_changes_are_told_as_they_happen(client: Client) -> None:
    told: list[str] = []
    made = client.generations.create_and_wait(
        model="kling-v1", prompt=PROMPT, tell=lambda news: told.append(news.status)
    )
    assert made.succeeded
    assert list(dict.fromkeys(told))[-1] == "succeeded"
    again = [news.status for news in client.generations.events(made.id)]
    assert again == ["queued", "processing", "succeeded"]


def test_refusals_are_errors_with_all_that_was_told(client: Client, alice: Customer) -> None:
    with pytest.raises(InvalidRequest) as wrong:
        client.generations.create(model="kling-v1", prompt=PROMPT, duration=7, cfg_scale=3)
    assert {each.field for each in wrong.value.violations} == {"duration", "cfg_scale"}
    assert wrong.value.status == 422
    assert wrong.value.code == "invalid_request"
    assert wrong.value.request_id in str(wrong.value)
    assert str(wrong.value.documentation).endswith("/docs/errors#invalid_request")
    with pytest.raises(CapExceeded):
        client.generations.create(model="kling-v1", prompt=PROMPT, max_cost=9)
    with pytest.raises(NotFound):
        client.generations.get("gen_nobodys")
    dry = client.generations.check(model="kling-v1", prompt=PROMPT, mode="pro")
    assert (dry.credits, dry.input["mode"]) == (35, "pro")
    assert (list(client.generations.list()), available(alice)) == ([], 10_000)
