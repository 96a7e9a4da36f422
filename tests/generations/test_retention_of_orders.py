"""An order may ask that its film, and what it began with, go sooner than the plan says."""

from __future__ import annotations

import base64
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
from generations import cancelling, expiring, retention, storage
from generations.models import Generation, Upload
from tests.accounts.test_end_users import minted
from tests.billing.test_plan_prices import subscribe
from tests.generations.orders import actor, parked
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


def asking(of: Customer, kept: int, **fields: Any) -> Generation:
    """An order that nobody makes, and that asks for so many days."""
    order = parked(of, **fields)
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


def shade() -> str:
    return f"#{secrets.token_hex(3)}"


def picture_bytes(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (400, 400), colour).save(out, "PNG")
    return out.getvalue()


def sent(api: Program, content: bytes) -> str:
    told = api.post("/uploads", data=content, headers={"Content-Type": "image/png"})
    return str(told.json()["id"])


def picture(api: Program, colour: str) -> str:
    return sent(api, picture_bytes(colour))


def finished_days_ago(count: float, public_id: str) -> None:
    with tenancy.system("a test turns the clock"):
        Generation.objects.filter(public_id=public_id).update(
            finished_at=timezone.now() - count * DAY
        )


def test_what_it_began_with_goes_as_many_days_after_its_end(api: Program, alice: Customer) -> None:
    image = picture(api, shade())
    with tenancy.scope(alice.organisation.pk):
        key = Upload.objects.get(public_id=image).key
    order = {"model": "kling-v2-1", "prompt": "It moves", "image": image, "retention": {"days": 3}}
    made = settled(api, api.post("/generations", order).json()["id"])
    assert made["status"] == "succeeded"
    finished_days_ago(2.9, made["id"])
    expiring.remove_inputs()
    assert api.get(f"/uploads/{image}").ok

    waits = asking(alice, 3, model="kling-v2-1", image=image)
    finished_days_ago(3.1, made["id"])
    expiring.remove_inputs()
    assert api.get(f"/uploads/{image}").ok  # another begins with it
    assert api.post(f"/generations/{waits.public_id}/cancel").json()["status"] == "cancelled"
    finished_days_ago(2.9, waits.public_id)
    expiring.remove_inputs()
    assert api.get(f"/uploads/{image}").ok
    finished_days_ago(3.1, waits.public_id)
    expiring.remove_inputs()
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


def ordered_and_over(program: Program, image: str, **more: Any) -> str:
    """The id of an order that begins with it, called off and older than it asked for."""
    order = {"model": "kling-v2-1", "prompt": "It moves", "image": image, **more}
    told = program.post("/generations", order)
    assert told.status_code == 202, told.text
    public_id = str(told.json()["id"])
    settled(program, public_id)
    finished_days_ago(9, public_id)
    return public_id


def test_an_order_deletes_nothing_that_others_sent_or_still_count_on(
    api: Program, site: str, alice: Customer
) -> None:
    ann, ben = (native(site, minted(alice, name)) for name in ("ann", "ben"))
    soon = {"retention": {"days": 1}}
    the_servers, anns, both, inline = (picture_bytes(shade()) for _ in range(4))

    kept = sent(api, the_servers)
    ordered_and_over(ben, kept, **soon)
    again = base64.b64encode(the_servers).decode()
    ordered_and_over(ben, again, **soon)  # the same bytes are the same upload
    hers = sent(ann, anns)
    ordered_and_over(ben, hers, **soon)
    theirs = sent(ann, both)
    assert sent(ben, both) == theirs
    ordered_and_over(ben, theirs, **soon)
    expiring.remove_inputs()
    for name in (kept, hers, theirs):
        assert api.get(f"/uploads/{name}").ok

    ordered_and_over(ann, hers, **soon)  # her own order of her own file
    ordered_and_over(api, kept, **soon)
    expiring.remove_inputs()
    for name in (hers, kept):
        assert api.get(f"/uploads/{name}").status_code == 404

    # What came in orders alone: one of them asked for nothing.
    brought = base64.b64encode(inline).decode()
    first = ordered_and_over(ben, brought, **soon)
    ordered_and_over(ann, brought)
    expiring.remove_inputs()
    name = api.get(f"/generations/{first}").json()["input"]["image"]
    assert api.get(f"/uploads/{name}").ok


def test_files_that_stay_keep_nobody_elses_from_going(api: Program, alice: Customer) -> None:
    image, bob = picture(api, shade()), funded("bob")
    parked(alice, model="kling-v2-1", image=image)  # it is needed for as long as this waits
    for _ in range(101):
        over = asking(alice, 1, model="kling-v2-1", image=image)
        cancelling.cancel(actor(alice), over.public_id)
        finished_days_ago(9, over.public_id)
    others = native(api.root.removesuffix("/api/v1"), bob.test_key)
    his = picture(others, shade())
    ordered_and_over(others, his, retention={"days": 3})
    expiring.remove_inputs()
    assert others.get(f"/uploads/{his}").status_code == 404
    assert api.get(f"/uploads/{image}").ok


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
