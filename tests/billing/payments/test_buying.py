"""A pack is bought: what is asked, paid, granted and told, and what grants nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import override_settings

from accounts import tenancy
from accounts.models import Membership, OutboxMessage, Role
from billing.models import PaymentCustomer, Purchase
from billing.payments import customers, purchases
from billing.payments.errors import NotUnderstood, PaymentServiceDown
from kling_saas.lib.refusals import NotFound
from tests.billing.payments.shop import Buyer, pack
from tests.payments_sandbox.service import Service
from tests.people import lowered
from tests.stack import free_ports

DECLINED, ASKS = "4000000000009995", "4000002760003184"


def test_a_pack_is_paid_and_granted_once(site: str, payments: Service) -> None:
    alice, what = Buyer(), pack()
    browser = alice.browser(site)
    answer = browser.post(
        f"{site}/billing/checkout", data={"pack": what.slug}, timeout=60, allow_redirects=False
    )
    assert answer.status_code == 303, answer.text
    with tenancy.scope(alice.id):
        purchase = Purchase.objects.get(organisation_id=alice.id)
    assert answer.headers["Location"] == purchase.pay_url
    assert purchase.pay_url.startswith(payments.url)
    address = f"{site}/billing/purchases/{purchase.public_id}"
    waiting = browser.get(address, timeout=60).text
    assert "Waiting for the payment" in waiting
    assert "Payments are simulated: no card is charged." in waiting
    # What the bank said to an earlier try is no news to who comes from one that went through.
    with tenancy.scope(alice.id):
        Purchase.objects.filter(pk=purchase.pk).update(failure="Your card was declined.")
    unpaid = browser.get(address, timeout=60).text
    assert "Nothing was charged" in unpaid
    assert f'href="{purchase.pay_url}"' in unpaid
    waiting = browser.get(f"{address}?paid=1", timeout=60).text
    assert "Nothing was charged" not in waiting
    assert "Waiting for the payment" in waiting
    assert purchase.pay_url not in waiting  # it would read as "pay again"
    # Who only comes to the page of success has not paid.
    assert (alice.gained, alice.now(purchase).status) == (0, "open")

    shown = payments.http.get(purchase.pay_url).text
    assert "1,000 credits" in shown
    assert "$28.00" in shown
    assert payments.pay(purchase.pay_url).headers["location"] == f"{address}?paid=1"
    paid = alice.until(purchase, status="paid")
    assert (paid.paid_cents, paid.tax_cents, paid.discount_cents) == (2800, 0, 0)
    assert alice.lots(paid) == [("purchase", 1000, 2800), ("bonus", 50, 0)]
    assert (alice.gained, alice.acts(paid)) == (1050, ["purchase.paid"])
    assert alice.proven()
    with tenancy.scope(alice.id):
        lot = paid.organisation.lot_set.get(reference=f"purchase:{paid.public_id}")
        assert lot.expires_at - paid.paid_at == timedelta(days=365)
        known = PaymentCustomer.objects.get()
        assert (known.card_brand, known.card_last4, known.card_expires) == (
            "visa", "4242", "2034-12",
        )  # fmt: skip
        told = OutboxMessage.objects.get(subject=paid.public_id)
        assert (told.topic, told.livemode) == ("purchase.paid", True)
    assert "Gift with 1,000 credits" in browser.get(f"{site}/billing/statement", timeout=60).text
    page = browser.get(address, timeout=60).text
    assert "You bought 1,000 credits" in page
    assert paid.invoice_number
    assert f'href="{paid.invoice_url}">{paid.invoice_number}' in page
    invoice = payments.v1.invoices.retrieve(str(paid.invoice_id))
    assert (invoice.amount_paid, invoice.metadata["purchase"]) == (2800, paid.public_id)
    mallory = Buyer().browser(site)
    assert mallory.get(address, timeout=60).status_code == 404


def test_a_refused_card_is_told_in_the_banks_words_and_another_one_pays(
    site: str, payments: Service
) -> None:
    bob = Buyer()
    purchase = bob.begin()
    assert payments.pay(purchase.pay_url, DECLINED).status_code == 402
    said = "Your card has insufficient funds."
    bob.until(purchase, failure=said, status="open")
    page = bob.browser(site).get(f"{site}/billing/purchases/{purchase.public_id}", timeout=60).text
    assert f"The bank said: “{said}”" in page
    assert f'href="{purchase.pay_url}">Try again' in page
    assert bob.gained == 0
    _an_open_one_is_listed_while_it_can_be_paid(site, bob, purchase)
    asked = payments.pay(purchase.pay_url, ASKS)
    payments.bank(asked, "complete")
    paid = bob.until(purchase, status="paid")
    assert (bob.gained, paid.failure, bob.proven()) == (1050, "", True)


def _an_open_one_is_listed_while_it_can_be_paid(site: str, bob: Buyer, purchase: Purchase) -> None:
    """And not for good: it was abandoned, whether or not anybody says so."""
    web, listed = bob.browser(site), f"{site}/billing/invoices"
    begun = bob.now(purchase).created_at
    assert f'href="{purchase.pay_url}">Pay now' in web.get(listed, timeout=60).text
    with tenancy.scope(bob.id):
        Purchase.objects.filter(pk=purchase.pk).update(created_at=begun - timedelta(hours=25))
    assert "Nothing bought yet" in web.get(listed, timeout=60).text
    page = web.get(f"{site}/billing/purchases/{purchase.public_id}", timeout=60).text
    assert "Not paid in time" in page
    assert "Buy again" in page
    with tenancy.scope(bob.id):
        Purchase.objects.filter(pk=purchase.pk).update(created_at=begun, status="failed")
    shown = web.get(listed, timeout=60).text
    assert "Pay now" not in shown
    assert "Your card has insufficient funds." in shown
    with tenancy.scope(bob.id):
        Purchase.objects.filter(pk=purchase.pk).update(status="open")


def test_a_code_takes_its_part_off_and_the_lot_is_worth_what_was_paid(payments: Service) -> None:
    bob = Buyer()
    half = payments.v1.coupons.create({"percent_off": 50, "duration": "once"})
    whole = payments.v1.coupons.create({"percent_off": 100, "duration": "once"})
    for coupon, cents in ((half, 1400), (whole, 0)):
        code = payments.v1.promotion_codes.create(
            {"promotion": {"type": "coupon", "coupon": coupon.id}}
        )
        purchase = bob.begin(pack(bonus_credits=0))
        payments.pay(purchase.pay_url, promotion_code=code.code)
        paid = bob.until(purchase, status="paid")
        assert (paid.paid_cents, paid.discount_cents) == (cents, 2800 - cents)
        assert bob.lots(paid) == [("purchase", 1000, cents)]
    assert bob.proven()


def test_taxes_are_not_ours(payments: Service) -> None:
    bob = Buyer()
    with override_settings(STRIPE_TAX=True):
        purchase = bob.begin()
    payments.pay(purchase.pay_url, country="DE")
    paid = bob.until(purchase, status="paid")
    assert (paid.paid_cents, paid.tax_cents) == (3332, 532)
    assert bob.lots(paid)[0] == ("purchase", 1000, 2800)


@pytest.mark.parametrize("role", [Role.CREATOR, Role.DEVELOPER, Role.VIEWER])
def test_who_may_not_pay_is_told_whom_to_ask(site: str, role: Role) -> None:
    alice = Buyer()
    bob = Buyer()
    lowered(bob.who, Role.VIEWER)
    with tenancy.scope(bob.id):
        Membership.objects.filter(user=bob.who.user).delete()
    with tenancy.scope(alice.id):
        Membership.objects.create(organisation_id=alice.id, user=bob.who.user, role=role)
    answer = bob.browser(site).post(
        f"{site}/billing/checkout", data={"pack": pack().slug}, timeout=60
    )
    assert answer.status_code == 403
    assert alice.who.user.email in answer.text
    with tenancy.scope(alice.id):
        assert not Purchase.objects.exists()


def test_what_is_not_sold_is_not_bought(site: str) -> None:
    alice, gone = Buyer(), pack(active=False)
    with pytest.raises(NotFound):
        purchases.start_pack(alice.actor, gone)
    for slug in (gone.slug, "nothing", ""):
        answer = alice.browser(site).post(
            f"{site}/billing/checkout", data={"pack": slug}, timeout=60
        )
        assert answer.status_code == 404
    with tenancy.scope(alice.id):
        assert not Purchase.objects.exists()


def test_an_organisation_is_one_customer_however_many_come_at_once(payments: Service) -> None:
    alice = Buyer()

    def come(_: int) -> str:
        try:
            return customers.ensure(alice.id).stripe_id
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as crowd:
        made = set(crowd.map(come, range(8)))
    assert len(made) == 1
    found = payments.v1.customers.list({"email": alice.who.user.email})
    assert [one.id for one in found] == [*made]
    assert found.data[0].metadata["organisation"] == alice.who.organisation.public_id


def test_a_service_that_does_not_answer_or_refuses_us_leaves_nothing_to_pay(site: str) -> None:
    alice = Buyer()
    away = {"PAYMENTS_API_BASE": f"http://127.0.0.1:{free_ports(1)[0]}"}
    with override_settings(**away), pytest.raises(PaymentServiceDown):
        alice.begin()
    with override_settings(PAYMENTS_KEY="sk_test_of_somebody_else"):
        with pytest.raises(PaymentServiceDown) as refused:
            alice.begin()
        assert "sk_test" not in refused.value.detail
    with pytest.raises(NotUnderstood):
        alice.begin(pack(name=""))
    with tenancy.scope(alice.id):
        left = list(Purchase.objects.values_list("status", "session_id", "pay_url"))
    assert left == [("failed", None, "")] * 3
    # Nobody waits for others' servers with a transaction open.
    with pytest.raises(RuntimeError), tenancy.scope(alice.id):
        alice.begin()
