"""Plans: chosen, renewed, changed, not paid for, cancelled; every month's credits exactly once."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import Organisation, Role
from billing import plans
from billing.models import Lot, Notice, Plan, Purchase, Subscription
from billing.payments import changes, customers, invoices, subscriptions, tariffs
from kling_saas.lib.refusals import Conflict, Forbidden
from tests.billing.payments.shop import Buyer
from tests.payments_sandbox.service import Service
from tests.waiting import until

PAYS, ASKS, REFUSES_LATER = "4242424242424242", "4000002760003184", "4000000000000341"
HOUR = 3600


def plan(name: str, cents: int, a_month: int, **fields: Any) -> Plan:
    """One that nobody else sells."""
    usual = {"rollover_credits": 100, "position": 99}
    return Plan.objects.create(
        slug=f"{name.lower()}-{secrets.token_hex(6)}", name=name, price_cents=cents,
        credits=a_month, **{**usual, **fields},
    )  # fmt: skip


def running(buyer: Buyer) -> Subscription:
    found = subscriptions.of(buyer.id)
    assert found is not None
    return found


def subscribe(payments: Service, buyer: Buyer, what: Plan, number: str = PAYS) -> Subscription:
    """Choose a plan, and pay for it on the payment service's page."""
    before = len(months(buyer))
    answer = payments.pay(changes.choose(buyer.actor, what), number)
    if number == ASKS:
        payments.bank(answer, "complete")
    until(lambda: len(months(buyer)) > before, what="the plan's credits")
    return running(buyer)


def months(buyer: Buyer) -> list[tuple[int, int]]:
    """Credits granted and cents of each month that was paid, oldest first."""
    with tenancy.scope(buyer.id):
        lots = Lot.objects.filter(source="plan").order_by("pk")
        return list(lots.values_list("granted", "cents"))


def next_month(payments: Service, plan: Subscription) -> None:
    """Its renewal is due, and its invoice is no draft any more."""
    item = payments.v1.subscriptions.retrieve(plan.stripe_id).to_dict()["items"]["data"][0]
    payments.advance(to=item["current_period_end"] + 2 * HOUR)


def left(buyer: Buyer) -> int:
    with tenancy.scope(buyer.id):
        return sum(Lot.objects.filter(source="plan").values_list("remaining", flat=True))


def test_a_month_is_granted_once_renewed_with_what_rolls_over_and_ended_when_cancelled(
    payments: Service,
) -> None:
    buyer, small = Buyer(), plan("Small", 2500, 1000, concurrency=7)
    begun = subscribe(payments, buyer, small)
    assert months(buyer) == [(1000, 2500)]
    assert plans.plan_of(buyer.id) == small
    with pytest.raises(Conflict):
        changes.choose(buyer.actor, small)
    next_month(payments, begun)
    until(lambda: len(months(buyer)) == 2, what="the second month")
    assert (left(buyer), buyer.gained) == (1100, 1100)  # 100 of the first month were kept
    assert buyer.proven()

    assert changes.cancel(buyer.actor).cancels_at is not None
    assert changes.stay(buyer.actor).cancels_at is None
    changes.cancel(buyer.actor)
    next_month(payments, begun)
    until(lambda: subscriptions.of(buyer.id) is None, what="the end of the plan")
    assert plans.plan_of(buyer.id) is None
    assert months(buyer) == [(1000, 2500)] * 2
    assert buyer.proven()


def test_a_dearer_plan_begins_at_once_and_a_cheaper_one_at_the_next_renewal(
    payments: Service,
) -> None:
    buyer = Buyer()
    small = plan("Small", 2500, 1000)
    large = plan("Large", 9600, 4000, rollover_credits=4500, dispatch_weight=5)
    forgotten = changes.choose(buyer.actor, small)
    first = subscribe(payments, buyer, small)
    second = subscribe(payments, buyer, large)
    assert payments.pay(forgotten).status_code == 410  # it would end the dearer plan
    assert (second.plan, left(buyer)) == (large, 5000)  # what the smaller one gave is kept
    ended = payments.v1.subscriptions.retrieve(first.stripe_id)
    assert ended.status == "canceled"
    with tenancy.scope(buyer.id):
        assert Organisation.objects.get(pk=buyer.id).dispatch_weight == 5

    assert changes.choose(buyer.actor, small) == ""
    waits = running(buyer)
    assert (waits.plan, waits.next_plan) == (large, small)
    assert changes.choose(buyer.actor, large) == ""  # it was meant otherwise
    assert running(buyer).next_plan is None
    changes.choose(buyer.actor, small)
    next_month(payments, second)
    until(lambda: running(buyer).plan == small, what="the cheaper plan")
    assert months(buyer) == [(1000, 2500), (4000, 9600), (1000, 2500)]
    assert left(buyer) == 4500 + 1000  # the month that was over was one of the dearer plan
    next_month(payments, second)
    until(lambda: len(months(buyer)) == 4, what="the month after")
    assert left(buyer) == 100 + 1000
    assert buyer.proven()


