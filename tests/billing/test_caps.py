"""Caps hold: whoever spends, however many at once, and whoever says yes to more."""

from __future__ import annotations

import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import psycopg
import pytest
import requests
from django.core import mail
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import ApiKey, AuditEvent, Membership, Role, User
from billing import caps, ledger, notices, proof
from billing.errors import CapReached
from billing.ledger import Spender
from billing.models import CapAlert, LotSource, Notice, Spending
from kling_saas.lib.refusals import Conflict, Forbidden, NotFound
from tests.billing import purse
from tests.billing.purse import LIVE
from tests.people import Customer, customer

IN_MEMORY = "django.core.mail.backends.locmem.EmailBackend"


def rich(name: str = "alice") -> Customer:
    """A customer whose live wallet is no limit."""
    made = customer(name)
    ledger.grant(made.organisation.pk, LIVE, 100_000, LotSource.GRANT, reference="plenty")
    return made


def owner(of: Customer) -> Actor:
    return Actor(organisation_id=of.organisation.pk, livemode=LIVE, user_id=of.user.pk)


def member(of: Customer, role: Role = Role.CREATOR) -> Actor:
    """One more person in the organisation."""
    user = User.objects.create_user(f"bob-{secrets.token_hex(6)}@example.org", name="Bob")
    with tenancy.scope(of.organisation.pk):
        Membership.objects.create(organisation=of.organisation, user=user, role=role)
    return Actor(organisation_id=of.organisation.pk, livemode=LIVE, user_id=user.pk, role=role)


def key_of(of: Customer) -> str:
    with tenancy.scope(of.organisation.pk):
        return f"key:{ApiKey.objects.get(livemode=LIVE).pk}"


def spend(of: Customer, amount: int, by: Spender = ledger.NOBODY) -> int:
    """Credits held for one order."""
    held = ledger.reserve(of.organisation.pk, LIVE, amount, reference=purse.reference(), spender=by)
    return held.hold_id


@pytest.mark.parametrize("scope", ["organisation", "member", "credential"])
@pytest.mark.parametrize("period", ["call", "day", "month"])
def test_a_cap_of_each_kind_refuses_what_is_above_it_and_nothing_moves(
    scope: str, period: str
) -> None:
    alice = rich()
    by = Spender(member=alice.user.pk, credential=key_of(alice), sku="kling-v1")
    subject = {"organisation": "", "member": str(alice.user.pk), "credential": by.credential}
    caps.put(owner(alice), scope=scope, subject=subject[scope], period=period, amount=30)
    spend(alice, 20, by)
    before = purse.figures(alice.organisation.pk)
    over = 31 if period == "call" else 11
    with pytest.raises(CapReached) as refused:
        spend(alice, over, by)
    assert purse.figures(alice.organisation.pk) == before
    facts = refused.value.facts
    assert (facts["scope"], facts["period"], facts["credits"]) == (scope, period, 30)
    assert facts["set_by"] == alice.user.email
    [standing] = caps.standings(owner(alice))
    assert facts["resets_at"] == (standing.resets_on and standing.resets_on.isoformat())
    assert (facts["resets_at"] is None) == (period == "call")
    assert f", set by {alice.user.email}, is 30 credits per " in refused.value.detail
    assert "or have an owner, an admin or a billing member raise it" in refused.value.detail
    spend(alice, 10, by)  # up to the cap itself
    others = Spender(member=0, credential="", sku="kling-v1")
    if scope == "organisation":
        with pytest.raises(CapReached):
            spend(alice, over, others)
    else:
        spend(alice, over, others)
    [standing] = caps.standings(owner(alice))
    assert standing.spent == (0 if period == "call" else 30)
    assert proof.prove(alice.organisation.pk).holds


def test_what_is_spent_is_counted_by_who_with_what_and_for_what() -> None:
    alice = rich()
    ledger.grant(alice.organisation.pk, not LIVE, 100, LotSource.TEST, reference="a try")
    spenders = [
        Spender(1, "key:1", "kling-v1"), Spender(2, "key:1", "kling-v1"),
        Spender(1, "key:2", "kling-v1"), Spender(1, "key:1", "kling-v2"),
    ]  # fmt: skip
    expected = {}
    for number, by in enumerate(spenders, 1):
        spend(alice, number, by)
        spend(alice, number, by)
        expected[by.member, by.credential, by.sku] = 2 * number
    ledger.reserve(alice.organisation.pk, not LIVE, 50, reference="a try", spender=spenders[0])
    with tenancy.scope(alice.organisation.pk):
        counted = Spending.objects.filter(livemode=LIVE)
        found = counted.values_list("member", "credential", "sku", "reserved")
        assert {(who, key, what): held for who, key, what, held in found} == expected
    forty_days_ago = "UPDATE billing_spending SET day = day - 40 WHERE organisation_id = %s"
    purse.as_owner(forty_days_ago, alice.organisation.pk)
    caps.put(owner(alice), scope="organisation", subject="", period="month", amount=3)
    spend(alice, 3, spenders[0])  # what was spent in another month does not count
    with pytest.raises(CapReached):
        spend(alice, 1, spenders[0])


