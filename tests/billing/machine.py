"""Any history of a wallet: PostgreSQL's functions beside the plain rules, step by step."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts import tenancy
from accounts.actors import Actor
from billing import gifts, ledger, proof
from billing.errors import CapReached
from billing.models import Cap, CapRaise, LotSource
from kling_saas.lib.refusals import Refusal
from tests.billing import presents, purse
from tests.billing.plain import FOREVER, PlainCap, PlainWallet, Spender
from tests.billing.purse import LIVE

amounts = st.integers(1, 12)
picks = st.integers(0, 9)
orders = st.integers(0, 39)
sources = st.sampled_from(["grant", "purchase", "plan", "bonus", "promo"])
lifetimes = st.sampled_from([1, 2, 8, FOREVER])
spenders = st.sampled_from([(0, ""), (1, ""), (2, "key:1"), (0, "key:1"), (0, "pair:1")])
CAPPED: list[tuple[str, int | str | None, str]] = [
    ("organisation", None, "day"), ("organisation", None, "month"), ("member", 1, "day"),
    ("member", 2, "call"), ("credential", "key:1", "month"), ("credential", "pair:1", "call"),
]  # fmt: skip

_FIGURES = """
SELECT w.available, w.reserved, w.pending, w.owed, w.frozen_at IS NOT NULL,
    (SELECT count(*) FROM billing_capalert a WHERE a.wallet_id = w.id),
    (SELECT coalesce(json_object_agg(l.reference, l.remaining), '{}') FROM billing_lot l
      WHERE l.wallet_id = w.id),
    (SELECT coalesce(json_object_agg(h.reference, h.status), '{}') FROM billing_hold h
      WHERE h.wallet_id = w.id),
    (SELECT coalesce(json_agg(json_build_array(type, change_available, available_after)
                              ORDER BY sequence), '[]')
       FROM billing_transfer t WHERE t.wallet_id = w.id)
  FROM billing_wallet w WHERE w.organisation_id = %s AND w.livemode
