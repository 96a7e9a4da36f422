"""The bank takes a payment back: credits go, spending stops, and all of it as the bank decides."""

from __future__ import annotations

import random
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.db.models import Model
from django.db.models.functions import Now
from django.test import override_settings

from accounts import tenancy
from accounts.models import AuditEvent
from billing import freezes, ledger
from billing.errors import WalletFrozen
from billing.models import Dispute, Purchase, Refund
from billing.payments import refunds, returning, shares
from kling_saas import admin_home
from tests.billing.payments.shop import Buyer, pack, post, told_of
from tests.billing.test_console import PLAIN_STATIC, asked
from tests.payments_sandbox.service import Service
from tests.stack import free_ports
from tests.waiting import until

DISPUTED, WARNED = "4000000000000259", "4000000000005423"


def dispute(payments: Service, purchase: Purchase) -> str:
    """The bank takes the payment back; the dispute's id."""
    made = payments.control("disputes", payment_intent=purchase.payment_intent_id)
    return str(made["id"])


def seen(buyer: Buyer, name: str, status: str) -> Dispute:
    """Our row of the dispute, as soon as it has this status."""

    def look() -> Dispute | None:
        with tenancy.scope(buyer.id):
            return Dispute.objects.filter(stripe_id=name, status=status).first()

    return until(look, what=f"dispute {name} {status}")


def told(buyer: Buyer) -> list[str]:
    return [facts["said"] for facts in buyer.notices("dispute")]


def _in_console(purchase: Purchase, **filters: str) -> str:
    """The purchase in the operators' list, where the filters let it through."""
    return _listed(Purchase, urlencode({"q": purchase.public_id, **filters}))


def _listed(records: type[Model], query: str) -> str:
    room = admin.site.get_model_admin(records)
    with PLAIN_STATIC, tenancy.system("operators see every tenant"):
        return room.changelist_view(asked(f"/?{query}")).render().content.decode()


def test_a_dispute_that_is_won_gives_everything_back(site: str, payments: Service) -> None:
    alice = Buyer()
    bought = alice.buy(payments)
    alice.spend(100)
    name = dispute(payments, bought)
    row = seen(alice, name, "needs_response")
    assert (row.credits, row.amount_cents, row.reversed_at) == (1050, 2800, None)
    assert row.evidence_due_at is not None
    free = alice.began  # taken, too: what was spent is owed by whatever is there
    assert alice.money() == (-min(free, 100), max(0, 100 - free), True)
    why = "Spending is stopped: A payment was disputed at the bank. .* https?://.*/billing/"
    with pytest.raises(WalletFrozen, match=why):
        alice.spend(1)
    for place in ("billing", "app/studio"):
        page = alice.browser(site).get(f"{site}/{place}", timeout=60).text
        assert "Your bank was told that a payment for credits was not right" in page
    assert "data-generate disabled" in page
    (waits,) = (f for f in admin_home.figures() if f.label == "disputes to answer")
    assert (waits.bad, waits.words[:12]) == (True, "answer until")
    assert name in _listed(Dispute, waits.link.partition("?")[2])
    bill = f"{site}/billing/purchases/{bought.public_id}"
    taken = alice.browser(site).get(bill).text
    assert "$28.00 were disputed, and 1,050 credits left" in taken
    assert "Nothing new can be ordered until the bank has decided" in taken
    assert "tell your bank to withdraw it, and write to us" in taken
    assert f'datetime="{row.evidence_due_at:%Y-%m-%dT%H:%M:%SZ}"' in taken
    assert "Make a film" not in taken
    payments.control(f"disputes/{name}", outcome="won")
    row = seen(alice, name, "won")
    assert row.reversed_at is not None
    assert row.closed_at is not None
    assert (alice.money(), told(alice)) == ((950, 0, False), ["opened", "won"])
    given_back = alice.browser(site).get(bill).text
    assert "They were added to your live wallet" in given_back
    assert "Spending is stopped" not in given_back
    assert "Make a film" in given_back
    assert alice.proven()


