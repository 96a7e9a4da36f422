"""Films thrown away: gone from every list at once, back when wanted, and for good when meant."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone

from accounts import tenancy
from accounts.models import AuditEvent
from billing import plans
from generations import retention, storage
from generations.models import Generation, Video
from tests.generations.orders import parked
from tests.generations.programs import FILM, Program, available, film_of, funded, native, settled
from tests.generations.reconciliation.test_files import aside, waits_for_a_lock
from tests.generations.test_retention import page, stored
from tests.people import Customer
from tests.waiting import until

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def alice() -> Customer:
    return funded()


@pytest.fixture(scope="module")
def api(site: str, alice: Customer) -> Program:
    return native(site, alice.test_key)


@pytest.fixture(scope="module")
def film(api: Program) -> dict[str, Any]:
    return settled(api, api.post("/generations", FILM).json()["id"])


def delete(api: Program, path: str) -> requests.Response:
    return api.http.delete(api.root + path, timeout=60)


def listed(api: Program) -> list[str]:
    return [each["id"] for each in api.get("/generations").json()["data"]]


def done(api: Program) -> Video:
    """A film just made."""
    return film_of(settled(api, api.post("/generations", FILM).json()["id"])["id"])


def test_a_film_in_the_trash_is_shown_nowhere_and_comes_back_as_it_was(
    site: str, alice: Customer, api: Program, film: dict[str, Any]
) -> None:
    name, video = film["id"], film["video"]["id"]
    trashed = delete(api, f"/videos/{video}").json()
    today = f"{timezone.now():%Y-%m-%d}"
    assert trashed["trashed_at"].startswith(today)
    assert trashed["deleted_at"] is None
    assert trashed["kept_until"].startswith(f"{timezone.now() + 30 * DAY:%Y-%m-%d}")
    assert requests.get(trashed["poster_url"], timeout=60).status_code == 200
    gone = api.get(f"/generations/{name}").json()
    assert (gone["video"], gone["media_deleted_at"]) == (None, None)
    assert gone["media_trashed_at"] == trashed["trashed_at"]
    assert gone["credits"]["charged"] == film["credits"]["charged"]
    content = api.get(f"/generations/{name}/content")
    assert (content.status_code, content.json()["code"]) == (410, "not_kept")
    assert "unless it is restored" in content.json()["detail"]
    assert name in listed(api)  # the order itself was not deleted
    assert video not in page(alice, "/app/library?state=all")
    assert "In the trash, deleted on" in page(alice, f"/app/library/{video}")
    order = {"task": "lip-sync", "video": name, "text": "Hello", "voice": "AOT", "language": "en"}
    (wrong,) = api.post("/generations", order).json()["violations"]
    assert (wrong["field"], wrong["code"]) == ("video", "deleted")
    kling = Program(f"{site}/kling", Authorization=f"Bearer {alice.test_key}")
    task = kling.get(f"/v1/videos/text2video/{name}").json()["data"]
    assert (task["task_status"], task["task_result"]) == ("succeed", {"videos": []})
    assert task["task_status_msg"].startswith(f"It was put into the trash on {today}")
    assert delete(api, f"/videos/{name}").json()["trashed_at"] == trashed["trashed_at"]

    back = api.post(f"/videos/{name}/restore")
    assert (back.status_code, back.json()["trashed_at"], back.json()["kept_until"]) == (
        200, None, None,
    )  # fmt: skip
    again = api.get(f"/generations/{name}").json()
    assert (again["video"]["id"], again["media_trashed_at"]) == (video, None)
    assert api.post(f"/videos/{video}/restore").status_code == 200


def test_a_deleted_generation_leaves_every_list_with_its_film_and_the_books_keep_it(
    site: str, alice: Customer, api: Program
) -> None:
    made = settled(api, api.post("/generations", FILM).json()["id"])
    name, before = made["id"], available(alice)
    told = delete(api, f"/generations/{name}")
    assert (told.status_code, told.json()["video"]) == (200, None)
    assert told.json()["deleted_at"]
    assert delete(api, f"/generations/{name}").json()["deleted_at"] == told.json()["deleted_at"]
    assert name not in listed(api)
    assert name not in page(alice, "/app/jobs")
    assert (
        name
        not in Program(f"{site}/kling", Authorization=f"Bearer {alice.test_key}")
        .get("/v1/videos/text2video")
        .text
    )
    assert api.get(f"/generations/{name}").json()["media_trashed_at"]
    assert available(alice) == before
    assert name in {row["reference"] for row in api.get("/ledger").json()["data"]}
    assert api.post(f"/videos/{name}/restore").status_code == 200
    assert name in listed(api)
    with tenancy.scope(alice.organisation.pk):
        noted = AuditEvent.objects.filter(subject__in=[name, made["video"]["id"]])
        assert set(noted.values_list("action", flat=True)) == {
            "generation.deleted", "film.restored",
        }  # fmt: skip


def test_what_is_under_way_is_cancelled_and_not_deleted(api: Program, alice: Customer) -> None:
    order = parked(alice)
    refused = delete(api, f"/generations/{order.public_id}")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_finished")
    assert f"/generations/{order.public_id}/cancel" in refused.json()["detail"]
    assert api.post(f"/generations/{order.public_id}/cancel").status_code == 200
    assert delete(api, f"/generations/{order.public_id}").status_code == 200
    assert order.public_id not in listed(api)


def test_what_is_deleted_for_good_is_gone_at_once_unless_an_order_needs_it(
    alice: Customer, api: Program
) -> None:
    row = done(api)
    name = row.generation.public_id
    needing = parked(alice)
    with tenancy.scope(row.organisation_id):
        Generation.objects.filter(pk=needing.pk).update(params={**needing.params, "video": name})
    kept = delete(api, f"/videos/{name}?permanently=true")
    assert (kept.status_code, kept.json()["code"]) == (409, "needed")
    assert needing.public_id in kept.json()["detail"]
    api.post(f"/generations/{needing.public_id}/cancel")
    gone = delete(api, f"/videos/{name}?permanently=true").json()
    assert (gone["url"], gone["poster_url"]) == (None, None)
    assert {storage.size(key) for key in row.keys} == {-1}
    assert film_of(name).removed_at
    told = api.get(f"/generations/{name}").json()
    assert told["media_deleted_at"] == gone["deleted_at"]
    assert told["credits"]["charged"] == row.generation.credits
    refused = api.post(f"/videos/{name}/restore")
    assert (refused.status_code, refused.json()["code"]) == (410, "not_kept")
    assert delete(api, f"/videos/{name}?permanently=true").status_code == 200
    assert delete(api, f"/videos/{name}?permanently=perhaps").status_code == 422


def test_an_order_and_the_deletion_of_its_film_wait_for_each_other(
    alice: Customer, api: Program
) -> None:
    order = {"task": "video-to-audio", "model": None, "prompt": None}
    kept, gone = done(api), done(api)
    with tenancy.scope(kept.organisation_id):
        needing = parked(alice, **order, video=kept.generation.public_id)
        deleting = aside(lambda: delete(api, f"/videos/{kept.public_id}?permanently=true"))
        until(waits_for_a_lock, what="the deletion at the order's film")
    told = deleting.result(30)
    assert (told.status_code, told.json()["code"]) == (409, "needed")
    assert needing.public_id in told.json()["detail"]
    assert not film_of(kept.generation.public_id).over

    before = available(alice)
    with tenancy.scope(gone.organisation_id):
        retention.end(Video.objects.filter(pk=gone.pk))
        wanted = {"task": "video-to-audio", "video": gone.generation.public_id}
        ordering = aside(lambda: api.post("/generations", wanted))
        until(waits_for_a_lock, what="the order at the deleted film")
    refused = ordering.result(30)
    assert (refused.status_code, refused.json()["violations"][0]["code"]) == (422, "deleted")
    assert available(alice) == before


def test_the_trash_is_emptied_after_its_days_and_a_plan_does_not_lengthen_it(
    alice: Customer, api: Program
) -> None:
    row = done(api)
    assert delete(api, f"/videos/{row.public_id}").status_code == 200
    with tenancy.scope(row.organisation_id):
        plans.apply(row.organisation_id)
        mine = Video.objects.filter(pk=row.pk)
        assert mine.get().kept_until is not None
        mine.update(kept_until=timezone.now() - DAY / 100, created_at=timezone.now() - 31 * DAY)
    retention.prolong_ending()
    retention.remove_ended()
    assert film_of(row.generation.public_id).removed_at
    assert storage.size(row.key) == -1
    assert api.post(f"/videos/{row.public_id}/restore").status_code == 410


def test_a_film_that_was_to_end_soon_ends_in_the_trash_when_it_would_have(
    alice: Customer, api: Program
) -> None:
    row = done(api)
    soon = timezone.now() + DAY
    with tenancy.scope(row.organisation_id):
        Video.objects.filter(pk=row.pk).update(kept_until=soon)
    delete(api, f"/videos/{row.public_id}")
    assert film_of(row.generation.public_id).kept_until == soon
    api.post(f"/videos/{row.public_id}/restore")
    back = film_of(row.generation.public_id)
    assert (back.trashed_at, back.promised_until) == (None, None)


def test_a_film_that_comes_late_to_a_deleted_order_goes_to_the_trash(alice: Customer) -> None:
    order = parked(alice)
    order.trashed_at = timezone.now()
    row = stored(alice, order)
    assert row.trashed_at
    assert row.kept_until == row.created_at + 30 * DAY


def test_nobody_else_and_not_the_other_mode_throws_it_away(
    site: str, alice: Customer, film: dict[str, Any]
) -> None:
    video = film["video"]["id"]
    for key in (funded("mallory").test_key, alice.live_key):
        other = native(site, key)
        for path in (f"/videos/{video}", f"/videos/{video}?permanently=true"):
            assert delete(other, path).status_code == 404
        assert delete(other, f"/generations/{film['id']}").status_code == 404
        assert other.post(f"/videos/{video}/restore").status_code == 404
    assert film_of(film["id"]).trashed_at is None
