"""Packs that are given away: paid by one, redeemed by another, once; the books hold all along."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
import requests
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone
from jsonschema import Draft202012Validator

from accounts import tenancy
from accounts.models import AuditEvent, OutboxMessage, Role
from billing import gifts, notices, vouchers
from billing.errors import UnknownVoucher, VoucherNotUsable
from billing.models import Gift, Lot, Notice, Purchase
from billing.payments import refunds, returning
from kling_saas.lib.refusals import Conflict
from tests.billing import presents, purse
from tests.billing.payments.shop import Buyer, pack
from tests.billing.payments.test_refunds import FAILS
from tests.billing.test_caps import IN_MEMORY
from tests.billing.test_console import PLAIN_STATIC
from tests.billing.test_vouchers import at_once
from tests.payments_sandbox.service import Service
from tests.people import lowered
from tests.waiting import until

DECLINED = "4000000000000002"
WORDS = gifts.Words("Aunt Ada", "Make something <b>bold</b>")


def state(buyer: Buyer, bought: Purchase) -> str:
    with tenancy.scope(buyer.id):
        return str(Gift.objects.get(purchase=bought).status)


def code_of(bought: Purchase) -> str:
    return presents.of(bought).code


def refused(who: Buyer, code: str) -> str:
    """Why the code gives nothing at the moment."""
    with pytest.raises(VoucherNotUsable) as said:
        vouchers.redeem(who.actor, code)
    return str(said.value.facts["because"])


def test_a_gift_is_bought_and_redeemed_by_another_who_spends_it(
    site: str, payments: Service
) -> None:
    alice, bob = Buyer(), Buyer()
    shop, what = alice.browser(site), pack()
    form = f"{site}/billing/gifts/new?pack={what.slug}"
    assert f'href="/billing/gifts/new?pack={what.slug}"' in shop.get(f"{site}/billing/buy").text
    assert "optional" in shop.get(form, timeout=60).text
    typed = {"pack": what.slug, "from_name": WORDS.from_name, "message": WORDS.message}
    long = shop.post(f"{site}/billing/gifts/new", {**typed, "message": "x" * 201}, timeout=60)
    assert (long.status_code, "at most 200 letters" in long.text) == (422, True)
    begun = shop.post(f"{site}/billing/gifts/new", typed, allow_redirects=False, timeout=60)
    assert begun.status_code == 303
    with tenancy.scope(alice.id):
        bought = Purchase.objects.get(kind="gift")
    page = f"{site}/billing/purchases/{bought.public_id}"
    assert payments.pay(begun.headers["Location"], DECLINED).status_code == 402
    assert state(alice, bought) == "unpaid"
    assert "No gifts yet" in shop.get(f"{site}/billing/gifts", timeout=60).text
    payments.pay(begun.headers["Location"])
    bought = alice.until(bought, status="paid")
    code = code_of(bought)
    assert len(code) == 24
    assert (alice.money(), alice.lots(bought), alice.proven()) == ((0, 0, False), [], True)
    for shown in (page, f"{page}/state", f"{site}/billing/gifts"):
        answer = shop.get(shown, timeout=60)
        assert code in answer.text
        assert "no-store" in answer.headers["Cache-Control"]
    assert "You bought a gift of 1,050 credits" in shop.get(page, timeout=60).text

    redeemed = (
        bob.browser(site)
        .post(f"{site}/billing/voucher", {"code": code.lower().replace("-", " ")}, timeout=60)
        .text
    )
    assert "The gift gave you 1,050 credits. It is from Aunt Ada." in redeemed
    assert "Make something &lt;b&gt;bold&lt;/b&gt;" in redeemed
    assert "cannot be paid back to you in money" in redeemed
    with tenancy.scope(bob.id):
        lots = list(Lot.objects.filter(reference__startswith="gift:").order_by("pk"))
    assert [(lot.source, lot.granted, lot.cents) for lot in lots] == [
        ("gift", 1000, 2800), ("bonus", 50, 0),
    ]  # fmt: skip
    assert {lot.reason for lot in lots} == {"Gift from Aunt Ada"}
    for lot in lots:
        assert lot.expires_at is not None
        assert abs(lot.expires_at - timezone.now() - timedelta(days=365)) < timedelta(minutes=5)
    assert (bob.money(), alice.money()) == ((1050, 0, False), (0, 0, False))
    lines = bob.browser(site).get(f"{site}/billing/statement", timeout=60).text
    assert "Gift redeemed" in lines
    assert f"/billing/purchases/{bought.public_id}" not in lines
    books = bob.browser(site).get(f"{site}/billing/statement/entries", timeout=60).text
    kinds = books.partition("<h2>By kind</h2>")[2]
    assert ("Gift redeemed" in kinds, "Credits bought" in kinds) == (True, False)
    bob.spend(bob.available - 10)
    assert alice.proven()
    assert bob.proven()
    again = bob.browser(site).post(f"{site}/billing/voucher", {"code": code}, timeout=60).text
    assert "This gift was redeemed before" in again
    listed = shop.get(f"{site}/billing/gifts", timeout=60).text
    assert "Redeemed" in listed
    assert code not in listed
    for secret in (bob.who.user.email, bob.who.organisation.name, bob.who.organisation.public_id):
        assert secret not in listed
    assert alice.acts(bought) == ["purchase.paid"]


def test_the_code_is_in_the_letter_and_in_nothing_that_is_kept_or_told(payments: Service) -> None:
    alice, bob = Buyer(), Buyer()
    bought = alice.buy(payments, gift=WORDS)
    code, bare = code_of(bought), code_of(bought).replace("-", "")
    with tenancy.scope(alice.id):
        notice = Notice.objects.get(kind="gift_bought")
        row = Gift.objects.filter(purchase=bought).values().get()
        told = [*OutboxMessage.objects.values_list("payload", flat=True), notice.facts, row]
    assert code not in notices.words(notice).text
    with override_settings(EMAIL_BACKEND=IN_MEMORY):
        mail.outbox = []
        notices._mail(notice)
    (letter,) = mail.outbox
    assert letter.to == [alice.who.user.email]
    assert code in letter.body
    vouchers.redeem(bob.actor, code)
    typo = ("A" if bare[0] != "A" else "B") + bare[1:]
    with pytest.raises(UnknownVoucher):
        vouchers.redeem(bob.actor, typo)
    for buyer in (alice, bob):
        with tenancy.scope(buyer.id):
            acts = list(
                AuditEvent.objects.order_by("pk").values_list("action", "subject", "detail")
            )
            told += [acts, *Lot.objects.values_list("reference", "reason")]
    assert ("gift.redeemed", f"{code[:4]}…", {"credits": 1050}) in acts
    assert bare[1:] not in repr(told).replace("-", "")
    with tenancy.scope(bob.id):
        assert not Gift.objects.exists()
        assert not Purchase.objects.exists()


def test_a_program_redeems_a_gift_and_reads_its_words(site: str) -> None:
    bob = Buyer()
    made = presents.paid(purse.organisation().pk, 70, bonus=5, cents=196)
    key = {"Authorization": f"Bearer {bob.who.live_key}"}
    address = f"{site}/api/v1/vouchers"
    body = {"code": code_of(made)}
    answer = requests.post(address, json=body, headers=key, timeout=60)
    schema = requests.get(f"{site}/api/v1/schema", timeout=60).json()
    Draft202012Validator({"$ref": "#/components/schemas/Voucher", **schema}).validate(answer.json())
    assert answer.status_code == 201
    said = {"object": "gift", "code": f"{body['code'][:4]}…", "credits": 75, "expires_at": None}
    words = {"from_name": "", "message": "", "available": bob.available}
    assert answer.json() == {**said, **words}
    again = requests.post(address, json=body, headers=key, timeout=60)
    assert (again.status_code, again.json()["because"]) == (409, "redeemed")
    test = {"Authorization": f"Bearer {bob.who.test_key}"}
    assert requests.post(address, json=body, headers=test, timeout=60).status_code == 403


def test_who_may_not_pay_sees_no_code(site: str) -> None:
    alice = Buyer()
    made = presents.paid(alice.id, 70)
    lowered(alice.who, Role.VIEWER)
    web = alice.browser(site)
    assert web.get(f"{site}/billing/gifts", timeout=60).status_code == 403
    assert web.get(f"{site}/billing/gifts/new?pack={pack().slug}", timeout=60).status_code == 403
    bill = web.get(f"{site}/billing/purchases/{made.public_id}", timeout=60)
    assert (bill.status_code, code_of(made) in bill.text) == (200, False)
    assert "no-store" not in bill.headers["Cache-Control"]


def test_an_open_one_is_paid_back_whole_and_a_redeemed_one_is_not(
    site: str, payments: Service
) -> None:
    alice, bob = Buyer(), Buyer()
    bought, given = (alice.buy(payments, gift=WORDS) for _ in range(2))
    with tenancy.scope(alice.id):
        Purchase.objects.filter(pk=bought.pk).update(paid_at=timezone.now() - timedelta(days=400))
    web, page = alice.browser(site), f"{site}/billing/purchases/{bought.public_id}"
    assert "for as long as nobody has redeemed it" in web.get(page, timeout=60).text
    asks = web.get(f"{page}/refund", timeout=60).text
    assert "Its code gives nothing from now on" in asks
    part = {"credits": "500", "seen": "1000", "shown": "500"}
    assert "Only all of them together" in web.post(f"{page}/refund", part, timeout=60).text
    done = web.post(f"{page}/refund", {"credits": "1000", "seen": "1000"}, timeout=60).text
    assert "$28.00 for 1,000 credits and 50 that were given on top" in done
    assert (state(alice, bought), refused(bob, code_of(bought))) == ("void", "void")
    assert (alice.money(), alice.proven()) == ((0, 0, False), True)
    assert code_of(bought) not in web.get(f"{site}/billing/gifts", timeout=60).text

    vouchers.redeem(bob.actor, code_of(given))
    page = f"{site}/billing/purchases/{given.public_id}"
    assert "What was given away cannot be paid back" in web.get(page, timeout=60).text
    late = web.post(f"{page}/refund", {"credits": "1000", "seen": "1000"}, timeout=60).text
    assert "This gift was redeemed: what was given away cannot be paid back." in late
    with pytest.raises(CommandError, match="This gift was redeemed"):
        call_command("refund", given.public_id, reason="Asked for")
    assert bob.browser(site).get(f"{page}/refund", timeout=60).status_code == 404
    assert (state(alice, given), bob.money()) == ("redeemed", (1050, 0, False))
    assert alice.proven()
    assert bob.proven()


def test_an_operator_pays_one_back_whole_or_not_at_all(
    payments: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    alice = Buyer()
    bought = alice.buy(payments, gift=WORDS)
    with pytest.raises(CommandError, match="A gift comes back whole"):
        call_command("refund", bought.public_id, credits=500, reason="Half")
    call_command("refund", bought.public_id, dry_run=True)
    said = "1,000 credits and 50 given on top, $28.00 would go back; at most 1,000 credits can.\n"
    assert capsys.readouterr().out == said
    call_command("refund", bought.public_id, reason="Asked for")
    assert (state(alice, bought), alice.proven()) == ("void", True)


def test_redeemed_and_taken_back_at_once_it_is_one_of_the_two(payments: Service) -> None:
    for _ in range(3):
        alice, bob = Buyer(), Buyer()
        bought = alice.buy(payments, gift=WORDS)
        code = code_of(bought)
        came = at_once(
            [lambda: vouchers.redeem(bob.actor, code)] * 2  # noqa: B023
            + [lambda: returning.give_back(alice.actor, bought.public_id, 1000)] * 2  # noqa: B023
        )
        assert came["given"] == 1
        paid_back = alice.now(bought).refunded_cents
        assert (bob.gained, paid_back) in {(1050, 0), (0, 2800)}
        assert state(alice, bought) == ("void" if paid_back else "redeemed")
        assert alice.proven()
        assert bob.proven()


def test_a_refund_that_fails_opens_it_again(payments: Service) -> None:
    alice, bob = Buyer(), Buyer()
    bought = alice.buy(payments, number=FAILS, gift=WORDS)
    returning.give_back(alice.actor, bought.public_id, 1000)
    until(lambda: alice.notices("refund_failed"), what="the news that it failed")
    assert alice.notices("refund_failed")[0]["gift"]
    assert (state(alice, bought), alice.proven()) == ("open", True)
    assert "The code can be redeemed again. Try again" in alice.bill(bought)
    assert vouchers.redeem(bob.actor, code_of(bought)).credits == 1050
    assert "can be redeemed again" not in alice.bill(bought)
    assert alice.proven()
    assert bob.proven()


def test_money_that_went_back_elsewhere_takes_an_open_one_and_is_owed_for_a_part_or_a_spent_one(
    payments: Service,
) -> None:
    alice, bob = Buyer(), Buyer()
    bought = [alice.buy(payments, gift=WORDS) for _ in range(3)]
    whole, part, given = bought
    vouchers.redeem(bob.actor, code_of(given))
    for one, cents in ((whole, 2800), (part, 1400), (given, 2800)):
        wanted = {"payment_intent": str(one.payment_intent_id), "amount": cents}
        payments.v1.refunds.create(wanted)  # type: ignore[arg-type]
        alice.until(one, refunded_cents=cents)
    assert [state(alice, one) for one in bought] == ["void", "open", "redeemed"]
    with tenancy.scope(alice.id), pytest.raises(Conflict):
        refunds.shares.part(alice.now(part), None)
    # Half of one, with its bonus, and all of another: taken where something is, or owed.
    gone, owed, _frozen = alice.money()
    assert owed - gone == 525 + 1050
    assert bob.money() == (1050, 0, False)
    assert alice.proven()
    assert bob.proven()


def test_a_code_whose_key_is_gone_is_not_shown_and_gives_what_it_promised() -> None:
    alice, bob = Buyer(), Buyer()
    bought = presents.paid(alice.id, 100, cents=280)
    code = code_of(bought)
    other = "k9:" + base64.b64encode(b"9" * 32).decode()
    with override_settings(ENCRYPTION_KEYS=[other]), PLAIN_STATIC:
        for page in ("/billing/gifts", f"/billing/purchases/{bought.public_id}"):
            shown = alice.inside().get(page).content.decode()
            assert "This code cannot be shown at the moment" in shown
            assert code not in shown
        assert vouchers.redeem(bob.actor, code).credits == 100
    assert bob.proven()


def test_a_code_that_was_mistyped_is_written_down_nowhere() -> None:
    bob = Buyer()
    code = code_of(presents.paid(Buyer().id, 100))
    with pytest.raises(UnknownVoucher):
        vouchers.redeem(bob.actor, code[:-1] + ("A" if code[-1] != "A" else "B"))
    with tenancy.scope(bob.id):
        assert AuditEvent.objects.get(action="voucher.wrong_code").subject == "(a long code)"


def test_where_none_are_sold_those_sold_before_are_shown_and_give_what_they_promised() -> None:
    alice, bob, what = Buyer(), Buyer(), pack()
    bought = presents.paid(alice.id, 100, cents=280)
    assert "Give as a gift" in alice.page("/billing/buy")
    with override_settings(GIFTS=False):
        with PLAIN_STATIC:
            form = f"/billing/gifts/new?pack={what.slug}"
            assert alice.inside().get(form).status_code == 404
            assert alice.inside().post("/billing/gifts/new", {"pack": what.slug}).status_code == 404
            assert bob.inside().get("/billing/gifts").status_code == 404
        shop, mine = alice.page("/billing/buy"), alice.page("/billing/gifts")
        assert ("Give as a gift" in shop, 'href="/billing/gifts"' in shop) == (False, True)
        assert (code_of(bought) in mine, "Give another" in mine) == (True, False)
        assert 'href="/billing/gifts"' not in bob.page("/billing/buy")
        assert vouchers.redeem(bob.actor, code_of(bought)).credits == 100
    assert bob.proven()