def test_of_several_caps_the_one_that_is_missed_by_most_is_named_or_the_oldest() -> None:
    alice = rich()
    for period, amount in (("call", 10), ("day", 10), ("month", 11)):
        caps.put(owner(alice), scope="organisation", subject="", period=period, amount=amount)
    with pytest.raises(CapReached) as refused:
        spend(alice, 12)
    assert refused.value.facts["period"] == "call"
    spend(alice, 8)
    with pytest.raises(CapReached) as refused:
        spend(alice, 11)
    assert refused.value.facts["period"] == "day"
    call, day, month = sorted(caps.standings(owner(alice)), key=lambda one: one.cap.pk)
    assert (call.since, call.resets_on, call.percent) == (None, None, 0)
    assert (day.spent, day.percent, month.percent) == (8, 80, 72)
    assert day.since is not None
    assert month.since is not None
    assert day.resets_on == day.since + timedelta(days=1)
    assert month.resets_on == (month.since + timedelta(days=31)).replace(day=1)
    for lower in (4, 0):
        caps.put(owner(alice), scope="organisation", subject="", period="day", amount=lower)
        assert caps.standings(owner(alice))[1].percent == 100


def test_what_comes_back_may_be_spent_again_and_what_was_spent_before_the_cap_counts() -> None:
    alice = rich()
    first, second = spend(alice, 20), spend(alice, 5)
    caps.put(owner(alice), scope="organisation", subject="", period="day", amount=30)
    with pytest.raises(CapReached):
        spend(alice, 6)
    with tenancy.scope(alice.organisation.pk):
        ledger.release(first)
        ledger.capture(second, 3)
    [standing] = caps.standings(owner(alice))
    assert (standing.spent, standing.allowed, standing.percent) == (3, 30, 10)
    spend(alice, 27)
    with tenancy.scope(alice.organisation.pk):
        [counted] = Spending.objects.filter(livemode=LIVE)
    assert (counted.reserved, counted.captured, counted.films) == (27, 3, 1)


def test_sixty_four_orders_at_once_do_not_overshoot_a_cap_by_one_credit() -> None:
    alice = rich()
    dollars = 30
    cap = round(dollars / 0.028)  # 1,071 credits
    by = Spender(credential=key_of(alice), sku="kling-v1")
    caps.put(owner(alice), scope="credential", subject=by.credential, period="day", amount=cap)
    together = Barrier(64)

    def order(number: int) -> int:
        try:
            connection.ensure_connection()
            together.wait()
            spend(alice, amount := 17 + number % 7, by)
        except CapReached:
            return 0
        else:
            return amount
        finally:
            connection.close()

    with ThreadPoolExecutor(64) as pool:
        spent = sum(pool.map(order, range(64)))
    [standing] = caps.standings(owner(alice))
    assert standing.spent == spent
    assert cap - 23 < spent <= cap
    assert proof.prove(alice.organisation.pk).holds


def test_a_program_is_told_which_cap_who_set_it_and_when_it_resets(site: str) -> None:
    alice = rich()
    caps.put(owner(alice), scope="credential", subject=key_of(alice), period="month", amount=5)
    order = {"model": "kling-v1", "prompt": "A fox in the snow"}
    answer = requests.post(
        f"{site}/api/v1/generations",
        json=order,
        headers={"Authorization": f"Bearer {alice.live_key}"},
        timeout=60,
    )
    told = answer.json()
    assert (answer.status_code, told["code"]) == (402, "cap_reached")
    assert (told["credits"], told["spent"], told["set_by"]) == (5, 0, alice.user.email)
    assert told["resets_at"].endswith("-01")
    assert "The cap of this key, set by " in told["detail"]
    assert purse.figures(alice.organisation.pk)[1] == 0


