"""Every part of the API by the Python client, and what it says of itself."""

from __future__ import annotations

import asyncio
import inspect
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from kling_saas_client import (
    AsyncClient,
    AuthenticationFailed,
    BadSettings,
    Client,
    Conflict,
    InsufficientCredits,
    NotFound,
    PermissionDenied,
)
from kling_saas_client.binding import iteration, operation
from tests.generations.orders import parked
from tests.generations.programs import FILM, available
from tests.people import Customer
from tests.waiting import until


def test_the_catalogue_and_its_prices(client: Client) -> None:
    models = client.models.list()
    assert client.models.get("kling-v1").durations == [5, 10]
    assert {each.name for each in models} >= {"kling-v1", "kling-v2-6"}
    book = client.prices.get()
    assert {each.sku for each in book.data} >= {each.name for each in models}
    tasks = client.tasks.list()
    assert client.tasks.get(tasks[0].name) == tasks[0]
    with pytest.raises(NotFound):
        client.models.get("kling-v9")


@pytest.mark.parametrize("presigned", [None, True])
def test_files_are_sent_once_and_named_in_orders(
    client: Client, photo: bytes, tmp_path: Path, presigned: bool | None
) -> None:
    (tmp_path / "photo.jpg").write_bytes(photo)
    upload = client.uploads.create(tmp_path / "photo.jpg", presigned=presigned)
    assert (upload.content_type, upload.width, upload.height) == ("image/jpeg", 640, 360)
    assert client.uploads.create(photo).id == upload.id
    assert client.uploads.get(upload.id) == upload
    film: dict[str, Any] = {"model": "kling-v1", "prompt": "It turns"}
    by_id = client.generations.create(**film, image=upload.id)
    by_bytes = client.generations.create(**film, image=tmp_path / "photo.jpg")
    assert by_id.input["image"] == by_bytes.input["image"]
    assert [each.id for each in client.uploads.list()] == [upload.id]
    for each in (by_id, by_bytes):
        assert each.wait().kind == "image2video"
    client.uploads.delete(upload.id)
    assert list(client.uploads.list()) == []


def test_a_large_file_goes_past_the_api_in_asyncio_too(
    site: str, alice: Customer, photo: bytes, tmp_path: Path
) -> None:
    place = tmp_path / "photo.jpg"
    place.write_bytes(photo + b"\0" * 2_000_000)

    async def story() -> None:
        async with AsyncClient(alice.test_key, site) as client:
            upload = await client.uploads.create(place, presigned=True)
            assert upload.width == 640
            assert [each.id async for each in client.uploads.list()] == [upload.id]
            made = await client.generations.create(
                model="kling-v1", prompt="It turns", image=upload.id
            )
            assert (await made.wait()).succeeded

    asyncio.run(story())


def test_another_product_is_ordered_by_its_task(client: Client, tmp_path: Path) -> None:
    words = {"text": "Hello", "voice": "oversea_male1", "language": "en"}
    made = client.generations.create_and_wait(task="tts", fields=words)
    assert made.audio
    assert made.download(tmp_path / "a.mp3").stat().st_size == made.audio.bytes


def test_the_library(client: Client) -> None:
    made = client.generations.create_and_wait(**FILM, reference="R-7", metadata={"shot": "1"})
    film = client.videos.get(made.id)
    client.videos.label(film.id, title="Rain", tags=["wet", "street"])
    assert client.videos.favourite(film.id).favourite
    wanted: list[dict[str, Any]] = [
        {"q": "paper boat"}, {"favourite": True}, {"reference": "R-7"}, {"metadata": {"shot": "1"}},
        {"facts": {"model": "kling-v1"}},
    ]  # fmt: skip
    for each in wanted:
        assert [found.title for found in client.videos.list(**each)] == ["Rain"], each
    client.videos.trash(film.id)
    assert list(client.videos.list()) == []
    assert [found.id for found in client.videos.list(trashed=True)] == [film.id]
    assert client.videos.restore(film.id).trashed_at is None
    assert client.videos.destroy(film.id).deleted_at
    made.delete()
    assert list(client.generations.list()) == []


def test_a_film_is_cancelled_while_it_waits(client: Client, alice: Customer) -> None:
    waits = client.generations.get(parked(alice).public_id)
    assert available(alice) == 10_000 - 10
    assert waits.cancel().status == "cancelled"
    assert waits.wait(check=False).status == "cancelled"
    assert available(alice) == 10_000
    made = client.generations.create(**FILM, idempotency_key="mine")
    assert client.generations.create(**FILM, idempotency_key="mine").id == made.id
    assert made.wait().succeeded
    with pytest.raises(Conflict):
        made.cancel()
    assert available(alice) == 10_000 - 10