def test_what_was_spent_is_owed_after_a_lost_one_until_it_is_paid(
    site: str, payments: Service
) -> None:
    alice = Buyer()
    bought = alice.buy(payments)
    alice.spend(alice.available)
    name = dispute(payments, bought)
    seen(alice, name, "needs_response")
    assert alice.money()[1:] == (1050, True)
    listed = _in_console(bought, disputed="open")
    assert "$28.00, needs response" in listed
    payments.control(f"disputes/{name}", outcome="lost")
    assert seen(alice, name, "lost").closed_at is not None
    assert "$28.00, lost" in _in_console(bought, disputed="lost")
    for other in ({"disputed": "open"}, {"disputed": "never"}, {"disputed": "won"}):
        assert "field-paid" not in _in_console(bought, **other)
    assert alice.money()[1:] == (1050, True)
    bill = f"{site}/billing/purchases/{bought.public_id}"
    assert "as soon as nothing is owed" in alice.browser(site).get(bill, timeout=60).text
    alice.buy(payments, pack(bonus_credits=0))
    assert alice.money()[1:] == (50, True)
    alice.buy(payments, pack(bonus_credits=0))
    assert (alice.available, *alice.money()[1:]) == (950, 0, False)
    assert (told(alice), alice.proven()) == (["opened", "lost"], True)


def test_a_lost_one_of_what_was_not_spent_owes_nothing_and_stops_nothing(
    payments: Service,
) -> None:
    alice = Buyer()
    name = dispute(payments, alice.buy(payments))
    payments.control(f"disputes/{name}", outcome="lost")
    seen(alice, name, "lost")
    assert (alice.money(), alice.proven()) == ((0, 0, False), True)


def test_one_that_is_won_after_its_debt_was_paid_gives_that_back_too(payments: Service) -> None:
    alice = Buyer()
    bought = alice.buy(payments)
    other = alice.buy(payments, pack(bonus_credits=0))
    alice.spend(alice.available)
    name = dispute(payments, bought)
    seen(alice, name, "needs_response")
    alice.buy(payments, pack(credits=2000, bonus_credits=0))
    assert (alice.available, *alice.money()[1:]) == (950, 0, True)  # the bank has not decided
    lost = dispute(payments, other)
    payments.control(f"disputes/{lost}", outcome="lost")
    seen(alice, lost, "lost")
    assert (alice.available, *alice.money()[1:]) == (0, 50, True)
    payments.control(f"disputes/{name}", outcome="won")  # pays what the lost one left owing
    seen(alice, name, "won")
    assert (alice.available, *alice.money()[1:]) == (1000, 0, False)
    assert alice.proven()


def test_what_was_paid_back_before_is_not_taken_once_more(payments: Service) -> None:
    alice = Buyer()
    bought = alice.buy(payments)
    refunds.ask(bought, 400, "Too many")
    assert alice.gained == 630
    listed = _in_console(bought, back="part")
    assert "$28.00" in listed
    assert "$11.20" in listed
    assert "field-paid" not in _in_console(bought, back="whole")
    assert seen(alice, dispute(payments, bought), "needs_response").credits == 630
    assert (alice.money(), alice.proven()) == ((0, 0, True), True)
    with tenancy.scope(alice.id):
        assert shares.refundable(alice.now(bought)) == 0


def failed(buyer: Buyer, refund: Refund) -> None:
    """The bank says days later that the refund did not go through."""
    with tenancy.scope(buyer.id):
        purchase = Purchase.objects.select_for_update().get(pk=refund.purchase_id)
        row = Refund.objects.get(pk=refund.pk)
        refunds._settle(purchase, row, {"id": row.stripe_id, "status": "failed"})