def test_a_member_above_their_cap_asks_is_approved_and_may_spend_that_much_more() -> None:
    alice = rich()
    bob = member(alice)
    cap = caps.put(owner(alice), scope="member", subject=str(bob.user_id), period="day", amount=10)
    by = Spender(member=bob.user_id or 0, sku="kling-v1")
    spend(alice, 10, by)
    with pytest.raises(CapReached):
        spend(alice, 1, by)
    with pytest.raises(NotFound):
        caps.ask(owner(alice), cap.pk, 20, "")  # not hers
    asked = caps.ask(bob, cap.pk, 15, "the launch film")
    assert caps.ask(bob, cap.pk, 20, "the launch film").public_id == asked.public_id
    with pytest.raises(Forbidden):
        caps.decide(bob, asked.public_id, approve=True)
    with override_settings(EMAIL_BACKEND=IN_MEMORY):
        mail.outbox = []
        told_of(alice)
        caps.decide(owner(alice), asked.public_id, approve=True)
        with pytest.raises(Conflict):
            caps.decide(owner(alice), asked.public_id, approve=False)
        told_of(alice)
    spend(alice, 20, by)
    with pytest.raises(CapReached):
        spend(alice, 1, by)
    again = caps.ask(bob, cap.pk, 5, "")  # what was decided stays as it was
    assert caps.decide(owner(alice), again.public_id, approve=False).pk != asked.pk
    caps.tell_alerts()
    with tenancy.scope(alice.organisation.pk):
        reached = Notice.objects.filter(kind="cap_reached")
        assert {one.facts["whose"] for one in reached} == {"Bob"}
    address = User.objects.get(pk=bob.user_id).email
    told = [(letter.to[0], letter.subject) for letter in mail.outbox]
    assert [one for one in told if one[0] in {alice.user.email, address}] == [
        (alice.user.email, "Bob asks for more credits"),
        (address, "You may spend 20 credits more"),
    ]


def told_of(of: Customer) -> None:
    """Mail what is owed to this organisation."""
    while True:
        notices.mail_due()
        with tenancy.scope(of.organisation.pk):
            if not Notice.objects.filter(mailed_at=None).exists():
                return


def test_shares_of_a_cap_are_told_once_a_window() -> None:
    alice = rich()
    caps.put(owner(alice), scope="organisation", subject="", period="month", amount=1_000)
    reached = []
    for amount in (499, 1, 249, 1, 249, 1):
        spend(alice, amount)
        with tenancy.scope(alice.organisation.pk):
            reached.append([one.percent for one in CapAlert.objects.order_by("percent")])
    assert reached == [[], [50], [50], [50, 75], [50, 75, 90], [50, 75, 90, 100]]
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as another:  # tells of them, too
        another.execute("SELECT set_config('app.tenant', '*', true)")
        another.execute("SELECT 1 FROM billing_capalert FOR UPDATE")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '5s'")
            assert caps.tell_alerts() == 0
    assert caps.tell_alerts() >= 4
    caps.tell_alerts()
    with tenancy.scope(alice.organisation.pk):
        assert not CapAlert.objects.filter(told_at=None).exists()
        told = Notice.objects.filter(kind="cap_reached").order_by("pk")
        assert [one.facts["percent"] for one in told] == [50, 75, 90, 100]
    shown = notices.shown(owner(alice))
    assert shown[0].words.subject == "100 % of a spending cap is used"
    assert "cap of 1,000 credits per month" in shown[0].words.text
    other = member(alice)
    assert notices.shown(other) == []
    notices.dismiss(other, shown[0].id)
    assert len(notices.shown(owner(alice))) == 4
    notices.dismiss(owner(alice), shown[0].id)
    assert len(notices.shown(owner(alice))) == 3
    for period, amount in (("month", 9_999), ("day", 1_990)):
        caps.put(owner(alice), scope="organisation", subject="", period=period, amount=amount)
    spend(alice, 1)  # half of the day's was spent before it was set
    with tenancy.scope(alice.organisation.pk):
        assert CapAlert.objects.count() == 4


