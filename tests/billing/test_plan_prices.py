"""What a plan changes: prices that are the same at every door, and room among others."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone

from accounts import tenancy
from accounts.models import Organisation
from billing import plans, prices
from billing.models import Plan, PlanPrice, Subscription
from generations.catalogue import billable, validation
from tests.billing import purse
from tests.generations.programs import FILM, Program, funded, native, settled
from tests.people import Customer
from tests.waiting import until

LIST, OURS = 10, 7  # credits of FILM


@pytest.fixture
def plan() -> Iterator[Plan]:
    made = Plan.objects.create(
        slug=f"plan-{secrets.token_hex(4)}", name="Film club", credits=500, price_cents=1_000,
        dispatch_weight=5, active=False,
    )  # fmt: skip
    yield made
    made.prices.all().delete()


def subscribe(organisation_id: int, plan: Plan, **fields: Any) -> Subscription:
    with tenancy.scope(organisation_id):
        made: Subscription = Subscription.objects.create(
            **{
                "organisation_id": organisation_id, "livemode": True, "vendor": "sandbox",
                "stripe_id": f"sub_{secrets.token_hex(8)}", "plan": plan, "status": "active",
                **fields,
            }
        )  # fmt: skip
    return made


def price_film(plan: Plan) -> None:
    row = next(p for p in billable.list_prices() if (p.sku, p.credits) == ("kling-v1", LIST))
    PlanPrice.objects.create(plan=plan, sku=row.sku, key=row.key, unit=row.unit, credits=OURS)


def dry(program: Program) -> int:
    return int(program.post("/generations", {**FILM, "dry_run": True}).json()["credits"])


def browser(customer: Customer) -> Client:
    client = Client(headers={"host": "localhost"})
    client.force_login(customer.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def studio(customer: Customer) -> str:
    answer = browser(customer).get("/app/studio", {"model": "kling-v1", "prompt": "A boat"})
    return answer.content.decode()


def cheapest(site: str, path: str, **headers: str) -> int:
    answer = requests.get(f"{site}/api/v1{path}", headers=headers, timeout=60).json()
    rows = answer["data"] if "data" in answer else answer["prices"]
    return min(row["credits"] for row in rows if row["sku"] == "kling-v1")


def test_a_subscribers_price_is_one_figure_at_every_door(plan: Plan, site: str) -> None:
    alice, bob = funded(), funded("bob")
    api, other = native(site, alice.test_key), native(site, bob.test_key)
    price_film(plan)
    subscription = subscribe(alice.organisation.pk, plan)
    until(lambda: dry(api) == OURS, what="the plan's price in every process")

    quote = api.post("/quotes", FILM).json()
    assert (quote["credits"], quote["line_items"][0]["unit_credits"]) == (OURS, OURS)
    before = api.get("/wallet").json()["available"]
    order = api.post("/generations", {**FILM, "quote_id": quote["id"], "max_cost": OURS})
    assert order.json()["credits"]["held"] == OURS
    ended = settled(api, order.json()["id"])
    assert ended["credits"]["charged"] == OURS
    assert api.get("/wallet").json()["available"] == before - OURS
    shown = until(
        lambda: (page := studio(alice)) and f'name="quoted" value="{OURS}"' in page and page,
        what="the plan's price in this process",
    )
    assert f'"kling-v1": {{"audio=none,mode=std,seconds=5": {OURS}' in shown

    said = {"Authorization": f"Bearer {alice.test_key}"}
    for path in ("/prices", "/models/kling-v1"):
        assert cheapest(site, path, **said) == OURS
        assert cheapest(site, path) == LIST
    assert dry(other) == LIST
    wrong = requests.get(
        f"{site}/api/v1/prices", headers={"Authorization": "Bearer ksk_live_x"}, timeout=60
    )
    assert wrong.status_code == 401

    with tenancy.scope(alice.organisation.pk):
        Subscription.objects.filter(pk=subscription.pk).update(status="canceled")
    until(lambda: dry(api) == LIST, what="the list price after the plan's end")


def test_a_price_of_a_plan_sells_nothing_that_is_not_on_the_list(plan: Plan) -> None:
    alice = purse.organisation().pk
    PlanPrice.objects.create(plan=plan, sku="bread", unit="clip", credits=1)
    subscribe(alice, plan)
    assert all(sku != "bread" for sku, _, _ in prices.book_of(alice).rows)


def test_a_plan_of_everybody_is_looked_up_without_seeing_more_of_them(plan: Plan) -> None:
    price_film(plan)
    alice, bob, ended, unpaid, others = (purse.organisation().pk for _ in range(5))
    for each in (alice, bob):
        subscribe(each, plan)
    subscribe(ended, plan, ended_at=timezone.now())
    subscribe(unpaid, plan, status="unpaid")
    subscribe(others, plan, vendor="live")
    with tenancy.scope(alice), connection.cursor() as cursor:
        cursor.execute(
            "SELECT organisation_id FROM billing_subscribers(%s, %s)", ["sandbox", ["active"]]
        )
        found = {row[0] for row in cursor.fetchall()}
        assert {alice, bob} == found & {alice, bob, ended, unpaid, others}
        assert {row.organisation_id for row in Subscription.objects.all()} == {alice}


def test_a_busy_door_asks_for_everybodys_plans_once_a_second_and_not_for_each(plan: Plan) -> None:
    price_film(plan)
    alice = purse.organisation().pk
    subscribe(alice, plan)
    item = billable.item(validation.check(FILM).params)
    until(lambda: prices.price([item], alice).credits == OURS, what="the plan's price")
    asked: list[str] = []

    def counted(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    others = [purse.organisation().pk for _ in range(30)]
    with connection.execute_wrapper(counted):
        due = {prices.price([item], other).credits for other in others}
    assert due == {LIST}
    subscribers = [sql for sql in asked if "billing_subscribers" in sql]
    assert len(subscribers) <= 2
    assert len(asked) <= 8  # the price book itself may have been read anew meanwhile


@pytest.mark.parametrize(
    ("fields", "has"),
    [
        ({}, True),
        ({"status": "trialing"}, True),
        ({"status": "past_due"}, True),
        ({"status": "incomplete"}, False),
        ({"status": "unpaid"}, False),
        ({"vendor": "live"}, False),
        ({"ended_at": "2026-11-01T00:00:00Z"}, False),
    ],
)
def test_the_plan_is_that_of_the_subscription_in_force(
    plan: Plan, fields: dict[str, Any], has: bool
) -> None:
    alice = purse.organisation().pk
    assert plans.plan_of(alice) is None
    subscribe(alice, plan, **fields)
    assert (plans.plan_of(alice) == plan) is has


LOCKED = {"model": "kling-v1-6", "prompt": "A paper boat"}  # 20 credits


def doors(site: str, key: str, order: dict[str, Any]) -> dict[str, requests.Response]:
    """The same order at every door that programs have."""
    bearer = {"Authorization": f"Bearer {key}"}
    text, v1 = "/v1/videos/text2video", f"{site}/api/v1"
    said: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
        "order": (f"{v1}/generations", order, bearer),
        "dry run": (f"{v1}/generations", {**order, "dry_run": True}, bearer),
        "quote": (f"{v1}/quotes", order, bearer),
        "kling": (f"{site}/kling{text}", order | {"model_name": order["model"]}, bearer),
        "llmprovider": (f"{site}/llmprovider{text}", order, bearer),
        "segmind": (
            f"{site}/segmind/v2/kling-1.6-text2video", {"prompt": "A boat"}, {"x-api-key": key}
        ),
    }  # fmt: skip
    return {
        name: requests.post(address, json=body, headers=headers, timeout=60)
        for name, (address, body, headers) in said.items()
    }


def test_what_a_plan_unlocks_is_ordered_by_its_subscribers_alone(plan: Plan, site: str) -> None:
    alice, bob = funded(), funded("bob")
    api, tests = native(site, alice.live_key), native(site, alice.test_key)
    dry = {**LOCKED, "dry_run": True}
    sold_no_more = Plan.objects.create(
        slug=f"{plan.slug}-old", name="Old club", credits=1, price_cents=1, active=False,
        unlocks=[LOCKED["model"]],
    )  # fmt: skip
    subscribe(bob.organisation.pk, sold_no_more)
    assert api.post("/generations", dry).json()["credits"] == 20
    quote = api.post("/quotes", LOCKED).json()["id"]
    Plan.objects.filter(pk=plan.pk).update(active=True, unlocks=[LOCKED["model"]], position=99)
    try:
        until(lambda: api.post("/generations", dry).status_code == 403, what="the lock")
        refused = doors(site, alice.live_key, LOCKED)
        said = refused["order"].json()
        assert (said["code"], said["sku"], said["plans"]) == (
            "plan_required", "kling-v1-6", [plan.slug],
        )  # fmt: skip
        assert said["detail"].startswith("Kling 1.6 comes with the plan Film club, which your ")
        assert "/billing/plan" in said["detail"]
        assert {answer.status_code for answer in refused.values()} == {403}
        assert refused["kling"].json()["code"] == 1103
        assert refused["segmind"].json() == {"error": said["detail"]}
        error = refused["llmprovider"].json()["error"]
        assert (error["type"], error["code"]) == ("permission_error", "plan_required")
        assert api.post("/generations", {**LOCKED, "quote_id": quote}).status_code == 403
        assert api.get("/wallet").json()["available"] == 60
        assert api.post("/generations", {**FILM, "dry_run": True}).status_code == 200
        assert tests.post("/generations", dry).status_code == 200
        assert native(site, bob.live_key).post("/generations", dry).status_code == 200

        assert api.get("/models/kling-v1-6").json()["plans"] == [plan.slug]
        assert api.get("/models/kling-v1").json()["plans"] == []
        rows = api.get("/prices").json()["data"]
        assert {row["sku"] for row in rows if row["plans"] == [plan.slug]} == {"kling-v1-6"}
        for path, words in (
            ("/models", "with the plan Film club"),
            ("/pricing", "Unlocks Kling 1.6"),
            ("/pricing", "Every model but Kling 1.6, on the website and over the API"),
            (f"/pricing/month?films=1&variant={LOCKED['model']}:std:none", f"#offer-{plan.slug}"),
        ):
            assert words in requests.get(site + path, timeout=60).text
        page = until(
            lambda: "with the plan Film club" in (page := studio(alice)) and page,
            what="the lock in this process",
        )
        assert 'value="kling-v1-6" disabled' in page
        assert "Kling 1.6 · with the plan Film club" in page  # where one may begin
        assert "data-generate hidden" not in page
        address = f"/app/studio?model={LOCKED['model']}"
        page = browser(alice).get(address).content.decode()
        assert "<strong>Kling 1.6: with the plan Film club" in page
        assert 'href="/billing/plan">See the plans</a>' in page
        assert "data-generate hidden>" in page
        controls = {"duration": "5", "aspect_ratio": "16:9", "cfg_scale": "0.5"}
        pressed = browser(alice).post("/app/studio", LOCKED | controls)
        assert pressed.status_code == 403
        assert 'or <a href="/billing/plan">see the plans</a>' in pressed.content.decode()

        subscription = subscribe(alice.organisation.pk, plan)
        until(lambda: api.post("/generations", dry).status_code == 200, what="the plan")
        once = {"Idempotency-Key": "once"}
        made = api.post("/generations", LOCKED, headers=once)
        assert made.status_code == 202
        with tenancy.scope(alice.organisation.pk):
            Subscription.objects.filter(pk=subscription.pk).update(ended_at=timezone.now())
        until(lambda: api.post("/generations", dry).status_code == 403, what="the plan's end")
        assert api.post("/generations", LOCKED, headers=once).content == made.content
        accepted = api.get(f"/generations/{made.json()['id']}").json()
        assert accepted["status"] in ("queued", "processing", "succeeded")
    finally:
        Plan.objects.filter(pk=plan.pk).update(active=False)
    until(lambda: api.post("/generations", dry).status_code == 200, what="that it is open to all")


def limits(organisation_id: int) -> tuple[int, int | None]:
    with tenancy.scope(organisation_id):
        found = Organisation.objects.get(pk=organisation_id)
    return found.dispatch_weight, found.concurrency


def set_by_operator(organisation_id: int, **figures: int | None) -> None:
    with tenancy.scope(organisation_id):
        Organisation.objects.filter(pk=organisation_id).update(**figures)


@override_settings(ORGANISATION_CONCURRENCY=3)
def test_a_plan_gives_its_limits_and_takes_them_back_when_it_ends(plan: Plan) -> None:
    plan.concurrency = 2  # fewer than anybody has: a plan takes nothing
    plan.save()
    alice = purse.organisation().pk
    assert plans.apply(alice) is False
    subscription = subscribe(alice, plan)
    assert plans.apply(alice) is True
    assert limits(alice) == (5, 3)
    Plan.objects.filter(pk=plan.pk).update(concurrency=20)
    assert plans.apply(alice) is True
    assert limits(alice) == (5, 20)
    with tenancy.scope(alice):
        Subscription.objects.filter(pk=subscription.pk).update(ended_at="2026-11-01T00:00:00Z")
    assert plans.apply(alice) is True
    assert limits(alice) == (1, 3)


def test_figures_that_an_operator_chose_are_left_alone_until_they_are_put_back(
    plan: Plan,
) -> None:
    alice = purse.organisation().pk
    set_by_operator(alice, concurrency=7)
    subscribe(alice, plan)
    assert plans.apply(alice) is False
    assert limits(alice) == (1, 7)
    set_by_operator(alice, concurrency=None)
    assert plans.apply(alice) is True
    assert limits(alice) == (5, None)