"""
# What was spent on which day in two steps: on the way its rows must not meet.
_DAYS_PASS = (
    "UPDATE billing_lot SET expires_at = expires_at - make_interval(days => %(days)s) "
    "WHERE organisation_id = %(organisation)s",
    "UPDATE billing_spending SET day = day - 9999 WHERE organisation_id = %(organisation)s",
    "UPDATE billing_spending SET day = day + 9999 - %(days)s "
    "WHERE organisation_id = %(organisation)s",
    "UPDATE billing_capalert SET since = since - %(days)s "
    "WHERE organisation_id = %(organisation)s "
    "AND cap_id IN (SELECT id FROM billing_cap WHERE period = 'day')",
)


def outcome(act: Callable[[], Any]) -> Any:
    """What a step gave, or how it was refused."""
    try:
        return act()
    except CapReached as refusal:
        same = ("scope", "period", "credits", "spent", "needed")
        return CapReached, {name: refusal.facts[name] for name in same}
    except Refusal as refusal:
        return type(refusal), refusal.facts


class LedgerMachine(RuleBasedStateMachine):
    """One wallet in PostgreSQL beside one in memory. `steps` counts how all steps came out."""

    owner: psycopg.Connection[Any]
    steps: Counter[str] = Counter()

    @initialize()
    def open(self) -> None:
        self.began = timezone.now()
        self.plain = PlainWallet(month_reach=self.began.day - 1)
        self.holds: dict[str, int] = {}
        self.caps: list[int] = []
        self.organisation = purse.organisation().pk
        self.buyer = purse.organisation().pk
        self.gifts: dict[int, tuple[str, tuple[str, int, int, float]]] = {}
        self.wallet = ledger.open_wallet(self.organisation, LIVE)

    def teardown(self) -> None:
        if hasattr(self, "organisation"):
            assert proof.prove(self.organisation).holds

    def both(self, step: str, real: Callable[[], Any], plain: Callable[[], Any]) -> None:
        """The same step on either side comes out the same."""
        expected = outcome(plain)
        refused = isinstance(expected, tuple) and isinstance(expected[0], type)
        self.steps[f"{step}: {expected[0].__name__}" if refused else step] += 1
        with tenancy.scope(self.organisation):
            found = outcome(real)
            if isinstance(found, tuple) and isinstance(found[0], type):
                transaction.set_rollback(True)
        assert found == expected

    @rule(amount=amounts, source=sources, days=lifetimes, pick=picks)
    def grant(self, amount: int, source: str, days: float, pick: int) -> None:
        reference = f"lot {pick}"
        ends = None if days == FOREVER else self.began + timedelta(days=days)
        self.both(
            "grant",
            lambda: ledger.grant(
                self.organisation,
                LIVE,
                amount,
                LotSource(source),
                reference=reference,
                expires_at=ends,
            ),
            lambda: self.plain.grant(reference, source, amount, days),
        )

    @rule(amount=st.integers(30, 60), pick=picks)
    def buy(self, amount: int, pick: int) -> None:
        reference = f"bought {pick}"
        self.both(
            "buy",
            lambda: ledger.grant(
                self.organisation, LIVE, amount, LotSource.PURCHASE, reference=reference
            ),
            lambda: self.plain.grant(reference, "purchase", amount, FOREVER),
        )

    @rule(amount=amounts, bonus=st.integers(0, 4), days=lifetimes, pick=st.integers(0, 3))
    def redeem(self, amount: int, bonus: int, days: float, pick: int) -> None:
        if pick not in self.gifts:
            ends = None if days == FOREVER else int(days)
            made = presents.paid(self.buyer, amount, bonus=bonus, days=ends)
            words = gifts.reference(made), amount, bonus, days
            self.gifts[pick] = presents.of(made).code, words
        code, words = self.gifts[pick]
        me = Actor(organisation_id=self.organisation, livemode=LIVE)
        self.both(
            "redeem", lambda: gifts.redeem(me, code) and None, lambda: self.plain.redeem(*words)
        )

    @rule(amount=amounts, pick=orders, by=spenders)
    def reserve(self, amount: int, pick: int, by: Spender) -> None:
        reference = f"gen_{pick}"
        spender = ledger.Spender(member=by[0], credential=by[1], sku="kling-v1")

        def real() -> None:
            held = ledger.reserve(
                self.organisation, LIVE, amount, reference=reference, spender=spender
            )
            assert self.holds.setdefault(reference, held.hold_id) == held.hold_id

        self.both("reserve", real, lambda: self.plain.reserve(reference, amount, by))

    @rule(amount=amounts, pick=picks)
    def announce(self, amount: int, pick: int) -> None:
        reference = f"lot {pick}"
        self.both(
            "announce",
            lambda: ledger.announce(self.organisation, LIVE, amount, reference=reference),
            lambda: self.plain.announce(reference, amount),
        )

    @precondition(lambda self: self.plain.announced)
    @rule(pick=picks)
    def withdraw(self, pick: int) -> None:
        reference = f"lot {pick}"
        self.both(
            "withdraw",
            lambda: ledger.withdraw(self.organisation, LIVE, reference=reference, reason=""),
            lambda: self.plain.withdraw(reference),
        )

    @precondition(lambda self: self.plain.lots)
    @rule(amount=amounts, pick=picks, lot=picks)
    def refund(self, amount: int, pick: int, lot: int) -> None:
        what, reference = self.lot(lot), f"refund {pick}"
        self.both(
            "refund",
            lambda: ledger.refund(
                self.organisation, LIVE, amount, lot=what, reference=reference, reason=""
            ),
            lambda: self.plain.refund(reference, what, amount),
        )

    @precondition(lambda self: self.plain.lots)
    @rule(amount=st.sampled_from([3, 5, 40]), pick=picks, lot=picks)
    def dispute(self, amount: int, pick: int, lot: int) -> None:
        what, reference = self.lot(lot), f"dispute {pick}"
        self.both(
            "dispute",
            lambda: ledger.claw_back(
                self.organisation, LIVE, amount, purchase=what, reference=reference, reason=""
            ),
            lambda: self.plain.claw_back(reference, what, amount),
        )

    @precondition(lambda self: self.plain.gone)
    @rule(pick=picks)
    def reinstate(self, pick: int) -> None:
        names = sorted(self.plain.gone)
        reference = names[pick % len(names)]
        self.both(
            "reinstate",
            lambda: ledger.reinstate(self.organisation, LIVE, reference=reference, reason=""),
            lambda: self.plain.reinstate(reference),
        )

    @precondition(lambda self: self.plain.owed or self.plain.forgiven)
    @rule(pick=picks)
    def write_off(self, pick: int) -> None:
        reference = f"forgiven {pick}"
        self.both(
            "write_off",
            lambda: ledger.write_off(
                self.organisation, LIVE, reference=reference, reason="", actor="user:1"
            ),
            lambda: self.plain.write_off(reference),
        )

    @precondition(lambda self: any(lot.source == "plan" for lot in self.plain.lots.values()))
    @rule(keep=st.integers(0, 15), days=st.integers(1, 8), pick=picks)
    def renew(self, keep: int, days: int, pick: int) -> None:
        renewal, until = f"lot {pick}", self.began + timedelta(days=days)
        self.both(
            "renew",
            lambda: ledger.roll_over(self.organisation, LIVE, keep, until=until, renewal=renewal),
            lambda: self.plain.roll_over(keep, days, renewal),
        )

    @rule(cause=st.sampled_from(["ledger", "dispute:1"]), stop=st.sampled_from([1, 0, 0, 0]))
    def freeze(self, cause: str, stop: int) -> None:
        frozen = cause in self.plain.freezes
        act = ledger.freeze if stop else ledger.thaw
        assert act(self.organisation, LIVE, cause=cause, reason="a look") is (frozen != bool(stop))
        (self.plain.freezes.add if stop else self.plain.freezes.discard)(cause)

    @precondition(lambda self: len(self.plain.caps) < len(CAPPED))
    @rule(amount=st.integers(0, 30))
    def cap(self, amount: int) -> None:
        scope, subject, period = CAPPED[len(self.caps)]
        with tenancy.scope(self.organisation):
            made = Cap.objects.create(
                organisation_id=self.organisation, livemode=LIVE, wallet_id=self.wallet,
                scope=scope, subject=str(subject or ""), period=period, credits=amount,
            )  # fmt: skip
        self.caps.append(made.pk)
        self.plain.caps.append(PlainCap(scope, subject, period, amount))

    @precondition(lambda self: [one for one in self.plain.caps if one.period == "month"])
    @rule(amount=amounts)
    def approve(self, amount: int) -> None:
        number = next(n for n, one in enumerate(self.plain.caps) if one.period == "month")
        with tenancy.scope(self.organisation):
            CapRaise.objects.create(
                organisation_id=self.organisation, livemode=LIVE, wallet_id=self.wallet,
                cap_id=self.caps[number], since=self.began.date().replace(day=1), credits=amount,
            )  # fmt: skip
        self.plain.caps[number].credits += amount

    @precondition(lambda self: self.plain.holds)
    @rule(pick=orders, whole=st.booleans(), amount=amounts)
    def capture(self, pick: int, whole: bool, amount: int) -> None:
        hold = self.picked(pick)
        charged = self.plain.holds[hold].amount if whole else amount
        self.both(
            "capture",
            lambda: ledger.capture(self.holds[hold], charged),
            lambda: self.plain.capture(hold, charged),
        )

    @precondition(lambda self: self.plain.holds)
    @rule(pick=orders)
    def release(self, pick: int) -> None:
        hold = self.picked(pick)
        self.both(
            "release",
            lambda: ledger.release(self.holds[hold]),
            lambda: self.plain.release(hold),
        )

    @rule(days=st.integers(1, 4))
    def days_pass(self, days: int) -> None:
        self.plain.day += days
        for statement in _DAYS_PASS:
            self.owner.execute(statement, {"days": days, "organisation": self.organisation})

    @precondition(lambda self: any(lot.ends <= self.plain.day for lot in self.plain.lots.values()))
    @rule()
    def sweep(self) -> None:
        self.both("sweep", ledger.expire_lots, self.plain.expire)

    @invariant()
    def wallets_agree(self) -> None:
        if not hasattr(self, "organisation"):
            return
        with tenancy.scope(self.organisation), connection.cursor() as cursor:
            cursor.execute(_FIGURES, [self.organisation])
            *figures, lots, holds, entries = cursor.fetchone()
        plain = self.plain
        assert figures == [
            plain.available, plain.reserved, plain.pending, plain.owed, bool(plain.freezes),
            len(plain.alerts),
        ]  # fmt: skip
        assert lots == {lot.reference: lot.remaining for lot in self.plain.lots.values()}
        assert holds == {hold.reference: hold.status for hold in self.plain.holds.values()}
        assert [tuple(entry) for entry in entries] == self.plain.entries

    def lot(self, pick: int) -> str:
        """One of the lots there are, or one that is not there."""
        names = [*sorted(self.plain.lots), "nothing"]
        return names[pick % len(names)]

    def picked(self, pick: int) -> str:
        """One of the holds there are."""
        names = sorted(self.plain.holds)
        return names[pick % len(names)]


def play(examples: int, seeded: int | None = None, *, shortened: bool = True) -> None:
    """So many histories of fifty steps; raises AssertionError at the first that differs.

    Its `shortened` form, which takes a minute to find, is what is told.
    """
    machine = LedgerMachine if seeded is None else seed(seeded)(LedgerMachine)
    phases = [phase for phase in Phase if shortened or phase is Phase.generate]
    long = settings(
        phases=phases, report_multiple_bugs=shortened,
        stateful_step_count=50, max_examples=examples, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute("SELECT set_config('app.tenant', '*', false)")
        LedgerMachine.owner = owner
        run_state_machine_as_test(machine, settings=long)