def test_a_cap_that_makes_no_sense_is_refused_with_what_is_wrong() -> None:
    alice = rich()
    good = {"scope": "organisation", "subject": "", "period": "day", "amount": 0}
    wrong: dict[str, dict[str, Any]] = {
        "scope": {"scope": "planet"},
        "subject": {"scope": "credential", "subject": "key:0"},
        "period": {"period": "year"},
        "credits": {"amount": 1_000_000_000_001},
    }
    for field, change in wrong.items():
        with pytest.raises(caps.BadCap) as refused:
            caps.put(owner(alice), **{**good, **change})
        assert refused.value.facts["field"] == field
    with pytest.raises(caps.BadCap):
        caps.put(owner(alice), **{**good, "amount": -1})
    with pytest.raises(Forbidden):
        caps.put(member(alice), **good)
    with pytest.raises(Forbidden):
        caps.put(replace(owner(alice), user_id=None, scopes=frozenset({"billing"})), **good)
    assert caps.standings(owner(alice)) == []
    first = caps.put(owner(alice), **good)
    assert caps.put(owner(alice), **{**good, "amount": 1_000_000_000_000}) == first
    with tenancy.scope(alice.organisation.pk):
        ApiKey.objects.update(revoked_at=timezone.now())
    assert caps.credentials(owner(alice)) == []


def test_a_member_sees_and_asks_about_their_own_and_whoever_pays_decides_about_all() -> None:
    alice = rich()
    boss, bob, eve = owner(alice), member(alice), member(alice)
    subjects = [("organisation", ""), ("credential", key_of(alice))]
    subjects += [("member", str(one.user_id)) for one in (bob, eve)]
    of_all, of_key, of_bob, of_eve = (
        caps.put(boss, scope=scope, subject=subject, period="day", amount=10)
        for scope, subject in subjects
    )
    per_order = caps.put(boss, scope="member", subject=str(bob.user_id), period="call", amount=10)
    assert {one.cap for one in caps.standings(boss)} == {of_all, of_key, of_bob, of_eve, per_order}
    assert {one.cap for one in caps.standings(bob)} == {of_all, of_bob, per_order}
    named = {one.cap: one.whose for one in caps.standings(boss)}
    assert (named[of_all], named[of_bob], named[of_key][:4]) == ("", "Bob", "live")
    for other in (of_all, of_key, of_eve, per_order):
        with pytest.raises(NotFound):
            caps.ask(bob, other.pk, 5, "")
    for amount in (0, 1_000_000_000_001):
        with pytest.raises(caps.BadCap) as refused:
            caps.ask(bob, of_bob.pk, amount, "")
        assert refused.value.facts["field"] == "credits"
    least, most = (
        caps.ask(bob, of_bob.pk, 1, "n" * 301),
        caps.ask(eve, of_eve.pk, caps.MOST_CREDITS, ""),
    )
    assert len(least.note) == 300
    assert caps.open_requests(boss) == [least, most]
    assert caps.open_requests(bob) == [least]
    tried = replace(boss, livemode=not LIVE)
    trial = caps.put(tried, scope="organisation", subject="", period="day", amount=1)
    assert [one.cap for one in caps.standings(tried)] == [trial]
    assert trial not in {one.cap for one in caps.standings(boss)}
    assert caps.open_requests(tried) == []
    for who, name in ((tried, least.public_id), (boss, "apr_unknown")):
        with pytest.raises(NotFound):
            caps.decide(who, name, approve=True)
    declined = caps.decide(boss, most.public_id, approve=False)
    assert (declined.decided_by_id, caps.open_requests(boss)) == (alice.user.pk, [least])
    caps.decide(boss, least.public_id, approve=True)
    allowed = {one.cap: one.allowed for one in caps.standings(boss)}
    assert (allowed[of_bob], allowed[of_eve]) == (11, 10)
    with pytest.raises(NotFound):
        caps.remove(tried, of_bob.pk)
    with pytest.raises(Forbidden):
        caps.remove(bob, of_bob.pk)
    caps.remove(boss, of_bob.pk)
    assert of_bob not in {one.cap for one in caps.standings(boss)}
    with tenancy.scope(alice.organisation.pk):
        acts = list(AuditEvent.objects.order_by("id").values_list("action", "subject", "actor_id"))
        told = list(Notice.objects.order_by("pk").values_list("kind", "facts"))
    daily = {"period": "day"}
    assert told == [
        ("approval_asked", {"member": "Bob", "credits": 1, "note": "n" * 300, **daily}),
        ("approval_asked", {"member": "Bob", "credits": caps.MOST_CREDITS, "note": "", **daily}),
        (
            "approval_decided",
            {"to": eve.user_id, "credits": most.credits, "approved": False, **daily},
        ),
        ("approval_decided", {"to": bob.user_id, "credits": 1, "approved": True, **daily}),
    ]
    assert acts[-3:] == [
        ("approval.declined", most.public_id, alice.user.pk),
        ("approval.approved", least.public_id, alice.user.pk),
        ("cap.removed", str(of_bob), alice.user.pk),
    ]
    assert acts[-4] == ("cap.set", str(trial), alice.user.pk)
