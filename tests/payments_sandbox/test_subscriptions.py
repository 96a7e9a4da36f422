"""Subscriptions: renewals by the sandbox's clock, dunning, changes with proration, the portal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from tests.payments_sandbox.service import HERE, Payments, unknown_fields
from tests.waiting import until


def item_of(subscription: stripe.Subscription) -> dict[str, Any]:
    """The only item."""
    (item,) = subscription.to_dict()["items"]["data"]
    return dict(item)


def invoices_of(payments: Payments, subscription: str) -> list[stripe.Invoice]:
    """Oldest first."""
    return list(payments.v1.invoices.list({"subscription": subscription}))[::-1]


def prorated(invoice: stripe.Invoice) -> list[tuple[int, bool]]:
    """The amount of each line, and whether it is a proration."""
    return [
        (line["amount"], line["parent"]["subscription_item_details"]["proration"])
        for line in invoice.to_dict()["lines"]["data"]
    ]


def test_a_month_follows_a_month(payments: Payments) -> None:
    begun = payments.subscribe(
        payments.customer("pm_card_visa"), payments.price(2000), metadata={"organisation": "o"}
    )
    assert unknown_fields(begun) == []
    item = item_of(begun)
    start, end = (
        datetime.fromtimestamp(item[f"current_period_{at}"], UTC) for at in ("start", "end")
    )
    assert (end.month - start.month) % 12 == 1
    payments.advance(to=item["current_period_end"] + 1)
    draft = invoices_of(payments, begun.id)[-1]
    assert (draft.status, draft.billing_reason) == ("draft", "subscription_cycle")
    payments.advance(to=item["current_period_end"] + 3700)
    first, second = invoices_of(payments, begun.id)
    assert (first.billing_reason, second.status) == ("subscription_create", "paid")
    assert second.lines.data[0].period.start == item["current_period_end"]
    assert str(second.number).endswith("-0002")
    assert payments.events(second.id) == [
        "invoice.created", "invoice.finalized", "invoice.paid", "invoice.payment_succeeded",
    ]  # fmt: skip
    told = payments.v1.events.list({"type": "invoice.upcoming"}).data[0].data.object.to_dict()
    assert (told["customer"], "id" in told) == (begun.customer, False)


def test_a_refused_renewal_is_tried_again_and_mended(payments: Payments) -> None:
    ada = payments.customer("pm_card_visa")
    begun = payments.subscribe(ada, payments.price(2000))
    bad = payments.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": ada.id})
    payments.v1.subscriptions.update(begun.id, {"default_payment_method": bad.id})
    payments.advance(to=item_of(begun)["current_period_end"] + 3700)
    late = payments.v1.subscriptions.retrieve(begun.id, {"expand": ["latest_invoice"]})
    assert isinstance(late.latest_invoice, stripe.Invoice)
    assert (late.status, late.latest_invoice.status, late.latest_invoice.attempt_count) == (
        "past_due", "open", 1,
    )  # fmt: skip
    assert payments.v1.customers.retrieve(ada.id).delinquent is True
    good = payments.v1.payment_methods.attach("pm_card_visa", {"customer": ada.id})
    payments.v1.subscriptions.update(begun.id, {"default_payment_method": good.id})
    payments.advance(to=int(late.latest_invoice.next_payment_attempt or 0))
    assert payments.v1.subscriptions.retrieve(begun.id).status == "active"
    assert payments.v1.invoices.retrieve(late.latest_invoice.id).attempt_count == 2
    assert payments.v1.customers.retrieve(ada.id).delinquent is False


def test_a_renewal_in_vain_ends_the_subscription(payments: Payments) -> None:
    ada = payments.customer("pm_card_visa")
    begun = payments.subscribe(ada, payments.price(2000))
    bad = payments.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": ada.id})
    payments.v1.subscriptions.update(begun.id, {"default_payment_method": bad.id})
    payments.advance(to=item_of(begun)["current_period_end"] + 16 * 24 * 3600)
    ended = payments.v1.subscriptions.retrieve(begun.id)
    assert ended.cancellation_details is not None
    assert (ended.status, ended.cancellation_details.reason) == ("canceled", "payment_failed")
    invoice = invoices_of(payments, begun.id)[-1]
    assert (invoice.status, invoice.attempt_count, invoice.next_payment_attempt) == (
        "open", 4, None,
    )  # fmt: skip
    assert payments.events(invoice.id).count("invoice.payment_failed") == 4
    assert payments.v1.invoices.void_invoice(invoice.id).status == "void"


def test_a_renewal_may_need_its_customer(payments: Payments) -> None:
    ada = payments.customer("pm_card_visa")
    begun = payments.subscribe(ada, payments.price(2000))
    asks = payments.v1.payment_methods.attach(
        "pm_card_authenticationRequired", {"customer": ada.id}
    )
    payments.v1.subscriptions.update(begun.id, {"default_payment_method": asks.id})
    payments.advance(to=item_of(begun)["current_period_end"] + 3700)
    invoice = invoices_of(payments, begun.id)[-1]
    assert payments.events(invoice.id)[-2:] == [
        "invoice.payment_action_required", "invoice.payment_failed",
    ]  # fmt: skip
    answer = payments.pay(str(invoice.hosted_invoice_url), "4000002760003184")
    payments.bank(answer, "complete")
    assert payments.v1.invoices.retrieve(invoice.id).status == "paid"
    assert payments.v1.subscriptions.retrieve(begun.id).status == "active"


def test_an_upgrade_is_paid_at_once_by_the_second(payments: Payments) -> None:
    begun = payments.subscribe(payments.customer("pm_card_visa"), payments.price(2000))
    item = item_of(begun)
    start, end = item["current_period_start"], item["current_period_end"]
    half = (start + end) // 2
    change: dict[str, Any] = {
        "items": [{"id": item["id"], "price": payments.price(5000)}],
        "proration_behavior": "always_invoice",
        "proration_date": half,
    }
    preview = payments.v1.invoices.create_preview(
        {"subscription": begun.id, "subscription_details": change}
    )
    assert unknown_fields(preview) == []
    assert preview.id.startswith("upcoming_in_")
    changed = payments.v1.subscriptions.update(begun.id, change)
    invoice = invoices_of(payments, begun.id)[-1]
    assert (invoice.billing_reason, invoice.status) == ("subscription_update", "paid")
    credit, debit = prorated(invoice)
    left, whole = end - half, end - start
    assert credit == (-((2 * 2000 * left + whole) // (2 * whole)), True)
    assert debit == ((2 * 5000 * left + whole) // (2 * whole), True)
    assert prorated(preview) == [credit, debit]
    assert invoice.amount_paid == preview.amount_due == credit[0] + debit[0]
    assert item_of(changed)["current_period_end"] == end


def test_a_downgrade_waits_for_the_next_invoice(payments: Payments) -> None:
    begun = payments.subscribe(payments.customer("pm_card_visa"), payments.price(5000))
    item = item_of(begun)
    payments.v1.subscriptions.update(
        begun.id,
        {
            "items": [{"id": item["id"], "price": payments.price(2000)}],
            "proration_date": item["current_period_start"],
        },
    )
    assert len(invoices_of(payments, begun.id)) == 1
    payments.advance(to=item["current_period_end"] + 3700)
    invoice = invoices_of(payments, begun.id)[-1]
    assert prorated(invoice) == [(-5000, True), (2000, True), (2000, False)]
    # Less than nothing is credit for the invoice after.
    assert (invoice.total, invoice.amount_due, invoice.ending_balance) == (-1000, 0, -1000)
    assert payments.v1.customers.retrieve(str(begun.customer)).balance == -1000


def test_a_year_begins_anew(payments: Payments) -> None:
    begun = payments.subscribe(payments.customer("pm_card_visa"), payments.price(2000))
    item = item_of(begun)
    changed = payments.v1.subscriptions.update(
        begun.id,
        {
            "items": [{"id": item["id"], "price": payments.price(20_000, "year")}],
            "proration_date": item["current_period_start"],
        },
    )
    assert changed.billing_cycle_anchor >= begun.billing_cycle_anchor
    assert item_of(changed)["current_period_end"] - changed.billing_cycle_anchor >= 365 * 86400
    assert prorated(invoices_of(payments, begun.id)[-1]) == [(-2000, True), (20_000, False)]


def test_a_change_that_is_not_paid_can_be_no_change(payments: Payments) -> None:
    ada = payments.customer("pm_card_visa")
    begun = payments.subscribe(ada, payments.price(2000))
    bad = payments.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": ada.id})
    payments.v1.subscriptions.update(begun.id, {"default_payment_method": bad.id})
    change: dict[str, Any] = {
        "items": [{"id": item_of(begun)["id"], "price": payments.price(9000)}],
        "proration_behavior": "always_invoice",
    }
    with pytest.raises(stripe.CardError):
        payments.v1.subscriptions.update(
            begun.id,
            {**change, "payment_behavior": "error_if_incomplete"},
        )
    same = payments.v1.subscriptions.retrieve(begun.id)
    assert (same.status, item_of(same)["price"]["unit_amount"]) == ("active", 2000)
    assert len(invoices_of(payments, begun.id)) == 1
    changed = payments.v1.subscriptions.update(begun.id, change)
    assert (changed.status, item_of(changed)["price"]["unit_amount"]) == ("past_due", 9000)


def test_a_change_may_wait_for_its_payment(payments: Payments) -> None:
    ada = payments.customer("pm_card_visa")
    begun = payments.subscribe(ada, payments.price(2000))
    asks = payments.v1.payment_methods.attach(
        "pm_card_authenticationRequired", {"customer": ada.id}
    )
    payments.v1.subscriptions.update(begun.id, {"default_payment_method": asks.id})
    change: dict[str, Any] = {
        "items": [{"id": item_of(begun)["id"], "price": payments.price(9000)}],
        "proration_behavior": "always_invoice",
        "payment_behavior": "pending_if_incomplete",
        "expand": ["latest_invoice.confirmation_secret"],
    }
    for paid in (False, True):
        waiting = payments.v1.subscriptions.update(begun.id, change)
        assert waiting.pending_update is not None
        assert (waiting.status, item_of(waiting)["price"]["unit_amount"]) == ("active", 2000)
        assert unknown_fields(waiting) == []
        if paid:
            secret = waiting.to_dict()["latest_invoice"]["confirmation_secret"]["client_secret"]
            intent = secret.partition("_secret")[0]
            payments.http.post(f"/3ds/{intent}", data={"answer": "complete"})
        else:
            payments.advance(days=1)
            assert invoices_of(payments, begun.id)[-1].status == "void"
        after = payments.v1.subscriptions.retrieve(begun.id)
        assert after.pending_update is None
        assert item_of(after)["price"]["unit_amount"] == (9000 if paid else 2000)
    assert payments.events(begun.id)[-1] == "customer.subscription.pending_update_applied"


def test_a_discount_ends_with_its_time(payments: Payments) -> None:
    coupon = payments.v1.coupons.create({"percent_off": 50, "duration": "once"})
    begun = payments.subscribe(
        payments.customer("pm_card_visa"),
        payments.price(2000),
        discounts=[{"coupon": coupon.id}],
    )
    assert begun.discounts == []
    payments.advance(to=item_of(begun)["current_period_end"] + 3700)
    assert [one.amount_paid for one in invoices_of(payments, begun.id)] == [1000, 2000]


def portal(payments: Payments, customer: str, plan: str) -> str:
    """The address of a customer's portal where one plan can be switched to."""
    plans = [{"product": str(payments.v1.prices.retrieve(plan).product), "prices": [plan]}]
    on = {"enabled": True}
    configuration = payments.v1.billing_portal.configurations.create(
        {
            "features": {
                "subscription_cancel": on,
                "payment_method_update": on,
                "invoice_history": on,
                "subscription_update": {
                    "enabled": True,
                    "default_allowed_updates": ["price"],
                    "proration_behavior": "always_invoice",
                    "products": plans,
                },
            }
        }
    )
    session = payments.v1.billing_portal.sessions.create(
        {"customer": customer, "configuration": configuration.id, "return_url": HERE}
    )
    assert unknown_fields(session) + unknown_fields(configuration) == []
    return session.url


