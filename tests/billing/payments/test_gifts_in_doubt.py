"""Gifts whose payment is disputed, warned of or paid back too late, and what the reports say."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.db.models.functions import Now
from django.test import override_settings
from django.utils import timezone

from accounts import tenancy
from accounts.models import Membership, Organisation
from billing import backing, closing, gifts, ledger, months, notices, revenue, vouchers
from billing.models import Gift, Lot, LotSource, Notice, Purchase
from billing.payments import refunds, returning
from kling_saas.lib.refusals import Conflict
from tests.billing import presents, purse
from tests.billing.payments.shop import Buyer, post, told_of
from tests.billing.payments.test_disputes import DISPUTED, WARNED, dispute, seen
from tests.billing.payments.test_gifts import WORDS, code_of, refused, state
from tests.billing.test_caps import IN_MEMORY
from tests.payments_sandbox.service import Service
from tests.people import customer
from tests.waiting import until


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_a_disputed_one_is_stopped_until_the_bank_has_decided(
    site: str, silent: Service, outcome: str
) -> None:
    alice, bob, luck = Buyer(), Buyer(), random.Random(outcome)
    begun = alice.begin(gift=WORDS)
    silent.pay(begun.pay_url, DISPUTED)
    intent = str(silent.v1.checkout.sessions.retrieve(str(begun.session_id)).payment_intent)
    (found,) = silent.v1.disputes.list({"payment_intent": intent})

    def tell() -> None:
        events = 3 * told_of(silent, begun, intent)
        luck.shuffle(events)
        assert {post(site, event) for event in events} == {200}

    tell()
    assert seen(alice, found.id, "needs_response").credits == 0
    bought = alice.until(begun, status="paid")
    assert (alice.money(), state(alice, bought)) == ((0, 0, True), "open")
    assert refused(bob, code_of(bought)) == "stopped"
    ledger.thaw(alice.id, True, cause=f"dispute:{found.id}", reason="Too early")
    assert refused(bob, code_of(bought)) == "stopped"
    assert "Stopped" in alice.browser(site).get(f"{site}/billing/gifts", timeout=60).text
    bill = f"{site}/billing/purchases/{bought.public_id}"
    assert "the code of your gift gives nothing" in alice.browser(site).get(bill, timeout=60).text
    assert alice.proven()
    silent.control(f"disputes/{found.id}", outcome=outcome)
    tell()
    seen(alice, found.id, outcome)
    tell()
    assert [one["said"] for one in alice.notices("dispute")] == ["opened", outcome]
    if outcome == "won":
        assert state(alice, bought) == "open"
        assert vouchers.redeem(bob.actor, code_of(bought)).credits == 1050
    else:
        assert (state(alice, bought), refused(bob, code_of(bought))) == ("void", "void")
    assert alice.money() == (0, 0, False)
    assert alice.proven()
    assert bob.proven()


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_one_that_was_redeemed_before_its_dispute_is_owed_by_whoever_bought_it(
    payments: Service, outcome: str
) -> None:
    alice, bob = Buyer(), Buyer()
    alice.spend(alice.available)
    bought = alice.buy(payments, gift=WORDS)
    vouchers.redeem(bob.actor, code_of(bought))
    name = dispute(payments, bought)
    assert seen(alice, name, "needs_response").credits == 1050
    assert alice.money()[1:] == (1050, True)
    payments.control(f"disputes/{name}", outcome=outcome)
    seen(alice, name, outcome)
    assert alice.money()[1:] == ((0, False) if outcome == "won" else (1050, True))
    assert (state(alice, bought), bob.money()) == ("redeemed", (1050, 0, False))
    assert alice.proven()
    assert bob.proven()


def test_a_warned_card_or_a_suspended_buyer_stops_its_gifts(payments: Service) -> None:
    alice, bob = Buyer(), Buyer()
    bought = alice.buy(payments, number=WARNED, gift=WORDS)
    until(lambda: alice.money()[2], what="the freeze")
    assert refused(bob, code_of(bought)) == "stopped"
    refunds.ask(bought, None, "The card's owner asked")
    assert (state(alice, bought), alice.proven()) == ("void", True)
    (other,) = [presents.paid(purse.organisation(suspended_at=Now()).pk, 10)]
    assert refused(bob, code_of(other)) == "stopped"


def test_a_refund_that_fails_after_the_dispute_was_lost_does_not_open_it(payments: Service) -> None:
    alice = Buyer()
    bought = alice.buy(payments, gift=WORDS)
    asked = returning.give_back(alice.actor, bought.public_id, 1000)
    name = dispute(payments, bought)
    payments.control(f"disputes/{name}", outcome="lost")
    seen(alice, name, "lost")
    with tenancy.scope(alice.id):
        purchase = Purchase.objects.select_for_update().get(pk=bought.pk)
        refunds._settle(purchase, asked, {"id": asked.stripe_id, "status": "failed"})
        assert Gift.objects.get(purchase=bought).void_for == f"dispute:{name}"
    assert "can be redeemed again" not in alice.bill(bought)
    assert alice.proven()


def test_ones_own_is_redeemed_too_and_is_not_paid_back_but_goes_with_its_dispute(
    payments: Service,
) -> None:
    alice = Buyer()
    bought = alice.buy(payments, gift=WORDS)
    vouchers.redeem(alice.actor, code_of(bought))
    assert alice.money() == (1050, 0, False)
    with pytest.raises(Conflict, match="This gift was redeemed"):
        returning.give_back(alice.actor, bought.public_id, 1000)
    name = dispute(payments, bought)
    payments.control(f"disputes/{name}", outcome="lost")
    seen(alice, name, "lost")
    assert (alice.money(), alice.proven()) == ((0, 0, False), True)


def test_the_close_says_which_gift_is_wrong() -> None:
    buyer = purse.organisation().pk
    given, redeemed, void, stray = (presents.paid(buyer, 10, cents=28) for _ in range(4))
    now, day = timezone.now(), timedelta(days=1)
    with tenancy.system("what nobody can do is undone again"):
        for one, source in ((given, LotSource.GIFT), (stray, LotSource.GIFT)):
            ledger.grant(buyer, True, 10, source, reference=gifts.reference(one), cents=20)
        rows = Gift.objects.filter(organisation_id=buyer)
        rows.filter(purchase=redeemed).update(status="redeemed", ended_at=now)
        rows.filter(purchase=void).update(status="void", ended_at=now, void_for="refund:ref_x")
        Purchase.objects.filter(pk=stray.pk).update(kind="pack")
        lot = Lot.objects.get(reference=gifts.reference(stray)).public_id
        said = dict(backing.unbacked(now - day, now + day))
        transaction.set_rollback(True)
    asked = "10 credits for 28 cents were bought to be given away, the code is"
    assert said[given.public_id] == f"{asked} open, and 10 for 20 were given for it"
    assert said[redeemed.public_id] == f"{asked} redeemed, and 0 for 0 were given for it"
    assert said[void.public_id] == f"{asked} void, and 0 for 0 were given for it"
    assert said[lot].startswith("10 credits for 20 cents were given for a code, and no gift")


def test_the_close_and_the_reports_know_open_redeemed_and_taken_back_ones(
    payments: Service,
) -> None:
    alice, bob, today = Buyer(), Buyer(), months.today()
    before = revenue.report(today, today)
    bought = [alice.buy(payments, gift=WORDS) for _ in range(3)]
    told = revenue.report(today, today)
    for now, then in ((told.deferred, before.deferred), (told.sold, before.sold)):
        assert now["gift"].cents - then.get("gift", revenue.Share()).cents == 8400
    vouchers.redeem(bob.actor, code_of(bought[0]))
    bob.spend(bob.available)
    returning.give_back(alice.actor, bought[1].public_id, 1000)
    lone = revenue.report(today, today, alice.id)
    assert (lone.deferred["gift"].cents, lone.returned(), lone.lost, lone.on_its_way) == (
        2800, 2800, 0, 0,
    )  # fmt: skip
    row = closing.run(today)
    named = {one.id for one in closing.differences_of(row)}
    assert not named & {one.public_id for one in bought}
    assert row.figures["deferred"]["gift"]["cents"] >= 2800
    assert alice.proven()
    assert bob.proven()


def test_money_that_goes_back_in_parts_stops_the_code(payments: Service) -> None:
    alice, bob = Buyer(), Buyer()
    alice.spend(alice.available)
    bought = alice.buy(payments, gift=WORDS)
    for back in (1400, 2800):
        payments.v1.refunds.create(
            {"payment_intent": str(bought.payment_intent_id), "amount": 1400}
        )
        bought = alice.until(bought, refunded_cents=back)
        assert refused(bob, code_of(bought)) == "stopped"
    assert (bob.gained, alice.proven()) == (0, True)


def test_the_code_is_mailed_only_to_who_may_still_spend_it(payments: Service) -> None:
    alice, other = Buyer(), customer("other")
    begun = alice.begin(gift=WORDS)
    with tenancy.scope(alice.id):
        Membership.objects.filter(organisation_id=alice.id).update(user=other.user)
    payments.pay(begun.pay_url)
    bought = alice.until(begun, status="paid")
    with tenancy.scope(alice.id):
        notice = Notice.objects.get(kind="gift_bought")
    with override_settings(EMAIL_BACKEND=IN_MEMORY):
        mail.outbox = []
        notices._mail(notice)
    (letter,) = [one for one in mail.outbox if code_of(bought) in one.body]
    assert letter.to == [other.user.email]


def test_who_is_suspended_takes_no_money_back(site: str, payments: Service) -> None:
    alice = Buyer()
    for bought in (alice.buy(payments, gift=WORDS), alice.buy(payments)):
        page = f"{site}/billing/purchases/{bought.public_id}"
        web = alice.browser(site)
        with tenancy.scope(alice.id):
            mine = Organisation.objects.filter(pk=alice.id)
            mine.update(suspended_at=timezone.now())
        web.post(f"{page}/refund", {"credits": "1000", "seen": "1000"}, timeout=60)
        assert alice.now(bought).refunded_cents == 0
        assert "Get $" not in web.get(page, timeout=60).text
        with tenancy.scope(alice.id):
            mine.update(suspended_at=None)


def test_a_gift_that_pays_what_a_lost_dispute_left_owed_thaws_the_wallet(
    payments: Service,
) -> None:
    alice = Buyer()
    alice.spend(alice.available)
    bought = alice.buy(payments)
    alice.spend(alice.available)
    name = dispute(payments, bought)
    payments.control(f"disputes/{name}", outcome="lost")
    seen(alice, name, "lost")
    owed = alice.money()[1]
    vouchers.redeem(alice.actor, code_of(presents.paid(Buyer().id, owed + 10)))
    assert alice.money()[1:] == (0, False)