def test_a_month_that_is_heard_of_late_changes_no_plan_and_its_credits_can_be_spent(
    silent: Service,
) -> None:
    buyer = Buyer()
    small, large = plan("Small", 2500, 1000), plan("Large", 9600, 4000)
    silent.pay(changes.choose(buyer.actor, large))
    (paid,) = silent.v1.subscriptions.list({"price": tariffs.price_of(large)}).data
    latest = str(paid.latest_invoice)
    invoices.sync(latest)
    begun = running(buyer)
    changes.choose(buyer.actor, small)
    next_month(silent, begun)
    late = str(silent.v1.subscriptions.retrieve(begun.stripe_id).latest_invoice)
    changes.choose(buyer.actor, large)
    next_month(silent, begun)
    invoices.sync(str(silent.v1.subscriptions.retrieve(begun.stripe_id).latest_invoice))
    changes.choose(buyer.actor, small)
    with override_settings(PLAN_GRACE_DAYS=-1000):  # as if it had come much later
        invoices.sync(late)
    assert (running(buyer).plan, running(buyer).next_plan) == (large, small)
    assert [given for given, _cents in months(buyer)] == [4000, 4000, 1000]
    with tenancy.scope(buyer.id):
        newest = Lot.objects.filter(source="plan").latest("pk")
    assert newest.expires_at - timezone.now() > timedelta(days=6)
    assert buyer.proven()


def test_of_two_plans_that_were_paid_the_older_ends_whichever_is_heard_of_first(
    silent: Service,
) -> None:
    buyer, small, large = Buyer(), plan("Small", 2500, 1000), plan("Large", 9600, 4000)
    silent.pay(changes.choose(buyer.actor, small))
    known = customers.find(buyer.id)
    assert known is not None
    silent.advance(days=1)
    other = silent.session(
        "subscription", customer=known.stripe_id,
        line_items=[{"quantity": 1, "price": tariffs.price_of(large)}],
    )  # fmt: skip
    silent.pay(str(other.url))
    newer, older = silent.v1.subscriptions.list({"customer": known.stripe_id}).data
    for one in (newer, older, newer):
        invoices.sync(str(one.latest_invoice))
    assert sorted(months(buyer)) == [(1000, 2500), (4000, 9600)]
    ends = [silent.v1.subscriptions.retrieve(one.id).status for one in (newer, older)]
    assert (ends, running(buyer).plan) == (["active", "canceled"], large)


def test_of_two_pages_that_are_opened_at_once_one_can_be_paid(silent: Service) -> None:
    buyer, small, large = Buyer(), plan("Small", 2500, 1000), plan("Large", 9600, 4000)
    customer = customers.ensure(buyer.id).stripe_id
    for each in (small, large):
        tariffs.price_of(each)
    together = Barrier(2)

    def choose(what: Plan) -> str:
        together.wait()
        try:
            return changes.choose(buyer.actor, what)
        except Conflict as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(choose, [small, large]))
    assert len(silent.v1.checkout.sessions.list({"customer": customer, "status": "open"})) == 1


def test_what_is_prorated_grants_nothing(payments: Service) -> None:
    buyer = Buyer()
    small, large = plan("Small", 2500, 1000), plan("Large", 9600, 4000)
    begun = subscribe(payments, buyer, small)
    thing = payments.v1.subscriptions.retrieve(begun.stripe_id).to_dict()
    change = [{"id": thing["items"]["data"][0]["id"], "price": tariffs.price_of(large)}]
    params: Any = {"items": change, "proration_behavior": "always_invoice"}
    payments.v1.subscriptions.update(begun.stripe_id, params)  # as an operator may, over there
    until(lambda: running(buyer).next_plan == large, what="the news of the change")
    invoice = payments.v1.invoices.list({"subscription": begun.stripe_id}).data[0]
    assert (invoice.billing_reason, invoice.status) == ("subscription_update", "paid")
    next_month(payments, begun)
    until(lambda: running(buyer).plan == large, what="the renewal")
    assert [given for given, _cents in months(buyer)] == [1000, 4000]
    assert buyer.proven()


def test_a_bank_that_asks_is_answered_and_a_renewal_that_fails_can_be_paid(
    payments: Service,
) -> None:
    buyer, small = Buyer(), plan("Small", 2500, 1000)
    begun = subscribe(payments, buyer, small, ASKS)
    thing = payments.v1.subscriptions.retrieve(begun.stripe_id).to_dict()
    bad = payments.v1.payment_methods.attach(
        "pm_card_chargeCustomerFail", {"customer": thing["customer"]}
    )
    payments.v1.subscriptions.update(begun.stripe_id, {"default_payment_method": bad.id})
    next_month(payments, begun)
    until(lambda: running(buyer).pay_url, what="the news that it was not paid")
    assert running(buyer).status == "past_due"
    assert plans.plan_of(buyer.id) == small  # while it is tried
    with tenancy.scope(buyer.id):
        assert Notice.objects.filter(kind="payment_failed").count() == 1
    payments.pay(running(buyer).pay_url)
    until(lambda: len(months(buyer)) == 2, what="the second month")
    assert running(buyer).pay_url == ""
    assert buyer.proven()


