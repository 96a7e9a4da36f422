"""The daily close: to zero against a payment service, and every difference by its ids."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from accounts import tenancy
from billing import closing, ledger
from billing.models import DayClose, Dispute, Lot, LotSource, Purchase, Refund
from billing.payments import disputes, refunds, sessions
from kling_saas import admin_home
from tests.billing.payments.shop import Buyer, pack
from tests.payments_sandbox.service import KEY, PAYS, Payments

DISPUTED = "4000000000000259"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Payments]:
    """Nobody else's payments are there, and what we have of others is another vendor's."""
    own = Payments(Path(tmp_path_factory.mktemp("payments")))
    with override_settings(PAYMENTS_API_BASE=own.url, PAYMENTS_KEY=KEY, PAYMENTS_VENDOR="test"):
        yield own
    own.stop()


def bought(alice: Buyer, service: Payments, *, told: bool = True, number: str = PAYS) -> Purchase:
    """A pack, paid at the service; `told`: and settled by us."""
    one = alice.begin(pack())
    service.pay(one.pay_url, number)
    if told:
        sessions.sync(str(one.session_id))
    return alice.now(one)


def of_payments(row: DayClose) -> list[closing.Difference]:
    """Other tests break the books on purpose."""
    return [d for d in closing.differences_of(row) if d.what not in {"books", "wallet", "ledger"}]


def close(*arguments: str) -> tuple[int, dict[str, Any]]:
    """The command's exit code, and what it wrote."""
    out = io.StringIO()
    try:
        call_command("close_day", *arguments, "--json", stdout=out)
    except SystemExit as end:
        return int(str(end.code)), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def test_a_day_closes_to_zero_whatever_the_services_clock_says(service: Payments) -> None:
    alice = Buyer()
    first = bought(alice, service)
    back = service.v1.refunds.create(
        {"payment_intent": str(first.payment_intent_id), "amount": 300}
    )
    assert first.paid_at is not None
    day = first.paid_at.date()
    row = closing.run(day)
    assert row.figures["charges"] == {"usd": {"ours": 2800, "theirs": 2800}}
    owed = row.figures["deferred"]["purchase"]
    assert owed["credits"] >= 1000
    assert owed["cents"] >= 2800
    assert [str(one).partition(":")[2] for one in of_payments(row)] == [
        " the payment service has 300 usd, we have none"
    ]
    with tenancy.scope(alice.id):
        Refund.objects.create(
            organisation_id=alice.id, livemode=True, purchase=first, credits=0, amount_cents=300,
            stripe_id=back.id,
        )  # fmt: skip
    service.advance(days=40)
    disputed = bought(alice, service, number=DISPUTED)
    (taken,) = service.v1.disputes.list({"payment_intent": str(disputed.payment_intent_id)})
    row = closing.run(day)
    assert row.figures["charges"] == {"usd": {"ours": 5600, "theirs": 5600}}
    assert row.figures["refunds"] == {"usd": {"ours": 300, "theirs": 300}}
    assert of_payments(row) == []  # by the service's clock, it was disputed in 40 days
    with tenancy.scope(alice.id):
        ours = Dispute.objects.create(
            organisation_id=alice.id, livemode=True, purchase=disputed, credits=0,
            amount_cents=taken.amount - 1, stripe_id=taken.id, status=taken.status,
        )  # fmt: skip
    (wrong,) = of_payments(closing.run(day))
    assert (wrong.id, wrong.theirs) == (disputed.public_id, taken.id)
    with tenancy.scope(alice.id):
        Dispute.objects.filter(pk=ours.pk).update(amount_cents=taken.amount)
    assert of_payments(closing.run(day)) == []
    assert DayClose.objects.filter(day=day, vendor="test").count() == 1