def press(payments: Payments, url: str, **form: str) -> None:
    """One of the portal's buttons."""
    assert payments.http.post(url, data=form).status_code == 303


def test_cancelled_and_kept_in_the_portal(payments: Payments) -> None:
    small, large = payments.price(2000, name="Small"), payments.price(5000, name="Large")
    ada = payments.customer("pm_card_visa")
    begun = payments.subscribe(ada, small)
    url = portal(payments, ada.id, large)
    page = payments.http.get(url).text
    assert "Small (at $20.00 / month)" in page
    assert "Switch to Large (at $50.00 / month)" in page

    press(payments, url, act="cancel", subscription=begun.id)
    ending = payments.v1.subscriptions.retrieve(begun.id)
    assert ending.cancel_at == item_of(begun)["current_period_end"]
    assert "Keep it" in payments.http.get(url).text
    press(payments, url, act="resume", subscription=begun.id)
    press(payments, url, act="switch", subscription=begun.id, price=large)
    assert item_of(payments.v1.subscriptions.retrieve(begun.id))["price"]["id"] == large
    wrong = payments.http.post(url, data={"act": "switch", "price": small})
    assert wrong.status_code == 402
    press(payments, url, act="cancel", subscription=begun.id)
    payments.advance(to=item_of(begun)["current_period_end"])
    assert payments.v1.subscriptions.retrieve(begun.id).status == "canceled"
    until(
        lambda: payments.events(begun.id)[-1:] == ["customer.subscription.deleted"],
        what="the news of its end",
    )


def test_cards_are_changed_in_the_portal(payments: Payments) -> None:
    price = payments.price(2000)
    ada = payments.customer("pm_card_visa")
    begun = payments.subscribe(ada, price)
    url = portal(payments, ada.id, price)
    assert payments.pay(url, "5555555555554444", act="card").status_code == 303
    known = payments.v1.customers.retrieve(ada.id)
    assert known.invoice_settings is not None
    method = payments.v1.payment_methods.retrieve(
        str(known.invoice_settings.default_payment_method)
    )
    assert (method.card and method.card.brand) == "mastercard"
    back = payments.bank(payments.pay(url, "4000002500003155", act="card"), "complete")
    assert back.headers["location"] == url
    press(payments, url, act="default", method=method.id)
    last = payments.v1.customers.payment_methods.list(ada.id).data[0]
    press(payments, url, act="remove", method=last.id)
    assert "•••• 3155" not in payments.http.get(url).text
    kept = payments.v1.subscriptions.retrieve(begun.id)
    assert kept.default_payment_method == method.id