def test_nobody_without_the_right_chooses_or_ends_a_plan(payments: Service) -> None:
    buyer, small = Buyer(), plan("Small", 2500, 1000)
    clerk = Actor(organisation_id=buyer.id, livemode=True, user_id=1, role=Role.CREATOR)
    for act in (
        lambda: changes.choose(clerk, small), lambda: changes.cancel(clerk),
        lambda: changes.portal(clerk),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            act()
    assert changes.portal(buyer.actor).startswith(payments.url)
    with tenancy.scope(buyer.id):
        assert not Purchase.objects.exists()


def test_the_pages_of_a_plan(site: str, silent: Service) -> None:
    buyer, small = Buyer(), plan("Small", 2500, 1000)
    plan("Large", 9700, 4100, concurrency=7, retention_days=30)
    web, address = buyer.browser(site), f"{site}/billing/plan?paid={small.slug}"
    choose = f'name="plan" value="{small.slug}"'
    assert choose in web.get(f"{site}/billing/plan", timeout=60).text
    sent = web.post(
        f"{site}/billing/checkout", {"plan": small.slug}, allow_redirects=False, timeout=60
    )
    assert sent.status_code == 303
    back = silent.pay(sent.headers["location"]).headers["location"]
    assert back.startswith(f"{address}&session=cs_")
    awaited = web.get(back, timeout=60).text
    assert "Your payment for Small is being confirmed." in awaited
    assert choose not in awaited
    # Whoever presses an older page's button pays nothing twice.
    again = web.post(f"{site}/billing/checkout", {"plan": small.slug}, timeout=60).text
    assert "its payment is being confirmed" in again
    # The address of a payment of long ago awaits nothing: the buttons are back.
    inside = SessionStore({one.name: one.value for one in web.cookies}["sessionid"])
    assert inside["plan_awaited"][0] == f"{small.slug} {back.partition('session=')[2]}"
    inside["plan_awaited"][1] -= 600
    inside.save()
    assert choose in web.get(back, timeout=60).text
    (paid,) = silent.v1.subscriptions.list({"price": tariffs.price_of(small)}).data
    invoices.sync(str(paid.latest_invoice))
    page = web.get(back, timeout=60).text
    assert "being confirmed" not in page
    assert "Small is paid" not in page
    inside["plan_awaited"][1] += 600
    inside.save()
    page = web.get(back, timeout=60).text
    assert "Small is paid: 1,000 credits are in your wallet." in page
    with tenancy.scope(buyer.id):
        month = Purchase.objects.get()
    assert f'href="/billing/purchases/{month.public_id}"' in page
    told = web.get(f"{site}/billing/purchases/{month.public_id}", timeout=60).text
    assert "<dt>Plan</dt><dd>Small</dd><dt>Month paid until</dt>" in told
    assert f'datetime="{month.period_ends_at:%Y-%m-%dT%H:%M:%SZ}" data-when="day"' in told
    assert "being confirmed" not in page
    assert "1,000 credits, $25.00" in page
    assert "$25.00" in web.get(f"{site}/billing/invoices", timeout=60).text

    # What another plan costs and changes is said before it is confirmed.
    assert "You pay $97.00 now, a full month without tax." in page
    assert "4,100 credits come as soon as it is paid." in page
    assert "Films are kept for good" in page  # as everybody's here, whatever less a plan says
    assert "for 30 days" not in page
    assert "Large renews a month after you pay, for $97.00." in page
    tiny, change = plan("Tiny", 900, 300), f"{site}/billing/checkout"
    page = web.post(change, {"plan": tiny.slug}, timeout=60).text
    assert "Tiny follows on <time" in page
    assert "Stay with Small" in page
    assert f'name="plan" value="{tiny.slug}"' not in page
    page = web.post(change, {"plan": small.slug}, timeout=60).text
    assert "You stay with Small: it renews on <time" in page

    assert "up to 100 of your plan’s are kept at renewal" in page
    ended = web.post(f"{site}/billing/plan/cancel", timeout=60).text
    assert "The plan ends on <time" in ended
    assert "Keep the plan after all" in ended
    assert "up to 100 of your plan’s are kept at renewal" not in ended
    with tenancy.scope(buyer.id):
        last = Lot.objects.get(source="plan").expires_at
    assert f'until <time datetime="{last:%Y-%m-%dT%H:%M:%SZ}"' in ended
    assert "renews on" in web.post(f"{site}/billing/plan/cancel", {"stay": "yes"}, timeout=60).text
    there = web.post(f"{site}/billing/portal", allow_redirects=False, timeout=60)
    assert there.headers["location"].startswith(silent.url)