def test_what_differs_is_listed_with_the_ids_of_both_sides(
    service: Payments, caplog: pytest.LogCaptureFixture
) -> None:
    alice = Buyer()
    changed, unheard, invented, unnamed = (bought(alice, service, told=n != 1) for n in range(4))
    with tenancy.scope(alice.id):
        Purchase.objects.filter(pk=changed.pk).update(paid_cents=2801)
        Purchase.objects.filter(pk=invented.pk).update(payment_intent_id="pi_nobodys")
        Purchase.objects.filter(pk=unnamed.pk).update(payment_intent_id=None)
    ledger.grant(alice.id, True, 9, LotSource.PURCHASE, reference="purchase:pur_nobody", cents=25)
    ahead = timezone.now() + timedelta(days=40)  # the service's day
    days = [timezone.now().date(), ahead.date()]
    told = [one for day in days for one in of_payments(closing.run(day)) if one.what == "purchase"]
    wrong = {one.id or one.theirs: one for one in told}
    assert "we have 2801 usd, the payment service 2800 usd" in str(wrong[changed.public_id])
    assert wrong[changed.public_id].theirs.startswith("ch_")
    assert wrong[invented.public_id].theirs == "pi_nobodys"
    assert "the payment service has none" in wrong[unnamed.public_id].says
    assert alice.now(unheard).status == "open"
    assert (
        sum("we have none" in one.says for one in told) == 3
    )  # unheard, and the others' real ones
    assert "ALARM closing" in caplog.text
    code, answer = close(str(days[0]))
    assert (code, answer["vendor"]) == (1, "test")
    assert invented.public_id in {one["id"] for one in answer["differences"]}
    newest = DayClose.objects.filter(vendor="test").order_by("-day")[0]
    (shown,) = [f for f in admin_home.figures() if str(newest.day) == f.words]
    assert (shown.value, shown.bad) == (len(newest.differences), True)
    books = {one.id: one.says for one in closing.differences_of(closing.run(days[0]))
             if one.what == "ledger"}  # fmt: skip
    assert books[changed.public_id] == (
        "1000 credits for 2801 cents were bought, the ledger gave 1000 for 2800"
    )
    with tenancy.scope(alice.id):
        given = Lot.objects.get(reference="purchase:pur_nobody").public_id
    assert "no paid purchase is purchase:pur_nobody" in books[given]
    assert unnamed.public_id not in books
    with tenancy.scope(alice.id):
        Purchase.objects.filter(organisation=alice.id).update(status="failed", paid_cents=None,
                                                              paid_at=None)  # fmt: skip


def test_days_are_closed_once_by_themselves_and_caught_up_with(
    service: Payments, caplog: pytest.LogCaptureFixture
) -> None:
    then = (timezone.now() - timedelta(days=6)).replace(hour=0, minute=59)

    def due(at: datetime) -> list[int]:
        """The days, counted from `then`, for which a close is new after asking."""
        cache.delete(f"{closing._TRIED}test")
        before = set(DayClose.objects.filter(vendor="test").values_list("pk", "closed_at"))
        done = closing.when_due(at)
        rows = DayClose.objects.filter(vendor="test")
        new = [row.day - then.date() for row in rows if (row.pk, row.closed_at) not in before]
        assert done == bool(new)
        assert not closing.when_due(at)  # not at once again
        return [each.days for each in new]

    with (
        override_settings(PAYMENTS_API_BASE="http://127.0.0.1:1"),
        caplog.at_level(logging.WARNING),
    ):
        assert due(then) == []
    assert "ALARM closing" in caplog.text  # a day late
    assert due(then) == [-2]
    assert due(then) == []
    assert due(then.replace(hour=1, minute=0)) == [-1]
    later = then + timedelta(days=2)
    assert [due(later), due(later), due(later)] == [[0], [], []]
    early = DayClose.objects.filter(day=then.date(), vendor="test")
    early.update(closed_at=then)
    assert [due(later), due(later)] == [[0], []]
    newer = DayClose.objects.filter(vendor="test", day__gt=then.date())
    newer.delete()  # those of the tests before this one
    assert due(then + timedelta(days=12)) == [1]  # the workers were away for long


def test_a_day_that_is_not_over_is_closed_with_a_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    today = timezone.now().date()
    for day, warned in ((today, True), (today - timedelta(days=1), False)):
        with suppress(SystemExit):
            call_command("close_day", str(day))
        said = capsys.readouterr()
        assert said.out.startswith(f"{day}{' so far' * warned}:\n")
        assert (f"{day} is not over: this close is provisional" in said.err) is warned


@pytest.mark.parametrize("day", ["soon", "2999-01-01"])
def test_a_day_that_is_none_or_has_not_begun_is_refused(day: str) -> None:
    with pytest.raises(CommandError):
        call_command("close_day", day)


def test_credits_that_a_failed_refund_or_a_won_dispute_kept_are_found_when_it_is_decided(
    service: Payments,
) -> None:
    alice = Buyer()
    paid_back, disputed = (bought(alice, service) for _ in range(2))
    back = refunds.ask(paid_back, 400, "Too many")
    name = service.control("disputes", payment_intent=disputed.payment_intent_id)["id"]
    disputes.sync(name)
    assert (back.status, alice.money(), alice.unbacked()) == ("succeeded", (630, 0, True), set())
    weeks_ago = timezone.now() - timedelta(days=21)
    with tenancy.scope(alice.id):
        Refund.objects.filter(pk=back.pk).update(created_at=weeks_ago, status="failed")
        Dispute.objects.filter(stripe_id=name).update(
            created_at=weeks_ago, closed_at=weeks_ago, status="won", reversed_at=timezone.now()
        )
    assert alice.unbacked() == {back.public_id, name}
