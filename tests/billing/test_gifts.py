"""A gift gives what was paid for, once, while nothing speaks against it; and says from whom."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import Organisation
from billing import gifts, ledger, proof
from billing.errors import VoucherNotUsable
from billing.models import Dispute, Lot, Purchase
from tests.billing import presents, purse
from tests.billing.purse import LIVE
from tests.waiting import until

WORDS = gifts.Words("Aunt Ada", "For your first film")


def redeem(taker: int, gift: Purchase, *, live: bool = LIVE) -> gifts.Given | None:
    return _with(taker, presents.of(gift).code, live=live)


def _with(taker: int, code: str, *, live: bool = LIVE) -> gifts.Given | None:
    with tenancy.scope(taker):
        given = gifts.redeem(Actor(organisation_id=taker, livemode=live), code)
        assert scope_left() == str(taker)
    return given


def refused(taker: int, gift: Purchase, *, live: bool = LIVE) -> str:
    """Why it gives nothing; and it gives nothing."""
    before = purse.figures(taker)
    with pytest.raises(VoucherNotUsable) as said:
        redeem(taker, gift, live=live)
    assert purse.figures(taker) == before
    return str(said.value.facts["because"])


def scope_left() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.tenant', true)")
        return str(cursor.fetchone()[0])


def test_it_gives_its_credits_and_those_on_top_with_its_words_for_the_packs_days() -> None:
    buyer, taker = purse.organisation().pk, purse.organisation().pk
    gift = presents.paid(buyer, 10, bonus=1, cents=280, days=30, said=WORDS)
    _moved(gift, tax_cents=45)
    beside = presents.paid(buyer, 3)
    given = redeem(taker, gift)
    assert given is not None
    assert (given.credits, given.words, presents.of(beside).status) == (11, WORDS, "open")
    assert given.expires_at is not None
    assert abs(given.expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=5)
    plain = redeem(taker, presents.paid(buyer, 5))
    assert plain == gifts.Given(5, None, gifts.Words())
    with tenancy.scope(taker):
        lots = list(Lot.objects.order_by("pk").values_list("source", "granted", "cents", "reason"))
    assert lots == [
        ("gift", 10, 235, "Gift from Aunt Ada"), ("bonus", 1, 0, "Gift from Aunt Ada"),
        ("gift", 5, 0, "Gift"),
    ]  # fmt: skip
    assert (purse.figures(taker), proof.prove(taker).holds) == ((16, 0, 0), True)
    assert _with(taker, "2222-2222-2222-2222-2222") is None
    assert scope_left() == ""


def _disputed(gift: Purchase, status: str) -> None:
    with tenancy.scope(gift.organisation_id):
        Dispute.objects.create(
            organisation_id=gift.organisation_id, livemode=gift.livemode, purchase=gift,
            stripe_id=f"dp_{gift.pk}_{status}", amount_cents=1, status=status, credits=0,
        )  # fmt: skip


def _froze(gift: Purchase, *, live: bool = LIVE) -> None:
    with tenancy.scope(gift.organisation_id):
        ledger.open_wallet(gift.organisation_id, live)
        ledger.freeze(gift.organisation_id, live, cause="fraud:x", reason="A stolen card.")


def _owes(gift: Purchase) -> None:
    owner = gift.organisation_id
    ledger.claw_back(owner, LIVE, 1, purchase="purchase:x", reference="refund:x", reason="Back.")


def _suspended(organisation: int) -> None:
    with tenancy.scope(organisation):
        Organisation.objects.filter(pk=organisation).update(suspended_at=timezone.now())


def _moved(gift: Purchase, **fields: object) -> None:
    with tenancy.scope(gift.organisation_id):
        Purchase.objects.filter(pk=gift.pk).update(**fields)


@pytest.mark.parametrize(
    "against",
    [
        lambda gift: _disputed(gift, "needs_response"),
        lambda gift: _disputed(gift, "under_review"),
        _froze,
        _owes,
        lambda gift: _suspended(gift.organisation_id),
        lambda gift: _moved(gift, vendor="live"),
    ],
    ids=["asked", "looked at", "frozen", "owes", "suspended", "other vendor"],
)
def test_it_is_stopped_while_anything_speaks_against_its_payment(
    against: Callable[[Purchase], None],
) -> None:
    buyer, taker = purse.organisation().pk, purse.organisation().pk
    gift, other = presents.paid(buyer, 10, cents=28), presents.paid(purse.organisation().pk, 5)
    against(gift)
    assert refused(taker, gift) == "stopped"
    given = redeem(taker, other)  # of which nobody said anything
    assert (given and given.credits, purse.figures(taker)) == (5, (5, 0, 0))


def test_what_is_said_of_others_or_over_does_not_stop_it() -> None:
    buyer, taker = purse.organisation().pk, purse.organisation().pk
    gift = presents.paid(buyer, 10)
    _disputed(gift, "won")
    _disputed(presents.paid(buyer, 1), "needs_response")
    _froze(gift, live=not LIVE)
    _suspended(purse.organisation().pk)
    ledger.open_wallet(buyer, LIVE)
    assert refused(taker, gift, live=not LIVE) == "stopped"
    given = redeem(taker, gift)
    assert given is not None
    assert given.credits == 10
    assert refused(purse.organisation().pk, gift) == "redeemed"


def test_who_takes_it_back_meanwhile_is_waited_for() -> None:
    buyer, taker = purse.organisation().pk, purse.organisation().pk
    gift = presents.paid(buyer, 10)

    def late() -> str:
        try:
            return refused(taker, gift)
        finally:
            connection.close()

    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner, ThreadPoolExecutor(1) as pool:
        owner.execute("SELECT set_config('app.tenant', '*', true)")
        owner.execute("SELECT 1 FROM billing_purchase WHERE id = %s FOR UPDATE", [gift.pk])
        said = pool.submit(late)
        until(_somebody_waits, what="the redemption to wait for the purchase's lock")
        owner.execute(
            "UPDATE billing_gift SET status = 'void', void_for = 'refund:x', ended_at = now() "
            "WHERE purchase_id = %s",
            [gift.pk],
        )
        owner.commit()
        assert said.result(30) == "void"


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND query LIKE '%billing_redeem_gift%' AND datname = current_database()"
        )
        return bool(cursor.fetchone()[0])
