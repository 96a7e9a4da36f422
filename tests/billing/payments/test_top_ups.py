"""Automatic top-ups: from the saved card, once, within the month's maximum, never on and on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from accounts import tenancy
from accounts.models import Membership, Organisation, Role
from billing import ledger
from billing.models import Notice, PaymentCustomer, Purchase, WalletSettings
from billing.payments import customers, refilling, returning
from billing.payments.refilling import BadTopUp
from tests.billing import purse
from tests.billing.payments.shop import Buyer, pack
from tests.payments_sandbox.service import Service
from tests.people import customer
from tests.waiting import until


def saver(payments: Service) -> Buyer:
    """Somebody whose card is kept, and who has spent all."""
    buyer = Buyer()
    bought = buyer.begin(pack(credits=100, bonus_credits=0, price_cents=280))
    payments.pay(bought.pay_url)
    buyer.until(bought, status="paid")
    until(lambda: customers.find(buyer.id).card_id, what="the card")
    spend(buyer, buyer.available)
    return buyer


def spend(buyer: Buyer, amount: int) -> None:
    held = ledger.reserve(buyer.id, True, amount, reference=purse.reference())
    with tenancy.scope(buyer.id):
        ledger.capture(held.hold_id, amount)


def switch_on(buyer: Buyer, threshold: int = 500, target: int = 2000, dollars: int = 100) -> None:
    refilling.configure(
        buyer.actor, on=True, threshold=threshold, target=target, monthly_cents=100 * dollars
    )


def use_card(payments: Service, buyer: Buyer, token: str) -> None:
    """Another card is on file from now on."""
    known = customers.find(buyer.id)
    assert known is not None
    card = payments.v1.payment_methods.attach(token, {"customer": known.stripe_id})
    with tenancy.scope(buyer.id):
        PaymentCustomer.objects.filter(pk=known.pk).update(card_id=card.id)


def rested(buyer: Buyer) -> None:
    """The pause after a decline is over."""
    with tenancy.scope(buyer.id):
        WalletSettings.objects.filter(organisation_id=buyer.id).update(
            rests_until=timezone.now() - timedelta(seconds=1)
        )


def row(buyer: Buyer) -> WalletSettings:
    found = refilling.settings_of(buyer.id)
    assert found is not None
    return found


def told(buyer: Buyer) -> list[str]:
    with tenancy.scope(buyer.id):
        return list(Notice.objects.order_by("pk").values_list("kind", flat=True))


def test_a_wallet_below_its_threshold_is_filled_to_its_target_once(
    site: str, payments: Service
) -> None:
    buyer = saver(payments)
    web = buyer.browser(site)

    def page() -> str:
        return web.get(f"{site}/billing/top-up", timeout=60).text

    switch_on(buyer)
    made = refilling.refill(buyer.id)
    assert made is not None
    paid = buyer.until(made, status="paid")
    assert (paid.credits, paid.paid_cents, buyer.available) == (2000, 5600, 2000)
    assert paid.invoice_number
    assert paid.invoice_pdf
    assert buyer.lots(paid) == [("purchase", 2000, 5600)]
    assert refilling.refill(buyer.id) is None  # there is enough
    spend(buyer, 1600)
    again = refilling.refill(buyer.id)
    assert again is not None
    assert (again.credits, again.amount_cents) == (1571, 4399)  # what the maximum leaves
    buyer.until(again, status="paid")
    rests = "This month’s maximum is used: it goes on on <time"
    assert rests in page()  # before anything more is wanted
    spend(buyer, buyer.available)
    assert refilling.refill(buyer.id) is None
    assert told(buyer) == ["top_up_maximum"]
    assert not _is_due(buyer)  # who is at the maximum keeps nobody else waiting
    assert row(buyer).rests_until.day == 1
    assert rests in page()
    assert "At most a month in USD, with tax" in page()
    switch_on(buyer, dollars=200)
    assert _is_due(buyer)
    assert rests not in page()
    switch_off(buyer)
    assert buyer.proven()


@override_settings(STRIPE_TAX=True)
def test_no_more_tax_is_kept_than_was_paid(payments: Service) -> None:
    buyer = saver(payments)
    known = customers.find(buyer.id)
    assert known is not None
    in_germany = {"country": "DE", "postal_code": "10115", "line1": "Invalidenstr. 1"}
    payments.v1.customers.update(known.stripe_id, {"address": in_germany, "balance": -6000})
    switch_on(buyer)
    made = refilling.refill(buyer.id)
    assert made is not None
    paid = buyer.until(made, status="paid")
    assert (paid.paid_cents, paid.tax_cents) == (664, 664)  # of 5,600 and 19 % tax
    assert buyer.lots(paid) == [("purchase", 2000, 0)]


def test_two_workers_fill_it_once(payments: Service) -> None:
    buyer = saver(payments)
    switch_on(buyer)
    first = begin_without_payment(buyer)
    assert refilling.refill(buyer.id) is None  # one at a time
    known = customers.find(buyer.id)
    assert known is not None
    refilling._invoice(buyer.now(first), known)
    with tenancy.scope(buyer.id):  # as where we died
        Purchase.objects.filter(pk=first.pk).update(invoice_id=None)
    use_card(payments, buyer, "pm_card_mastercard")
    refilling._carry_on(first)
    refilling._carry_on(first)  # the one that was thought to be dead
    buyer.until(first, status="paid")
    assert buyer.available == 2000
    invoices = payments.v1.invoices.list({"customer": customers.find(buyer.id).stripe_id})
    assert [one.amount_paid for one in invoices.data][:1] == [5600]
    assert buyer.proven()


def test_a_card_is_charged_only_while_that_is_wanted_and_allowed(payments: Service) -> None:
    buyer = saver(payments)
    switch_on(buyer)
    suspend(buyer, True)
    assert not _is_due(buyer)
    assert refilling.refill(buyer.id) is None
    suspend(buyer, False)

    def freeze() -> None:
        ledger.freeze(buyer.id, True, cause="fraud:test", reason="stolen card")

    for meanwhile, why in (
        (lambda: switch_off(buyer), "switched off"),
        (lambda: suspend(buyer, True), "suspended"),
        (freeze, "frozen"),
    ):
        begun = begin_without_payment(buyer)
        meanwhile()
        refilling._carry_on(begun)  # what is left of it, two minutes later
        given_up = buyer.now(begun)
        assert given_up.status == "failed"
        assert why in given_up.failure
        suspend(buyer, False)
        switch_on(buyer)
    assert refilling.refill(buyer.id) is None  # still frozen
    assert [one.amount_paid for one in _invoices(payments, buyer)] == [0, 0, 0, 280]
    assert {one.status for one in _invoices(payments, buyer)[:3]} == {"void"}
    ledger.thaw(buyer.id, True, cause="fraud:test", reason="it was theirs")
    assert _is_due(buyer)
    switch_off(buyer)


def switch_off(buyer: Buyer) -> None:
    refilling.configure(buyer.actor, on=False, threshold=500, target=2000, monthly_cents=10_000)


def suspend(buyer: Buyer, now: bool) -> None:
    with tenancy.scope(buyer.id):
        Organisation.objects.filter(pk=buyer.id).update(
            suspended_at=timezone.now() if now else None
        )


def begin_without_payment(buyer: Buyer) -> Purchase:
    """A top-up whose worker died."""
    with tenancy.scope(buyer.id):
        begun = refilling._begin(buyer.id)
    assert begun is not None
    return begun


def test_who_takes_money_back_is_not_charged_for_it_again(site: str, payments: Service) -> None:
    buyer = Buyer()
    bought = buyer.buy(payments, pack(bonus_credits=0))
    until(lambda: customers.find(buyer.id).card_id, what="the card")
    switch_on(buyer)
    page = f"{site}/billing/purchases/{bought.public_id}/refund"
    assert "Automatic top-up stops with it" in buyer.browser(site).get(page, timeout=60).text
    returning.give_back(buyer.actor, bought.public_id, 1000)
    assert (refilling.refill(buyer.id), _is_due(buyer)) == (None, False)
    assert row(buyer).stopped_because == "Money was paid back."
    switch_on(buyer)
    assert _is_due(buyer)
    switch_off(buyer)


def test_after_two_declines_it_stops_and_says_so(payments: Service) -> None:
    buyer = saver(payments)
    switch_on(buyer)
    use_card(payments, buyer, "pm_card_chargeCustomerFail")
    first = refilling.refill(buyer.id)
    assert first is not None
    failed = buyer.until(first, status="failed")
    assert "declined" in failed.failure
    assert row(buyer).declines == 1
    assert not _is_due(buyer)  # it rests
    rested(buyer)
    assert _is_due(buyer)
    second = refilling.refill(buyer.id)
    assert second is not None
    buyer.until(second, status="failed")
    assert "2 payments in a row failed" in row(buyer).stopped_because
    rested(buyer)
    assert not _is_due(buyer)
    assert told(buyer) == ["top_up_failed"] * 2
    assert {one.status for one in _invoices(payments, buyer)[:2]} == {"void"}
    assert buyer.available == 0
    use_card(payments, buyer, "pm_card_visa")
    switch_on(buyer)
    third = refilling.refill(buyer.id)
    assert third is not None
    buyer.until(third, status="paid")
    assert buyer.proven()


def _is_due(buyer: Buyer) -> bool:
    return buyer.id in refilling._due()


def would_be_left(made: Purchase, *, hours: int) -> bool:
    """Whether it is looked at so long after it was begun; nobody else sees it so old."""
    with tenancy.system("a test turns the clock"):
        Purchase.objects.filter(pk=made.pk).update(
            created_at=timezone.now() - timedelta(hours=hours)
        )
        left = [one.pk for one in refilling._left()]
        transaction.set_rollback(True)
    return made.pk in left


def _invoices(payments: Service, buyer: Buyer) -> list:
    return payments.v1.invoices.list({"customer": customers.find(buyer.id).stripe_id}).data


def test_a_bank_that_asks_is_answered_by_a_link(payments: Service) -> None:
    buyer = saver(payments)
    switch_on(buyer)
    use_card(payments, buyer, "pm_card_authenticationRequired")
    made = refilling.refill(buyer.id)
    assert made is not None
    asks = buyer.now(made)
    assert not would_be_left(made, hours=1)  # it is the customer's turn, for a day
    assert would_be_left(made, hours=24)
    assert (asks.status, told(buyer)) == ("open", ["top_up_asks"])
    payments.bank(payments.pay(asks.pay_url, "4000002760003184"), "complete")
    buyer.until(made, status="paid")
    assert (buyer.available, row(buyer).declines) == (2000, 0)
    assert buyer.proven()


def test_the_card_is_the_one_that_was_chosen_at_the_payment_service(payments: Service) -> None:
    buyer = saver(payments)
    known = customers.find(buyer.id)
    assert known is not None
    card = payments.v1.payment_methods.attach("pm_card_mastercard", {"customer": known.stripe_id})
    usual = {"default_payment_method": card.id}
    payments.v1.customers.update(known.stripe_id, {"invoice_settings": usual})
    until(lambda: customers.find(buyer.id).card_last4 == "4444", what="the new card")
    switch_on(buyer)
    payments.v1.payment_methods.detach(card.id)
    until(lambda: not customers.find(buyer.id).card_id, what="no card")
    assert refilling.refill(buyer.id) is None
    assert "no saved card" in row(buyer).stopped_because
    [facts] = buyer.notices("top_up_failed")
    assert (facts["credits"], facts["stopped"]) == (2000, True)
    assert "no saved card" in facts["why"]
    assert not _is_due(buyer)
    with pytest.raises(BadTopUp, match="no saved card"):
        switch_on(buyer)


def test_settings_that_make_no_sense_are_refused_by_field(payments: Service) -> None:
    buyer = Buyer()
    with pytest.raises(BadTopUp, match="no saved card"):
        switch_on(buyer)
    buyer = saver(payments)
    for wrong, field in (
        ({"threshold": 0}, "threshold"), ({"target": 500}, "target"), ({"dollars": 1}, "monthly"),
    ):  # fmt: skip
        with pytest.raises(BadTopUp) as refused:
            switch_on(buyer, **wrong)
        assert refused.value.facts["field"] == field
    assert "1,500 credits: write at least $42.00" in refused.value.detail
    assert refilling.settings_of(buyer.id) is None
    with tenancy.scope(buyer.id):
        assert Purchase.objects.filter(kind="top_up").count() == 0


def test_the_page_of_top_ups(site: str, payments: Service) -> None:
    buyer = saver(payments)
    web = buyer.browser(site)
    page = f"{site}/billing/top-up"
    assert "Visa …4242" in web.get(page, timeout=60).text
    wrong = {"on": "yes", "threshold": "many", "target": "2000", "monthly": "100"}
    said = web.post(page, wrong, timeout=60).text
    assert "whole number of credits.</strong></p><p>Nothing was changed." in said
    assert 'name="threshold" aria-invalid="true"' in said
    right = {**wrong, "threshold": "500", "monthly": "$1,000.50"}
    assert "It is on" in web.post(page, right, timeout=60).text
    assert row(buyer).monthly_cents == 100_050
    for senseless in ("1e30", "50,00", "1.000,00", "1,5", "1000000001", "9" * 40, "-1", "NaN"):
        for on in ("yes", "no"):
            answer = web.post(page, {**right, "on": on, "monthly": senseless}, timeout=60)
            assert answer.status_code == 422, senseless
    assert row(buyer).monthly_cents == 100_050
    owner = customer("owner").user
    with tenancy.scope(buyer.id):
        Membership.objects.create(organisation_id=buyer.id, user=owner, role=Role.OWNER)
        Membership.objects.filter(user=buyer.who.user).update(role=Role.CREATOR)
    refused = web.post(page, right, timeout=60)
    assert refused.status_code == 403
    assert owner.email in refused.text  # whom to ask
    with tenancy.scope(buyer.id):
        Membership.objects.filter(user=buyer.who.user).update(role=Role.OWNER)
    off = web.post(page, {**right, "on": "no"}, timeout=60).text
    assert "It is off" in off
