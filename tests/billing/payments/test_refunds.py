"""Money back: for what is unspent, exactly once, and nobody gains by it."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now
from django.test import override_settings

from accounts import tenancy
from accounts.models import Membership, Role
from billing import plans
from billing.models import Purchase, Refund
from billing.payments import purchases, refunds, returning, sessions
from billing.payments.errors import PaymentServiceDown
from kling_saas.lib.refusals import Conflict, Refusal
from tests.billing.payments.shop import Buyer, pack, post, told_of
from tests.billing.payments.test_plans import plan, subscribe
from tests.payments_sandbox.service import Service
from tests.people import lowered
from tests.stack import free_ports
from tests.waiting import until

FAILS = "4000000000005126"


def of(buyer: Buyer, purchase: Purchase) -> list[tuple[int, int, str]]:
    """Credits, cents and status of every refund of it."""
    with tenancy.scope(buyer.id):
        mine = Refund.objects.filter(purchase=purchase).order_by("pk")
        return list(mine.values_list("credits", "amount_cents", "status"))


def notes(buyer: Buyer, purchase: Purchase) -> list[str]:
    """The numbers of its credit notes, as soon as every refund that went through has one."""

    def written() -> list[str]:
        with tenancy.scope(buyer.id):
            mine = Refund.objects.filter(purchase=purchase, status="succeeded").order_by("pk")
            found = list(mine.values_list("credit_note_number", flat=True))
        return found if all(found) else []

    return until(written, what="the credit notes")


def test_what_is_unspent_comes_back_and_gifts_that_were_spent_are_paid(
    site: str, payments: Service
) -> None:
    alice = Buyer()
    bought = alice.buy(payments)
    alice.spend(80)  # the 50 on top, and 30 that were bought
    web, page = alice.browser(site), f"{site}/billing/purchases/{bought.public_id}"
    assert "Get $25.76 back" in web.get(page, timeout=60).text
    confirm = web.get(f"{page}/refund", timeout=60).text
    assert "$25.76 would come back to you" in confirm
    assert "920 + 46" in confirm
    assert alice.gained == 970
    # Less than a dollar's worth, more than is unspent, and what is no number.
    for other in ("35", "921", "0", "all", "9" * 5000):
        wrong = web.get(f"{page}/refund", params={"credits": other}, timeout=60)
        assert (wrong.status_code, "Write 36 to 920 credits." in wrong.text) == (422, True)
        wrong = web.post(f"{page}/refund", {"credits": other, "seen": "920"}, timeout=60)
        assert (wrong.status_code, "Write 36 to 920 credits." in wrong.text) == (422, True)
    for other in ("1000", "300"):
        stale = web.post(f"{page}/refund", {"credits": other}, timeout=60).text
        assert "Other credits were spent meanwhile" in stale
    done = web.post(f"{page}/refund", {"credits": "920"}, timeout=60).text
    assert "$25.76 for 920 credits and 46 that were given on top" in done
    for shown in ("", "/statement", "/statement/entries?type=refund"):
        lines = web.get(f"{site}/billing{shown}", timeout=60).text.split("<tr")[1:]
        refunded = next(line for line in lines if "Refunded in money" in line)
        assert f'href="/billing/purchases/{bought.public_id}"' in refunded
    assert "You bought 1,000 credits" in done  # and they are not all in the wallet
    assert of(alice, bought) == [(920, 2576, "succeeded")]
    # 80 credits were paid for, which bring 4 on top: those are what is left.
    assert (alice.gained, alice.now(bought).refunded_cents) == (4, 2576)
    (there,) = payments.v1.refunds.list({"payment_intent": str(bought.payment_intent_id)})
    assert there.amount == 2576
    assert "Nothing of this purchase" in web.post(f"{page}/refund", {"credits": "920"}).text
    assert of(alice, bought) == [(920, 2576, "succeeded")]
    assert alice.acts(bought) == ["purchase.paid", "refund.asked", "refund.succeeded"]
    (number,) = notes(alice, bought)
    assert number == f"{alice.now(bought).invoice_number}-CN-01"
    (note,) = payments.v1.credit_notes.list({"invoice": str(alice.now(bought).invoice_id)}).data
    assert (note.number, note.total) == (number, 2576)
    assert [link.refund for link in note.refunds] == [there.id]
    for shown in (page, f"{site}/billing/invoices"):
        assert f'<a href="{note.pdf}">{number}</a>' in web.get(shown, timeout=60).text
    assert alice.proven()


def test_who_may_not_pay_gets_nothing_back(site: str, payments: Service) -> None:
    alice, mallory = Buyer(), Buyer()
    bought = alice.buy(payments)
    page = f"{site}/billing/purchases/{bought.public_id}"
    assert mallory.browser(site).post(f"{page}/refund", {"credits": "1000"}).status_code == 404
    lowered(mallory.who, Role.VIEWER)
    with tenancy.scope(mallory.id):
        Membership.objects.filter(user=mallory.who.user).delete()
    with tenancy.scope(alice.id):
        Membership.objects.create(
            organisation_id=alice.id, user=mallory.who.user, role=Role.CREATOR
        )
    clerk = mallory.browser(site)
    assert "Get $28.00 back" not in clerk.get(page, timeout=60).text
    assert clerk.get(f"{page}/refund", timeout=60).status_code == 403
    assert clerk.post(f"{page}/refund", {"credits": "1000"}, timeout=60).status_code == 403
    for days in (0, 1):
        with override_settings(REFUND_DAYS=days), tenancy.scope(alice.id):
            offered = returning.offer(alice.actor, purchases.find(alice.actor, bought.public_id))
            assert bool(offered) is bool(days)
    assert (of(alice, bought), alice.gained, alice.proven()) == ([], 1050, True)


def test_an_operator_pays_back_in_parts_and_the_last_one_makes_it_whole(
    payments: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    alice = Buyer()
    bought = alice.buy(payments)
    words = {"reason": "Wrong pack"}
    call_command("refund", bought.public_id, credits=333, dry_run=True, **words)
    said = "333 credits and 17 given on top, $9.32 would go back; at most 1,000 credits can.\n"
    assert capsys.readouterr().out == said
    for wrong in (0, -5, 3600):
        for dry in (True, False):
            with pytest.raises(CommandError, match=f"{wrong} credits .* refund at most 1000"):
                call_command("refund", bought.public_id, credits=wrong, dry_run=dry, **words)
    assert alice.gained == 1050
    call_command("refund", bought.public_id, credits=333, **words)
    assert alice.gained == 1050 - 333 - 17
    with (
        override_settings(PAYMENTS_VENDOR="test"),  # other keys
        pytest.raises(CommandError, match="It was paid under other keys"),
    ):
        call_command("refund", bought.public_id, credits=333, **words)
    assert alice.gained == 1050 - 333 - 17
    with pytest.raises(CommandError, match="refund at most 667"):
        call_command("refund", bought.public_id, credits=668, **words)
    call_command("refund", bought.public_id, **words)
    assert of(alice, bought) == [(333, 932, "succeeded"), (667, 1868, "succeeded")]
    assert (alice.gained, alice.now(bought).refunded_cents) == (0, 2800)
    assert ": 667 credits, $18.68: done." in capsys.readouterr().out
    assert [number[-6:] for number in notes(alice, bought)] == ["-CN-01", "-CN-02"]
    for dry in (True, False):
        with pytest.raises(CommandError, match=r"Nothing of this purchase .* All of it was paid"):
            call_command("refund", bought.public_id, dry_run=dry, **words)
    spent = alice.buy(payments)
    for amount, why in ((1020, "not more than the credits"), (30, "All of its credits are spent")):
        alice.spend(amount)
        with pytest.raises(CommandError, match=why):
            call_command("refund", spent.public_id, dry_run=True)
    with pytest.raises(CommandError, match="There is no purchase pur_none"):
        call_command("refund", "pur_none", **words)
    assert alice.proven()


def test_a_part_comes_back_with_its_share_of_the_gift_and_never_more_than_it_is_worth(
    site: str, payments: Service
) -> None:
    alice = Buyer()
    bought = alice.buy(payments, pack(price_cents=2801))
    alice.spend(40)  # of the gift
    web, page = alice.browser(site), f"{site}/billing/purchases/{bought.public_id}/refund"
    confirm = web.get(page, params={"credits": "333"}, timeout=60).text
    assert "$9.32 would come back to you" in confirm  # 9.3273
    assert "333 + 17" in confirm
    assert 'name="seen" value="960"' in confirm
    # Another number than that of the button's words is shown, not paid.
    for more in ({"shown": "960"}, {"shown": "333", "look": "yes"}):
        typed = web.post(page, {"credits": "333", "seen": "960", **more}, timeout=60)
        assert "$9.32 would come back to you" in typed.text
        assert 'name="shown" value="333"' in typed.text
    wrong = web.post(page, {"credits": "a lot", "seen": "960", "shown": "960"}, timeout=60)
    assert (wrong.status_code, "Write 36 to 960 credits." in wrong.text) == (422, True)
    assert (of(alice, bought), alice.gained) == ([], 1010)
    for _ in range(2):  # the second time is a mistake
        asked = {"credits": "333", "seen": "960", "shown": "333"}
        done = web.post(page, asked, timeout=60).text
    assert "Other credits were spent meanwhile" in done
    assert of(alice, bought) == [(333, 932, "succeeded")]
    assert alice.gained == 1050 - 40 - 350
    rest = web.get(page, timeout=60).text
    assert "627 + 31" in rest
    assert "$17.56 would come back to you" in rest
    web.post(page, {"credits": "300", "seen": "627"}, timeout=60)
    web.post(page, {"credits": "327", "seen": "327"}, timeout=60)
    assert of(alice, bought)[1:] == [(300, 840, "succeeded"), (327, 916, "succeeded")]
    # 40 credits were paid for, which bring 2 on top: those are what is left of them.
    assert (alice.gained, alice.now(bought).refunded_cents) == (2, 932 + 840 + 916)
    assert alice.proven()


@pytest.mark.parametrize("part", [1000, 300])
def test_pressed_eight_times_at_once_it_is_one_refund(payments: Service, part: int) -> None:
    alice = Buyer()
    bought = alice.buy(payments)

    def press(_: int) -> str:
        try:
            return returning.give_back(alice.actor, bought.public_id, part, seen=1000).status
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as crowd:
        said = sorted(crowd.map(press, range(8)))
    assert said == ["conflict"] * 7 + ["succeeded"]
    assert of(alice, bought) == [(part, part * 28 // 10, "succeeded")]
    assert len(payments.v1.refunds.list({"payment_intent": str(bought.payment_intent_id)})) == 1
    assert (alice.gained, alice.proven()) == (1050 - part - part // 20, True)


def test_what_the_bank_does_not_take_comes_back_as_credits(site: str, payments: Service) -> None:
    alice = Buyer()
    bought = alice.buy(payments, number=FAILS)
    returning.give_back(alice.actor, bought.public_id, 1000)
    until(lambda: alice.notices("refund_failed"), what="the news that it failed")
    assert of(alice, bought) == [(1000, 2800, "failed")]
    assert (alice.gained, alice.now(bought).refunded_cents) == (1050, 0)
    page = alice.browser(site).get(f"{site}/billing/purchases/{bought.public_id}", timeout=60).text
    assert "Did not go through" in page
    assert "Get $28.00 back" in page
    assert alice.proven()


def test_a_service_that_is_away_is_asked_again(payments: Service) -> None:
    alice = Buyer()
    bought = alice.buy(payments)
    with override_settings(PAYMENTS_API_BASE=f"http://127.0.0.1:{free_ports(1)[0]}"):
        asked = refunds.ask(bought, 200, "Away")
    assert (asked.status, alice.gained) == ("asked", 1050 - 210)
    with tenancy.scope(alice.id):
        Refund.objects.filter(pk=asked.pk).update(next_attempt_at=Now())
    until(lambda: of(alice, bought)[0][2] == "succeeded", what="the refund")
    assert (of(alice, bought), alice.proven()) == ([(200, 560, "succeeded")], True)


def test_one_made_in_the_dashboard_takes_its_share_whatever_is_spent(
    site: str, silent: Service
) -> None:
    alice, luck = Buyer(), random.Random("refunds")
    begun = alice.begin()
    silent.pay(begun.pay_url)
    session = silent.v1.checkout.sessions.retrieve(str(begun.session_id))
    intent = str(session.payment_intent)
    silent.v1.refunds.create({"payment_intent": intent, "amount": 1400})
    # The news of the payment may come after that of its refund.
    for _ in range(2):
        told = 2 * told_of(silent, begun, intent)
        luck.shuffle(told)
        assert {post(site, event) for event in told} == {200}
    bought = alice.until(begun, refunded_cents=1400)
    assert (of(alice, bought), alice.money()) == ([(500, 1400, "succeeded")], (525, 0, False))
    alice.spend(alice.available)

    # One of ours that comes too late: they have paid everything back meanwhile.
    silent.v1.refunds.create({"payment_intent": intent})
    with pytest.raises(Conflict):
        refunds.ask(bought, None, "Nothing is left")
    told = 2 * told_of(silent, begun, intent)
    luck.shuffle(told)
    assert {post(site, event) for event in told} == {200}
    alice.until(begun, refunded_cents=2800)
    assert of(alice, bought) == [(500, 1400, "succeeded"), (500, 1400, "succeeded")]
    assert (alice.available, *alice.money()[1:]) == (0, 525, False)
    assert alice.proven()


def test_one_that_the_service_refuses_gives_way_to_the_one_made_there(
    site: str, silent: Service
) -> None:
    alice = Buyer()
    begun = alice.begin()
    silent.pay(begun.pay_url)
    intent = str(silent.v1.checkout.sessions.retrieve(str(begun.session_id)).payment_intent)
    assert {post(site, event) for event in told_of(silent, begun, intent)} == {200}
    bought = alice.until(begun, status="paid")
    silent.v1.refunds.create({"payment_intent": intent})
    assert refunds.ask(bought, 100, "Twice").status == "failed"
    assert (alice.gained, len(alice.notices("refund_failed"))) == (1050, 1)
    assert {post(site, event) for event in told_of(silent, begun, intent)} == {200}
    alice.until(begun, refunded_cents=2800)
    assert of(alice, bought) == [(100, 280, "failed"), (1000, 2800, "succeeded")]
    assert (alice.money(), alice.proven()) == ((0, 0, False), True)


def test_one_credit_note_of_two_refunds_is_the_paper_of_both(silent: Service) -> None:
    alice = Buyer()
    bought = _bought(alice, silent)
    both = [
        silent.v1.refunds.create({"payment_intent": str(bought.payment_intent_id), "amount": cents})
        for cents in (1400, 1000)
    ]
    links: Any = [{"refund": both[0].id, "amount_refunded": 1400},
                  {"refund": both[1].id, "amount_refunded": 600}]  # fmt: skip
    note = silent.v1.credit_notes.create(
        {"invoice": str(bought.invoice_id), "amount": 2000, "refunds": links}
    )
    for one in both:
        refunds.sync(one.id)
    _noted_now(alice)
    assert notes(alice, bought) == [note.number] * 2
    _noted_now(alice)
    assert len(silent.v1.credit_notes.list({"invoice": str(bought.invoice_id)}).data) == 1


def test_money_that_went_back_before_its_invoice_was_there_has_its_paper_after(
    silent: Service,
) -> None:
    alice = Buyer()
    bought = _bought(alice, silent)
    with tenancy.scope(alice.id):
        Purchase.objects.filter(pk=bought.pk).update(invoice_id=None, invoice_number="")
    refunds.ask(alice.now(bought), 500, "It was not made yet")
    _noted_now(alice)
    assert not silent.v1.credit_notes.list({"invoice": str(bought.invoice_id)}).data
    sessions.sync(str(bought.session_id))
    _noted_now(alice)
    assert len(notes(alice, bought)) == 1


def _bought(buyer: Buyer, payments: Service) -> Purchase:
    """As this process learns it, told nothing."""
    begun = buyer.begin()
    payments.pay(begun.pay_url)
    sessions.sync(str(begun.session_id))
    return buyer.until(begun, status="paid")


def _noted_now(buyer: Buyer) -> None:
    """What is due of its refunds is done by whoever comes first."""
    with tenancy.scope(buyer.id):
        due = Refund.objects.filter(next_attempt_at__isnull=False)
        due.update(next_attempt_at=Now())

    def none_is_due() -> bool:
        refunds.run_due()
        with tenancy.scope(buyer.id):
            return not Refund.objects.filter(next_attempt_at__isnull=False).exists()

    until(none_is_due, what="the papers")


def test_a_month_comes_back_only_when_nothing_of_it_was_spent_and_ends_the_plan(
    site: str, payments: Service
) -> None:
    alice, bob, small = Buyer(), Buyer(), plan("Small", 2500, 1000)
    for buyer, spent in ((alice, 0), (bob, 1)):
        begun = subscribe(payments, buyer, small)
        with tenancy.scope(buyer.id):
            month = Purchase.objects.get(kind="plan")
        if spent:
            buyer.spend(spent)
            refunds.ask(month, 100, "An operator's does not end it")
            with pytest.raises(Conflict):
                returning.give_back(buyer.actor, month.public_id, 899)
            assert plans.plan_of(buyer.id) == small
        else:
            web, page = buyer.browser(site), f"{site}/billing/purchases/{month.public_id}"
            assert "Your plan ends with it" in web.get(page, timeout=60).text
            confirm = web.get(f"{page}/refund", timeout=60).text
            assert "Your plan Small ends at once" in confirm
            assert "Credits to give back" not in confirm  # a month comes back whole
            part = web.post(f"{page}/refund", {"credits": "500", "seen": "1000"}, timeout=60)
            assert "Only all of them together come back: 1,000 credits." in part.text
            with (
                override_settings(PAYMENTS_API_BASE=f"http://127.0.0.1:{free_ports(1)[0]}"),
                pytest.raises(PaymentServiceDown),
            ):
                returning.give_back(buyer.actor, month.public_id, 1000)
            assert (of(buyer, month), buyer.gained) == ([(1000, 2500, "failed")], 1000)
            assert (plans.plan_of(buyer.id), buyer.notices("refund_failed")) == (small, [])
            web.post(f"{page}/refund", {"credits": "1000"}, timeout=60)
            assert of(buyer, month)[1:] == [(1000, 2500, "succeeded")]
            assert plans.plan_of(buyer.id) is None
            assert payments.v1.subscriptions.retrieve(begun.stripe_id).status == "canceled"
        assert buyer.gained == (899 if spent else 0)
        assert buyer.proven()