@pytest.mark.parametrize(
    ("part", "sent", "outcome"),
    [(1000, False, "lost"), (400, False, "won"), (400, True, "lost"), (1000, True, "won")],
)
def test_a_refund_that_fails_after_the_bank_took_the_payment_gives_no_credits_for_it(
    payments: Service, part: int, sent: bool, outcome: str
) -> None:
    alice = Buyer()
    bought = alice.buy(payments)
    if sent:
        asked = returning.give_back(alice.actor, bought.public_id, part, seen=1000)
    else:
        with override_settings(PAYMENTS_API_BASE=f"http://127.0.0.1:{free_ports(1)[0]}"):
            asked = returning.give_back(alice.actor, bought.public_id, part, seen=1000)
        with tenancy.scope(alice.id):
            mine = Refund.objects.filter(pk=asked.pk)
            mine.update(next_attempt_at=Now() + timedelta(hours=1))
    name = dispute(payments, bought)
    under_way = part + part // 20
    assert seen(alice, name, "needs_response").credits == 1050 - under_way
    if sent:
        failed(alice, asked)
    else:
        with tenancy.scope(alice.id):
            mine.update(next_attempt_at=Now())
        until(lambda: alice.notices("refund_failed"), what="the payment service's refusal")
    assert (alice.money(), alice.unbacked()) == ((0, 0, True), set())
    assert seen(alice, name, "needs_response").credits == 1050
    (told_why,) = alice.notices("refund_failed")
    assert told_why["disputed"]
    payments.control(f"disputes/{name}", outcome=outcome)
    seen(alice, name, outcome)
    assert alice.money() == (1050 if outcome == "won" else 0, 0, False)
    with tenancy.scope(alice.id):
        assert shares.refundable(alice.now(bought)) == (1000 if outcome == "won" else 0)
    assert alice.proven()


def test_spending_stops_again_where_a_failed_refund_leaves_a_lost_dispute_owing(
    payments: Service,
) -> None:
    alice = Buyer()
    bought, other = (alice.buy(payments, pack(bonus_credits=0)) for _ in range(2))
    asked = returning.give_back(alice.actor, bought.public_id, 400, seen=1000)
    name = dispute(payments, bought)
    payments.control(f"disputes/{name}", outcome="lost")
    seen(alice, name, "lost")
    assert alice.money() == (1000, 0, False)
    alice.spend(alice.available)
    payments.v1.refunds.create({"payment_intent": str(other.payment_intent_id)})
    until(lambda: alice.money()[1:] == (1000, False), what="the debt")
    failed(alice, asked)  # what comes back pays that, and is owed for the dispute
    assert (alice.available, *alice.money()[1:]) == (0, 1000, True)
    alice.buy(payments, pack(bonus_credits=0))
    assert alice.money()[1:] == (0, False)
    assert alice.proven()


def test_news_of_a_dispute_may_come_twice_in_any_order(site: str, silent: Service) -> None:
    alice, luck = Buyer(), random.Random("disputes")
    begun = alice.begin()
    silent.pay(begun.pay_url, DISPUTED)
    intent = str(silent.v1.checkout.sessions.retrieve(str(begun.session_id)).payment_intent)
    (found,) = silent.v1.disputes.list({"payment_intent": intent})

    def tell() -> None:
        events = 2 * told_of(silent, begun, intent)
        luck.shuffle(events)
        assert {post(site, event) for event in events} == {200}

    tell()
    seen(alice, found.id, "needs_response")
    assert (alice.money(), alice.lots(begun)[0]) == ((0, 0, True), ("purchase", 1000, 2800))
    silent.control(f"disputes/{found.id}", outcome="won")
    tell()
    seen(alice, found.id, "won")
    tell()
    assert (alice.money(), alice.proven()) == ((1050, 0, False), True)


