"""Wallets with a past: seeded random histories through the ledger's doors, and other days."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
from django.utils import timezone

from accounts import tenancy
from billing import ledger
from billing.ledger import Spender
from billing.models import LotSource
from kling_saas.lib.refusals import Refusal
from tests.billing import purse
from tests.billing.purse import LIVE

SKUS = ("kling-v1", "kling-v3", "lip-sync")


def lived(seed: int, steps: int = 12) -> int:
    """The id of an organisation whose live wallet went through `steps` doors, some refused."""
    past = _Past(random.Random(seed), purse.organisation().pk)
    past.buy(0)
    for number in range(1, steps + 1):
        try:
            with tenancy.scope(past.organisation):
                past.dice.choice(past.doors)(number)
        except Refusal:
            continue
    return past.organisation


class _Past:
    """The doors, each with what chance says."""

    def __init__(self, dice: random.Random, organisation: int) -> None:
        self.dice, self.organisation = dice, organisation
        self.holds: list[int] = []
        often = [self.reserve, self.reserve, self.reserve, self.capture, self.capture]
        self.doors: list[Callable[[int], object]] = [
            *often, self.release, self.give, self.announce, self.withdraw, self.claw_back,
            self.reinstate, self.write_off, self.refund, self.expire,
        ]  # fmt: skip

    @property
    def amount(self) -> int:
        return self.dice.randint(1, 40)

    def buy(self, number: int) -> None:
        reference = f"purchase:pur_{number}"
        ledger.grant(
            self.organisation, LIVE, 200, LotSource.PURCHASE, reference=reference, cents=560
        )

    def give(self, number: int) -> None:
        source = self.dice.choice([LotSource.GRANT, LotSource.PURCHASE, LotSource.PLAN])
        ends = timezone.now() + timedelta(days=self.dice.randint(1, 9))
        ledger.grant(
            self.organisation, LIVE, self.amount, source,
            reference=f"lot {number}", expires_at=ends, cents=number * 7,
        )  # fmt: skip

    def reserve(self, number: int) -> None:
        who = Spender(sku=self.dice.choice(SKUS))
        made = ledger.reserve(
            self.organisation, LIVE, self.amount, reference=f"gen_{number}", spender=who
        )
        self.holds.append(made.hold_id)

    def capture(self, number: int) -> None:
        if self.holds:
            ledger.capture(self.holds.pop(self.dice.randrange(len(self.holds))), number % 5 + 1)

    def release(self, number: int) -> None:
        if self.holds:
            ledger.release(self.holds.pop())

    def announce(self, number: int) -> None:
        ledger.announce(self.organisation, LIVE, self.amount, reference=f"purchase:x{number}")

    def withdraw(self, number: int) -> None:
        before = f"purchase:x{number - 1}"
        ledger.withdraw(self.organisation, LIVE, reference=before, reason="Not paid")

    def claw_back(self, number: int) -> None:
        ledger.claw_back(
            self.organisation, LIVE, self.amount * 8,
            purchase="purchase:pur_0", reference=f"back {number}", reason="Disputed",
        )  # fmt: skip

    def reinstate(self, number: int) -> None:
        before = f"back {number - 1}"
        ledger.reinstate(self.organisation, LIVE, reference=before, reason="Won")

    def write_off(self, number: int) -> None:
        off = f"off {number}"
        ledger.write_off(self.organisation, LIVE, reference=off, reason="Courtesy", actor="")

    def refund(self, number: int) -> None:
        ledger.refund(
            self.organisation, LIVE, self.amount,
            lot="purchase:pur_0", reference=f"refund {number}", reason="Asked for",
        )  # fmt: skip

    def expire(self, number: int) -> None:
        ledger.expire_lots(timezone.now() + timedelta(days=5))


def spread(organisation: int, first: datetime, apart: timedelta) -> None:
    """Let its entries have been posted one after another from `first` on, `apart` each.

    Past the trigger that keeps posted rows as they are, which no code of the product can.
    """
    entry = (
        "UPDATE billing_transfer SET created_at = %s + (sequence - 1) * %s::interval "
        "WHERE organisation_id = %s AND livemode"
    )
    counted = (
        "UPDATE billing_spending s SET day = h.day FROM (SELECT spending_id, min(t.created_at AT "
        "TIME ZONE 'UTC')::date AS day FROM billing_hold h JOIN billing_transfer t ON "
        "t.hold_id = h.id AND t.type = 'hold' GROUP BY spending_id) h "
        "WHERE h.spending_id = s.id AND s.organisation_id = %s"
    )
    lots = (
        "UPDATE billing_lot l SET created_at = t.created_at FROM billing_transfer t "
        "WHERE t.lot_id = l.id AND t.credit = 'available' AND l.organisation_id = %s"
    )
    _past_the_guards(
        (entry, [first, apart, organisation]), (counted, [organisation]), (lots, [organisation])
    )


def _past_the_guards(*statements: tuple[str, list[Any]]) -> None:
    with unguarded("billing_transfer", "billing_transfer_stays") as owner:
        for statement, arguments in statements:
            owner.execute(statement, arguments)  # type: ignore[arg-type]


@contextmanager
def unguarded(table: str, trigger: str) -> Iterator[psycopg.Connection[Any]]:
    """The owner's hand on a table whose trigger looks away meanwhile."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        owner.execute("SELECT set_config('app.tenant', '*', true)")
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")  # type: ignore[arg-type]
        yield owner
        owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")  # type: ignore[arg-type]
