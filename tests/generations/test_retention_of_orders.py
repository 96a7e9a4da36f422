"""An order may ask that its film, and what it began with, go sooner than the plan says."""

from __future__ import annotations

import io
import secrets
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.test import override_settings
from django.utils import timezone
from PIL import Image

from accounts import tenancy
from billing import plans
from billing.models import Plan
from generations import expiring, retention, storage
from generations.models import Generation, Upload
from tests.billing.test_plan_prices import subscribe
from tests.generations.orders import parked
from tests.generations.programs import (
    FILM,
    Program,
    available,
    film_of,
    funded,
    made_days_ago,
    native,
    settled,
)
from tests.generations.test_retention import days, stored
from tests.people import Customer

DAY = timedelta(days=1)


@pytest.fixture
def alice() -> Customer:
    return funded()


@pytest.fixture
def api(site: str, alice: Customer) -> Program:
    return native(site, alice.test_key)


def asking(of: Customer, kept: int) -> Generation:
    """An order that nobody makes, and that asks for so many days."""
    order = parked(of)
    order.retention_days = kept
    with tenancy.scope(order.organisation_id):
        order.save(update_fields=["retention_days"])
    return order


def test_a_film_goes_when_its_order_said(api: Program, alice: Customer) -> None:
    order = {**FILM, "retention": {"days": 2}}
    answer = api.post("/generations", order)
    assert answer.json()["retention"] == {"days": 2}
    made = settled(api, answer.json()["id"])
    row = film_of(made["id"])
    assert row.kept_until == row.created_at + 2 * DAY  # here everything is kept for good else
    assert made["video"]["kept_until"].startswith(f"{row.kept_until:%Y-%m-%dT%H:%M:%S}")
    with tenancy.scope(alice.organisation.pk):
        retention.follow_plan(alice.organisation.pk)
    assert days(row) == 2

    over = made_days_ago(2.01, made["id"], kept=2)
    gone = api.get(f"/generations/{made['id']}").json()
    assert (gone["video"], gone["retention"]) == (None, {"days": 2})
    assert gone["media_deleted_at"]
    retention.remove_ended()
    assert [storage.size(key) for key in over.keys] == [-1] * len(over.keys)
    assert requests.get(made["video"]["url"], timeout=60).status_code == 404
    assert available(alice) == 9990


def test_an_order_shortens_what_a_plan_promises_and_never_lengthens_it() -> None:
    bob = funded("bob")
    club = Plan.objects.create(
        slug=f"plan-{secrets.token_hex(4)}", name="Film club", credits=500, price_cents=1_000,
        retention_days=30, active=False,
    )  # fmt: skip
    with override_settings(FILM_RETENTION_DAYS=7):
        films = [stored(bob, asking(bob, kept)) for kept in (2, 20, 300)]
        assert [days(film) for film in films] == [2, 7, 7]
        subscribe(bob.organisation.pk, club)
        plans.apply(bob.organisation.pk)
        assert [days(film) for film in films] == [2, 20, 30]
        Plan.objects.filter(pk=club.pk).update(retention_days=None)
        plans.apply(bob.organisation.pk)
        assert [days(film) for film in films] == [2, 20, 300]
        assert [days(stored(bob, order)) for order in (asking(bob, 5), parked(bob))] == [5, None]


def test_a_film_that_comes_back_from_the_trash_keeps_its_orders_days(
    api: Program, alice: Customer
) -> None:
    made = settled(api, api.post("/generations", {**FILM, "retention": {"days": 60}}).json()["id"])
    place = f"{api.root}/videos/{made['video']['id']}"
    assert api.http.delete(place, timeout=60).ok
    assert days(film_of(made["id"])) == 30  # the trash's
    assert api.http.post(f"{place}/restore", timeout=60).ok
    assert days(film_of(made["id"])) == 60


def picture(api: Program, shade: str) -> str:
    out = io.BytesIO()
    Image.new("RGB", (400, 400), shade).save(out, "PNG")
    sent = api.post("/uploads", data=out.getvalue(), headers={"Content-Type": "image/png"})
    return str(sent.json()["id"])


def finished_days_ago(count: float, public_id: str) -> None:
    with tenancy.system("a test turns the clock"):
        Generation.objects.filter(public_id=public_id).update(
            finished_at=timezone.now() - count * DAY
        )


def test_what_it_began_with_goes_as_many_days_after_its_end(api: Program, alice: Customer) -> None:
    image = picture(api, f"#{secrets.token_hex(3)}")
    with tenancy.scope(alice.organisation.pk):
        key = Upload.objects.get(public_id=image).key
    order = {"model": "kling-v2-1", "prompt": "It moves", "image": image, "retention": {"days": 3}}
    made = settled(api, api.post("/generations", order).json()["id"])
    assert made["status"] == "succeeded"
    finished_days_ago(2.9, made["id"])
    expiring.remove_inputs()
    assert api.get(f"/uploads/{image}").ok

    with tenancy.scope(alice.organisation.pk):
        waits = parked(alice, model="kling-v2-1", image=image)
    finished_days_ago(3.1, made["id"])
    expiring.remove_inputs()
    assert api.get(f"/uploads/{image}").ok  # another begins with it
    assert api.post(f"/generations/{waits.public_id}/cancel").json()["status"] == "cancelled"
    expiring.remove_inputs()
    assert api.get(f"/uploads/{image}").status_code == 404
    assert storage.size(key) == -1
    again = api.get(f"/generations/{made['id']}").json()
    assert (again["input"]["image"], again["status"]) == (image, "succeeded")
    assert again["video"]
    with tenancy.system("a test looks"):
        asked = Generation.objects.get(public_id=made["id"])
        assert asked.inputs_removed_at
    assert api.post("/generations", order).status_code == 422


@pytest.mark.parametrize(
    ("retention", "field"),
    [
        ({"days": 0}, "retention.days"),
        ({"days": 36_501}, "retention.days"),
        ({"days": "2"}, "retention.days"),
        ({}, "retention.days"),
        ({"days": 2, "hours": 1}, "retention.hours"),
        (2, "retention"),
    ],
)
def test_days_that_cannot_be_are_refused(
    api: Program, alice: Customer, retention: Any, field: str
) -> None:
    told = api.post("/generations", {**FILM, "retention": retention})
    assert told.status_code == 422
    assert [v["field"] for v in told.json()["violations"]] == [field]
    assert available(alice) == 10_000


def test_the_same_order_with_other_days_is_another(api: Program, alice: Customer) -> None:
    key = {"Idempotency-Key": "k"}
    first, again = (
        api.post("/generations", {**FILM, "retention": {"days": 2}}, headers=key) for _ in range(2)
    )
    assert first.json()["id"] == again.json()["id"]
    other = api.post("/generations", {**FILM, "retention": {"days": 3}}, headers=key)
    assert other.json()["code"] == "idempotency_key_reused"
    assert available(alice) == 9990
