"""Films are kept as long as was promised, are gone at every door after that, and never sooner."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings
from django.db import IntegrityError
from django.test import Client, override_settings
from django.utils import timezone

from accounts import tenancy
from billing import plans
from billing.models import Plan
from generations import invariants, previews, retention, storage
from generations.models import Alarm, Audio, Generation, Video
from generations.reconciliation import missing
from tests.billing.test_plan_prices import subscribe
from tests.generations import mp4
from tests.generations.orders import parked
from tests.generations.programs import (
    FILM,
    Program,
    film_of,
    funded,
    made_days_ago,
    native,
    settled,
)  # fmt: skip
from tests.generations.reconciliation.test_files import DRY, all_of, aside, waits_for_a_lock
from tests.people import Customer
from tests.waiting import until

DAY = timedelta(days=1)
FILE = b"1"
SHA256 = hashlib.sha256(FILE).hexdigest()


@pytest.fixture(scope="module")
def alice() -> Customer:
    return funded()


@pytest.fixture(scope="module")
def api(site: str, alice: Customer) -> Program:
    return native(site, alice.test_key)


@pytest.fixture(scope="module")
def film(api: Program) -> dict[str, Any]:
    """A film that is kept for good: nothing else is set here."""
    made = settled(api, api.post("/generations", FILM).json()["id"])
    until(lambda: film_of(made["id"]).preview_due_at is None, what="its preview")
    return made


def page(alice: Customer, path: str) -> str:
    browser = Client(headers={"host": "localhost"})
    browser.force_login(alice.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    browser.post("/app/mode", {"mode": "test"})
    return browser.get(path, follow=True).content.decode()


def test_a_film_is_gone_at_every_door_when_its_time_is_over(
    site: str, alice: Customer, api: Program, film: dict[str, Any]
) -> None:
    name, library, job = film["id"], "/app/library", f"/app/jobs/{film['id']}"
    assert film["video"]["kept_until"] is film["media_deleted_at"] is None
    assert f'href="/app/library/{film["video"]["id"]}"' in page(alice, library)
    assert "kept until" not in page(alice, library)
    day = f"{made_days_ago(10, name).kept_until:%Y-%m-%d}"
    there = api.get(f"/generations/{name}").json()
    assert there["video"]["kept_until"].startswith(day)
    assert "kept until <time" in page(alice, library)
    assert f"{day} UTC</time>" in page(alice, job)

    over = made_days_ago(30.01, name)
    day = f"{over.kept_until:%Y-%m-%d}"
    gone = api.get(f"/generations/{name}").json()
    assert (gone["status"], gone["video"], gone["audio"]) == ("succeeded", None, None)
    assert gone["media_deleted_at"].startswith(day)
    assert (gone["input"], gone["credits"]) == (there["input"], there["credits"])
    content = api.get(f"/generations/{name}/content")
    assert (content.status_code, content.json()["code"]) == (410, "not_kept")
    (listed,) = (g for g in api.get("/generations").json()["data"] if g["id"] == name)
    assert (listed["video"], listed["media_deleted_at"]) == (None, gone["media_deleted_at"])
    assert name not in page(alice, library)
    for path in (job, f"/app/library/{over.public_id}", "/app/jobs"):
        shown = page(alice, path)
        assert "Kept for 30 days, deleted on <time" in shown, path
        assert f"{day} UTC</time>" in shown
        assert FILM["prompt"] in shown
        assert "/media/" not in shown
        assert "10 credits" in shown
    assert f'href="/billing/statement#{name}"' in page(alice, job)

    order = {"task": "lip-sync", "video": name, "text": "Hello", "voice": "AOT", "language": "en"}
    for named in (name, over.public_id):
        (wrong,) = api.post("/generations", {**order, "video": named}).json()["violations"]
        assert (wrong["field"], wrong["code"]) == ("video", "deleted")
        assert f"{named} was kept until {day}" in wrong["message"]

    says = f"It was kept until {day} and is deleted."
    bearer = {"Authorization": f"Bearer {alice.test_key}"}
    kling = Program(f"{site}/kling", **bearer)
    task = kling.get(f"/v1/videos/text2video/{name}").json()["data"]
    assert (task["task_status"], task["task_result"]) == ("succeed", {"videos": []})
    assert task["task_status_msg"] == says
    flat = Program(f"{site}/llmprovider", **bearer).get(f"/v1/videos/text2video/{name}").json()
    assert (flat["task_result"], flat["task_status_msg"]) == ({"videos": []}, says)
    segmind = Program(f"{site}/segmind", **{"x-api-key": alice.test_key})
    for version in ("v1", "v2"):
        told = segmind.get(f"/{version}/requests/{name}").json()
        assert (told["status"], told["output"], told["video"]) == ("COMPLETED", None, None)
        assert told["message"] == says
    played = segmind.get(f"/v1/requests/{name}", headers={"Accept": "video/mp4"})
    assert (played.status_code, played.json()["error"]) == (404, says)


def test_its_files_go_with_the_next_sweep_and_are_not_missed(
    alice: Customer, film: dict[str, Any]
) -> None:
    early = made_days_ago(29.9, stored(alice).generation.public_id)
    with tenancy.scope(early.organisation_id):
        mine = Video.objects.filter(pk=early.pk)
        with pytest.raises(IntegrityError, match="kept_as_promised"):
            mine.update(removed_at=timezone.now())
    retention.remove_ended()
    assert all(storage.size(key) > 0 for key in early.keys)
    row = made_days_ago(30.01, film["id"])
    with (
        tenancy.scope(row.organisation_id),
        pytest.raises(IntegrityError, match="over is not kept again"),
    ):
        Video.objects.filter(pk=row.pk).update(kept_until=timezone.now() + DAY)
    with tenancy.scope(row.organisation_id):
        Video.objects.filter(pk=row.pk).update(preview_due_at=timezone.now() - DAY)
    previews.run()
    retention.remove_ended()
    assert film_of(film["id"]).removed_at
    assert [storage.size(key) for key in row.keys] == [-1] * len(row.keys)
    assert film_of(film["id"]).preview_attempts == row.preview_attempts
    assert requests.get(film["video"]["url"], timeout=60).status_code == 404
    removed_at = film_of(film["id"]).removed_at
    retention.remove_ended()
    assert film_of(film["id"]).removed_at == removed_at
    assert not set(all_of(missing.files, DRY)) & set(row.keys)
    assert not {breach.offender for breach in invariants.file_breaches()} & set(row.keys)
    with tenancy.scope(row.organisation_id), pytest.raises(IntegrityError):
        Video.objects.filter(pk=row.pk).update(kept_until=None)


def stored(of: Customer, order: Generation | None = None, *beside: Audio) -> Video:
    """A film as a worker stores it."""
    order = order or parked(of)
    row = Video(
        organisation_id=order.organisation_id, livemode=False, generation=order, bytes=1,
        key=f"films/{order.public_id}/{secrets.token_hex(16)}.mp4", poster_key="", sha256=SHA256,
        width=1, height=1, duration_ms=5000, has_sound=False, preview_due_at=None,
    )  # fmt: skip
    with tenancy.scope(order.organisation_id):
        retention.store([row, *beside])
    for each in (row, *beside):
        storage.put(each.key, io.BytesIO(FILE))
    return row


def ended(of: Customer, *, days: float = 1) -> Video:
    return made_days_ago(30 + days, stored(of).generation.public_id)


def test_what_the_storage_does_not_delete_is_tried_again_and_keeps_no_other(
    alice: Customer,
) -> None:
    stuck, others = ended(alice), [ended(alice), ended(alice)]
    place = Path(settings.MEDIA_ROOT) / stuck.key
    place.unlink()
    (place / "in the way").mkdir(parents=True)
    alarm = Alarm.objects.filter(kind="undeleted", resolved_at=None)
    for _ in range(2):
        retention.remove_ended()
        assert [bool(film_of(r.generation.public_id).removed_at) for r in (stuck, *others)] == [
            False, True, True
        ]  # fmt: skip
        assert stuck.public_id in alarm.get().message
    next_one = ended(alice)
    retention.remove_ended(seconds=0)  # enough for one: not for that which had its turn
    assert film_of(next_one.generation.public_id).removed_at
    assert alarm.exists()
    (place / "in the way").rmdir()
    place.rmdir()
    retention.remove_ended()
    assert film_of(stuck.generation.public_id).removed_at
    assert not alarm.exists()


@contextmanager
def slow(row: Video, come: Callable[[], bytes]) -> Iterator[None]:
    """Its file is a pipe: once somebody reads it, they get what `come` gives, and when it does."""
    place = Path(settings.MEDIA_ROOT) / row.key
    place.unlink()
    os.mkfifo(place)

    def feed() -> None:
        with place.open("wb") as pipe:
            pipe.write(come())

    fed = aside(feed)
    yield
    fed.result(60)
    place.unlink(missing_ok=True)
    storage.put(row.key, io.BytesIO(FILE))


def test_what_is_swept_while_films_are_proven_is_not_missed(alice: Customer) -> None:
    first, second = sorted((stored(alice), stored(alice)), key=lambda row: row.key)

    def swept() -> bytes:
        made_days_ago(30.01, second.generation.public_id)
        retention.remove_ended()
        return FILE

    with slow(first, swept):
        found = {breach.offender for breach in invariants.file_breaches()}
    assert film_of(second.generation.public_id).removed_at
    assert not found & {first.key, second.key}


def test_a_preview_of_a_film_that_ended_meanwhile_is_not_kept(
    alice: Customer, tmp_path: Path
) -> None:
    row, content = stored(alice), mp4.write(tmp_path / "film.mp4").read_bytes()

    def over() -> bytes:
        until(lambda: row.over, what="its end")
        return content

    with slow(row, over), tenancy.system("a test is the only one who sees that it is due"):
        row.kept_until, row.preview_due_at = timezone.now() + timedelta(seconds=2), timezone.now()
        row.preview_due_at -= DAY
        row.save()
        assert previews.run() == 1
    assert storage.size(row.key.removesuffix(".mp4") + ".preview.mp4") == -1
    found = film_of(row.generation.public_id)
    assert (found.preview_attempts, found.preview_key) == (1, "")


# -------------------------------------------------------------------- plans


@pytest.fixture
def club() -> Plan:
    return Plan.objects.create(
        slug=f"plan-{secrets.token_hex(4)}", name="Film club", credits=500, price_cents=1_000,
        retention_days=30, active=False,
    )  # fmt: skip


def days(row: Video) -> int | None:
    return film_of(row.generation.public_id).days_kept


def test_a_plan_lengthens_what_is_kept_and_nothing_shortens_it(club: Plan) -> None:
    bob = funded("bob")
    with override_settings(FILM_RETENTION_DAYS=7):
        first, over = stored(bob), stored(bob)
        assert days(first) == 7
        made_days_ago(7.1, over.generation.public_id, kept=7)
        subscription = subscribe(bob.organisation.pk, club)
        plans.apply(bob.organisation.pk)
        second = stored(bob)
        assert [days(row) for row in (first, second, over)] == [30, 30, 7]
        with tenancy.scope(bob.organisation.pk):
            type(subscription).objects.filter(pk=subscription.pk).update(ended_at=timezone.now())
        plans.apply(bob.organisation.pk)
        assert [days(row) for row in (first, second, stored(bob))] == [30, 30, 7]
        # A plan that was raised is seen before they end.
        unseen = stored(bob)
        subscribe(bob.organisation.pk, club)
        made_days_ago(6.99, unseen.generation.public_id, kept=7)
        retention.prolong_ending()
        assert [days(row) for row in (unseen, over)] == [30, 7]
        Plan.objects.filter(pk=club.pk).update(retention_days=None)
        plans.apply(bob.organisation.pk)
        assert [days(row) for row in (first, unseen, stored(bob), over)] == [None, None, None, 7]


def test_what_ends_while_a_plan_comes_is_not_promised_again(club: Plan) -> None:
    bob = funded("bob")
    with override_settings(FILM_RETENTION_DAYS=7):
        first, over = stored(bob), stored(bob)
        subscribe(bob.organisation.pk, club)
        with tenancy.system("a test has a film in hand"):
            Video.objects.select_for_update().get(pk=first.pk)
            applying = aside(lambda: plans.apply(bob.organisation.pk))
            until(waits_for_a_lock, what="the plan at that film")
            made_days_ago(7, over.generation.public_id, kept=7)
        applying.result(30)
    retention.remove_ended()
    assert film_of(over.generation.public_id).removed_at
    assert [days(row) for row in (first, over)] == [30, 7]


def test_a_film_that_is_stored_while_a_plan_comes_is_kept_as_the_plan_says(club: Plan) -> None:
    bob = funded("bob")
    order = parked(bob)
    with override_settings(FILM_RETENTION_DAYS=7):
        with tenancy.scope(bob.organisation.pk):
            subscribe(bob.organisation.pk, club)
            plans.apply(bob.organisation.pk)
            storing = aside(lambda: stored(bob, order))
            until(lambda: storing.done() or waits_for_a_lock(), what="the film at the plan")
        assert days(storing.result(30)) == 30


@pytest.mark.parametrize(
    ("usual", "plan", "kept"),
    [(0, 30, None), (7, 30, 30), (60, 30, 60), (7, None, None)],
)
def test_a_plan_gives_and_never_takes(usual: int, plan: int | None, kept: int | None) -> None:
    with override_settings(FILM_RETENTION_DAYS=usual):
        assert plans.days_kept(Plan(retention_days=plan)) == kept
        assert plans.days_kept(None) == (usual or None)


def test_a_film_and_its_sound_end_together(alice: Customer) -> None:
    order = parked(alice)
    sound = Audio(
        organisation_id=order.organisation_id, livemode=False, generation=order, bytes=1,
        key=f"films/{order.public_id}/{secrets.token_hex(16)}.mp3", content_type="audio/mpeg",
        sha256=SHA256, duration_ms=1,
    )  # fmt: skip
    with override_settings(FILM_RETENTION_DAYS=7):
        film = stored(alice, order, sound)
    assert sound.kept_until == film.kept_until == film.created_at + 7 * DAY
