"""Any history of a wallet: the database's functions do what the plain rules say, step by step."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import settings
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
from billing import ledger, proof
from billing.models import LotSource
from kling_saas.lib.refusals import Refusal
from tests.billing import purse
from tests.billing.plain import FOREVER, PlainWallet
from tests.billing.purse import LIVE

amounts = st.integers(1, 12)
picks = st.integers(0, 9)
sources = st.sampled_from(["grant", "purchase", "bonus", "promo"])
lifetimes = st.sampled_from([1, 2, 8, FOREVER])

_FIGURES = """
SELECT w.available, w.reserved,
    (SELECT coalesce(json_object_agg(l.reference, l.remaining), '{}') FROM billing_lot l
      WHERE l.wallet_id = w.id),
    (SELECT coalesce(json_object_agg(h.reference, h.status), '{}') FROM billing_hold h
      WHERE h.wallet_id = w.id),
    (SELECT coalesce(json_agg(json_build_array(type, change_available, available_after)
                              ORDER BY sequence), '[]')
       FROM billing_transfer t WHERE t.wallet_id = w.id)
  FROM billing_wallet w WHERE w.organisation_id = %s AND w.livemode
"""


def outcome(act: Callable[[], Any]) -> Any:
    """What a step gave, or how it was refused."""
    try:
        return act()
    except Refusal as refusal:
        return type(refusal), refusal.facts


class LedgerMachine(RuleBasedStateMachine):
    """One wallet in PostgreSQL beside one in memory."""

    owner: psycopg.Connection[Any]

    @initialize()
    def open(self) -> None:
        self.plain = PlainWallet()
        self.holds: dict[str, int] = {}
        self.organisation = purse.organisation().pk
        self.began = timezone.now()
        ledger.open_wallet(self.organisation, LIVE)

    def teardown(self) -> None:
        if hasattr(self, "organisation"):
            assert proof.prove(self.organisation).holds

    def both(self, real: Callable[[], Any], plain: Callable[[], Any]) -> None:
        """The same step on either side comes out the same."""
        expected = outcome(plain)
        with tenancy.scope(self.organisation):
            found = outcome(real)
            if isinstance(found, tuple):
                transaction.set_rollback(True)
        assert found == expected

    @rule(amount=amounts, source=sources, days=lifetimes, pick=picks)
    def grant(self, amount: int, source: str, days: float, pick: int) -> None:
        reference = f"lot {pick}"
        ends = None if days == FOREVER else self.began + timedelta(days=days)
        self.both(
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

    @rule(amount=amounts, pick=picks)
    def reserve(self, amount: int, pick: int) -> None:
        reference = f"gen_{pick}"

        def real() -> None:
            held = ledger.reserve(self.organisation, LIVE, amount, reference=reference)
            assert self.holds.setdefault(reference, held.hold_id) == held.hold_id

        self.both(real, lambda: self.plain.reserve(reference, amount))

    @precondition(lambda self: self.plain.holds)
    @rule(pick=picks, whole=st.booleans(), amount=amounts)
    def capture(self, pick: int, whole: bool, amount: int) -> None:
        hold = self.picked(pick)
        charged = self.plain.holds[hold].amount if whole else amount
        self.both(
            lambda: ledger.capture(self.holds[hold], charged),
            lambda: self.plain.capture(hold, charged),
        )

    @precondition(lambda self: self.plain.holds)
    @rule(pick=picks)
    def release(self, pick: int) -> None:
        hold = self.picked(pick)
        self.both(lambda: ledger.release(self.holds[hold]), lambda: self.plain.release(hold))

    @rule(days=st.integers(1, 4))
    def days_pass(self, days: int) -> None:
        self.plain.day += days
        self.owner.execute(
            "UPDATE billing_lot SET expires_at = expires_at - make_interval(days => %s) "
            "WHERE organisation_id = %s",
            [days, self.organisation],
        )

    @rule()
    def sweep(self) -> None:
        with tenancy.scope(self.organisation):
            assert ledger.expire_lots() == self.plain.expire()

    @invariant()
    def wallets_agree(self) -> None:
        if not hasattr(self, "organisation"):
            return
        with tenancy.scope(self.organisation), connection.cursor() as cursor:
            cursor.execute(_FIGURES, [self.organisation])
            available, reserved, lots, holds, entries = cursor.fetchone()
        assert (available, reserved) == (self.plain.available, self.plain.reserved)
        assert lots == {lot.reference: lot.remaining for lot in self.plain.lots.values()}
        assert holds == {hold.reference: hold.status for hold in self.plain.holds.values()}
        assert [tuple(entry) for entry in entries] == self.plain.entries

    def picked(self, pick: int) -> str:
        """One of the holds there are."""
        names = sorted(self.plain.holds)
        return names[pick % len(names)]


@pytest.mark.hypothesis
def test_every_history_of_a_wallet_agrees_with_the_plain_rules() -> None:
    machine = settings(stateful_step_count=30)
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute("SELECT set_config('app.tenant', '*', false)")
        LedgerMachine.owner = owner
        run_state_machine_as_test(LedgerMachine, settings=machine)
