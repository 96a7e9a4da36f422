"""Low balances are told in time, once until credits come again, as early as their owners chose."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.test import Client, override_settings
from django.utils import timezone

from accounts import tenancy
from accounts.models import AuditEvent
from billing import alerts, caps, ledger, wallets
from billing.models import LotSource, Notice, Plan, Subscription
from tests.billing import purse
from tests.billing.purse import LIVE
from tests.billing.test_cap_pages import signed_in
from tests.billing.test_caps import member, owner, rich
from tests.people import Customer, customer


def spender(credits_left: int, spent: int) -> Customer:
    """Somebody who has bought credits and spent so many of all they had today."""
    person = customer()
    alice = person.organisation.pk
    wallets.ensure(person.organisation)
    bought = credits_left + spent - wallets.balance(alice, LIVE).available
    if spent:
        ledger.grant(alice, LIVE, bought, LotSource.PURCHASE, reference="purchase:a")
        held = ledger.reserve(alice, LIVE, spent, reference="gen_spent")
        with tenancy.scope(alice):
            ledger.capture(held.hold_id, spent)
    return person


def told(person: Customer) -> list[dict[str, Any]]:
    """The facts of what was told."""
    alerts.low_balances()
    with tenancy.scope(person.organisation.pk):
        mine = Notice.objects.filter(organisation=person.organisation, kind="low_balance")
        return list(mine.order_by("pk").values_list("facts", flat=True))


def test_a_wallet_that_lasts_days_only_is_told_once_until_credits_come() -> None:
    had = 340
    alice = spender(had, spent=350)
    boss = owner(alice)
    assert (told(alice), told(spender(0, spent=0))) == ([], [])  # six days; nothing spent
    alerts.choose(boss, low_credits=None, low_days=6)
    found = told(alice)
    assert found == [{"available": had, "a_day": 50, "days": 6}]
    assert told(alice) == found
    page = signed_in(boss)
    assert "Your credits last 6 days at this pace" in page.get("/billing/").content.decode()
    ledger.grant(alice.organisation.pk, LIVE, 5, LotSource.GRANT, reference="more")
    assert [facts["available"] for facts in told(alice)] == [had, had + 5]
    dismissed(page)


def expiries(organisation: int) -> list[tuple[int, int]]:
    """Credits and days of what was told to expire."""
    alerts.expiring()
    with tenancy.scope(organisation):
        mine = Notice.objects.filter(kind="lot_expires").order_by("pk")
        return [(one.facts["credits"], one.facts["days"]) for one in mine]


def test_what_expires_is_told_14_and_3_days_before_once() -> None:
    alice, now = purse.organisation().pk, timezone.now()
    for amount, days in ((1, 15), (2, 13), (3, 4), (4, 2)):
        ledger.grant(
            alice, LIVE, amount, LotSource.PURCHASE, reference=f"pack {amount}",
            expires_at=now + timedelta(days=days),
        )  # fmt: skip
    assert expiries(alice) == expiries(alice) == [(3, 14), (2, 14), (4, 3)]
    purse.let_days_pass(alice, -10)  # they were given longer to live, and that ends too
    assert expiries(alice)[3:] == [(4, 14), (3, 14)]


def test_what_a_renewal_does_not_keep_is_told_three_days_before_it() -> None:
    alice, now = purse.organisation().pk, timezone.now()
    small, large = (
        Plan.objects.create(
            slug=f"{name}-{secrets.token_hex(6)}", name=name, credits=1000, price_cents=cents,
            rollover_credits=keeps, active=False,
        )
        for name, cents, keeps in (("Small", 100, 200), ("Large", 200, 700))
    )  # fmt: skip
    ledger.grant(
        alice, LIVE, 900, LotSource.PLAN, reference="month", expires_at=now + timedelta(days=10)
    )
    with tenancy.scope(alice):
        running = Subscription.objects.create(
            organisation_id=alice, livemode=LIVE, vendor="sandbox", plan=large, next_plan=small,
            stripe_id=f"sub_{secrets.token_hex(8)}", status="active",
            period_ends_at=now + timedelta(days=7),
        )  # fmt: skip
    assert expiries(alice) == []
    with tenancy.scope(alice):
        mine = Subscription.objects.filter(pk=running.pk)
        mine.update(period_ends_at=now + timedelta(days=2))
    assert expiries(alice) == expiries(alice) == [(200, 3)]
    purse.let_days_pass(alice, 8)
    assert expiries(alice) == [(200, 3)]  # they live for some days more than the month
    with tenancy.scope(alice):
        mine.update(cancels_at=now)
    assert expiries(alice) == [(200, 3), (900, 3)]  # it ends, and all of them do


def dismissed(page: Client) -> None:
    """Each notice has a button, and is gone by it."""
    for left in (1, 0):
        shown = page.get("/billing/").content.decode()
        address = shown.split('action="/billing/notices/')[1].split('"')[0]
        assert page.post(f"/billing/notices/{address}").status_code == 302
        assert page.get("/billing/").content.decode().count("/dismiss") == left


def test_the_usual_days_hold_for_who_chose_none_and_0_is_off() -> None:
    alice, boss = (who := spender(200, spent=350)), owner(who)
    with override_settings(LOW_BALANCE_DAYS=3):
        assert told(alice) == []
    alerts.choose(boss, low_credits=None, low_days=0)
    assert told(alice) == []
    alerts.choose(boss, low_credits=200, low_days=0)
    assert told(alice) == []
    alerts.choose(boss, low_credits=201, low_days=0)
    assert told(alice) == [{"available": 200, "a_day": 50, "days": None}]


def test_the_page_lets_those_who_look_after_money_choose() -> None:
    alice = rich()
    boss, bob = signed_in(owner(alice)), signed_in(member(alice))
    wrong = boss.post("/billing/low", {"low_days": "soon"}, follow=True).content.decode()
    assert "Write a whole number" in wrong
    assert (
        "At most 90 days"
        in boss.post("/billing/low", {"low_days": "91"}, follow=True).content.decode()
    )
    boss.post("/billing/low", {"low_days": "9", "low_credits": "1,200"})
    shown = boss.get("/billing/").content.decode()
    assert 'value="9"' in shown
    assert 'value="1200"' in shown
    refused = bob.post("/billing/low", {"low_days": "1"}, follow=True).content.decode()
    assert "Only owners, admins and billing members" in refused
    assert "/billing/low" not in bob.get("/billing/").content.decode()
    with tenancy.scope(alice.organisation.pk):
        assert AuditEvent.objects.filter(action="low_balance.set").count() == 1


def test_the_studio_leads_to_the_limits_where_a_cap_refuses() -> None:
    alice = rich()
    caps.put(owner(alice), scope="organisation", subject="", period="call", amount=1)
    order = {
        "prompt": "A quiet sea", "model": "kling-v1", "mode": "std", "duration": "5",
        "aspect_ratio": "16:9", "cfg_scale": "0.5",
    }  # fmt: skip
    boss, bob = owner(alice), member(alice)
    wrong = signed_in(boss).post("/app/studio", order)
    assert wrong.status_code == 402
    said = f"The cap of your organisation, set by {alice.user.email}, is 1 credits per order."
    assert said in wrong.content.decode()
    assert "raise it under Limits" in wrong.content.decode()  # who may is not told to ask
    assert "ask an owner, an admin" in signed_in(bob).post("/app/studio", order).content.decode()
    assert b"under Limits" not in signed_in(boss).get("/app/studio").content
    caps.put(boss, scope="member", subject=str(bob.user_id), period="day", amount=0)
    own = signed_in(bob).post("/app/studio", order).content.decode()
    assert f"Your cap, set by {alice.user.email}, is 0 credits per day" in own
    assert "ask for more under Limits" in own