def test_money(site: str, client: Client, alice: Customer) -> None:
    for _ in range(3):
        client.generations.create_and_wait(**FILM)
    entries = list(client.ledger.list(page_size=2))
    assert sum(each.amount for each in entries) == client.wallet.get().available == 9_970
    held = list(client.ledger.list(type="hold", generation=entries[0].generation))
    assert [each.type for each in held] == ["hold"]
    used = client.usage.get(group_by="model")
    assert (used.total.captured, used.data[0].films) == (30, 3)
    with Client(alice.live_key, site) as live, pytest.raises(InsufficientCredits) as poor:
        live.generations.create(model="kling-v1", prompt="A boat", mode="pro", duration=10)
    assert (poor.value.problem["needed"], poor.value.problem["available"]) == (70, 60)


def test_keys_and_tokens(site: str, client: Client) -> None:
    made = client.keys.create("robot", {"scopes": ["generate", "read"], "caps": {"day": 10}})
    assert made.secret
    assert made.secret not in repr(made)
    with Client(made.secret, site) as robot:
        robot.generations.create(**FILM)
        with pytest.raises(PermissionDenied):
            robot.wallet.get()
        token = client.tokens.create("bob", expires_in=300)
        assert token.token not in repr(token)
        with Client(token.token, site) as browser:
            mine = browser.generations.create_and_wait(**FILM)
            assert (mine.end_user, browser.generations.get(mine.id).id) == ("bob", mine.id)
            client.tokens.revoke(token.id)
            until(lambda: _refused(browser, mine.id), what="the end of the token")
    client.keys.change(made.id, {"name": "robot 2", "caps": {"day": None}})
    assert (client.keys.get(made.id).name, client.keys.get(made.id).caps) == ("robot 2", [])
    assert client.keys.rotate(made.id, overlap=0).secret != made.secret
    assert client.keys.revoke(made.id).revoked_at
    assert made.id in [each.id for each in client.keys.list()]


def _refused(client: Client, name: str) -> bool:
    try:
        client.generations.get(name)
    except AuthenticationFailed:
        return True
    return False


def test_the_feed_is_read_on_from_the_last_event(client: Client) -> None:
    first = client.generations.create_and_wait(**FILM)
    seen = list(client.events.list(type="generation.*"))
    assert [each.data["id"] for each in seen] == [first.id] * 3
    feed = client.events.follow(after=seen[-1].id, type="generation.*")
    second = client.generations.create(**FILM)
    told = [each.type for each in islice(feed, 3)]
    assert told == ["generation.queued", "generation.processing", "generation.succeeded"]
    assert second.refresh().succeeded


def test_any_other_address_can_be_asked(client: Client) -> None:
    made = client.call("POST", "/collections", {"name": "Rain"})
    assert [each["id"] for each in client.call("GET", "/collections")["data"]] == [made["id"]]
    assert client.call("DELETE", f"/collections/{made['id']}") is None
    assert client.call("GET", "/collections")["data"] == []


def test_the_key_is_shown_nowhere_and_settings_are_told_plainly(
    site: str, client: Client, alice: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = client.generations.check(**FILM)
    shown = [client, client.generations, client.bound_to.settings, made]
    assert alice.test_key not in "".join(map(repr, shown)) + "".join(map(str, shown))
    monkeypatch.delenv("KLING_SAAS_API_KEY", raising=False)
    with pytest.raises(BadSettings):
        Client(base_url=site)
    with pytest.raises(BadSettings) as wrong:
        Client(f"{alice.test_key}\n x", site)
    assert alice.test_key not in str(wrong.value)
    for address in ("films.example.com", "http://["):
        with pytest.raises(BadSettings):
            Client(alice.test_key, address)
    for key in ("", "gränd", "x" * 256, "a\nb"):
        with pytest.raises(BadSettings):
            client.generations.create(**FILM, idempotency_key=key)
    monkeypatch.setenv("KLING_SAAS_API_KEY", alice.test_key)
    monkeypatch.setenv("KLING_SAAS_BASE_URL", f"{site}/api/v1/")
    with Client() as found:
        assert found.wallet.get().livemode is False


def test_both_clients_have_the_same_methods_and_each_says_what_it_does() -> None:
    one, other = Client("ksk_test_x", "http://127.0.0.1"), AsyncClient("ksk_x", "http://127.0.0.1")
    assert vars(one).keys() == vars(other).keys()
    parts = [part for name, part in vars(one).items() if name not in ("bound_to", "_http")]
    assert len(parts) == 14
    for part in [one, *parts]:
        for name, made in inspect.getmembers_static(type(part)):
            if isinstance(made, operation | iteration):
                assert (name, bool(made.__doc__)) == (name, True)
                assert "self" not in inspect.signature(getattr(part, name)).parameters
    one.close()