def test_a_warning_stops_spending_until_an_operator_has_looked(
    site: str, payments: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    alice = Buyer()
    bought = alice.buy(payments, number=WARNED)
    until(lambda: alice.money() == (1050, 0, True), what="the freeze")
    (warning,) = payments.v1.radar.early_fraud_warnings.list(
        {"payment_intent": str(bought.payment_intent_id)}
    )
    page = alice.browser(site).get(f"{site}/billing", timeout=60).text
    assert "may be stolen" in page
    with tenancy.scope(alice.id):
        assert AuditEvent.objects.filter(action="fraud.warned").count() == 1
    whose, cause = alice.who.organisation.public_id, f"fraud:{warning.id}"
    call_command("thaw_wallet", whose)
    assert capsys.readouterr().out.startswith(f"{cause}: The bank")
    with pytest.raises(CommandError, match="--reason is empty"):
        call_command("thaw_wallet", whose, cause=cause)
    with pytest.raises(CommandError, match="does not freeze this wallet"):
        call_command("thaw_wallet", whose, cause="fraud:other", reason="x")
    call_command("thaw_wallet", whose, cause=cause, reason="Called: it is theirs.")
    assert capsys.readouterr().out == "Nothing freezes this wallet.\n"
    refunds.ask(bought, None, "The card's owner asked")  # the warning is not actionable any more
    for event in told_of(payments, bought, str(bought.payment_intent_id)):
        assert post(site, event) == 200
    assert (alice.money(), alice.proven()) == ((0, 0, False), True)


def test_a_refund_that_fails_forgives_its_debt_and_opens_the_wallet(payments: Service) -> None:
    alice = Buyer()
    lost, bad = (alice.buy(payments, pack(bonus_credits=0)) for _ in range(2))
    alice.spend(alice.available)
    name = dispute(payments, lost)
    payments.control(f"disputes/{name}", outcome="lost")
    seen(alice, name, "lost")
    made = payments.v1.refunds.create({"payment_intent": str(bad.payment_intent_id)})
    until(lambda: alice.money()[1:] == (2000, True), what="both debts")
    alice.buy(payments, pack(bonus_credits=0))
    assert alice.money()[1:] == (1000, True)
    with tenancy.scope(alice.id):
        row = Refund.objects.get(purchase=bad, stripe_id=made.id)
    failed(alice, row)
    assert alice.money()[1:] == (0, False)
    assert alice.proven()


def test_an_operator_forgives_a_debt(payments: Service, capsys: pytest.CaptureFixture[str]) -> None:
    alice = Buyer()
    bought = alice.buy(payments)
    alice.spend(alice.available)
    name = dispute(payments, bought)
    payments.control(f"disputes/{name}", outcome="lost")
    seen(alice, name, "lost")
    assert alice.money()[1:] == (1050, True)
    for owed in (1050, 0):
        call_command("write_off", alice.who.organisation.public_id, reason="Goodwill")
        assert f"owes {owed} credits less." in capsys.readouterr().out
    assert alice.money()[1:] == (0, False)
    assert alice.proven()


def test_what_was_held_meanwhile_pays_the_debt_as_it_comes_back(payments: Service) -> None:
    alice = Buyer()
    alice.buy(payments, pack(bonus_credits=0))
    bought = alice.buy(payments)
    held = ledger.reserve(alice.id, True, alice.available, reference=bought.public_id)
    name = dispute(payments, bought)
    payments.control(f"disputes/{name}", outcome="lost")
    seen(alice, name, "lost")
    assert alice.money()[1:] == (1050, True)
    with tenancy.scope(alice.id):
        ledger.release(held.hold_id)
    assert alice.money()[:2] == (1000, 0)
    freezes.thaw_what_is_settled()
    assert (alice.money(), alice.proven()) == ((1000, 0, False), True)


def test_the_bonus_of_a_disputed_purchase_goes_before_other_purchases(payments: Service) -> None:
    alice = Buyer()
    kept, bought = alice.buy(payments), alice.buy(payments)
    seen(alice, dispute(payments, bought), "needs_response")
    with tenancy.scope(alice.id):
        assert shares.unspent(alice.now(kept)) == (1000, 50)
        assert shares.unspent(alice.now(bought)) == (0, 0)
    assert alice.proven()
