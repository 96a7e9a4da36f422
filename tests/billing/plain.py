"""The ledger's rules in their plainest form: one wallet in memory, no database.

The state machine holds the SQL functions against this. Time is counted in days.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from billing.errors import (
    AlreadySettled,
    AmountOutOfRange,
    InsufficientCredits,
    ReferenceReused,
)

GRACE_DAYS = 7


@dataclass
class PlainLot:
    """`ends` is a day, or infinity; `moment` orders what ends within one day."""

    number: int
    reference: str
    source: str
    granted: int
    remaining: int
    ends: float
    moment: int = 0

    @property
    def turn(self) -> tuple[float, int, bool, int]:
        """Its place in the order of spending."""
        return self.ends, self.moment, self.source == "purchase", self.number


@dataclass
class PlainHold:
    reference: str
    amount: int
    pins: list[tuple[PlainLot, int]]
    status: str = "pending"


@dataclass
class PlainWallet:
    """`entries` are (type, change of available, available after)."""

    available: int = 0
    reserved: int = 0
    day: float = 0
    settlings: int = 0
    lots: dict[str, PlainLot] = field(default_factory=dict)
    holds: dict[str, PlainHold] = field(default_factory=dict)
    entries: list[tuple[str, int, int]] = field(default_factory=list)

    def grant(self, reference: str, source: str, amount: int, days: float) -> bool:
        """Credits in, once per reference."""
        if known := self.lots.get(reference):
            if (known.granted, known.source) != (amount, source):
                raise ReferenceReused("")
            return False
        lot = PlainLot(len(self.lots), reference, source, amount, amount, self.day + days)
        self.lots[reference] = lot
        self._post("purchase" if source == "purchase" else "grant", amount)
        return True

    def reserve(self, reference: str, amount: int) -> None:
        """Pin lots: what ends first, then gifts, then what was bought, then the oldest."""
        if known := self.holds.get(reference):
            if known.amount != amount:
                raise ReferenceReused("")
            return
        good = [lot for lot in self.lots.values() if lot.remaining and lot.ends > self.day]
        spendable = sum(lot.remaining for lot in good)
        if spendable < amount:
            raise InsufficientCredits(needed=amount, available=spendable)
        self.expire()
        hold = self.holds[reference] = PlainHold(reference, amount, [])
        rest = amount
        for lot in sorted(good, key=lambda lot: lot.turn):
            taken = min(rest, lot.remaining)
            if taken:
                lot.remaining -= taken
                rest -= taken
                hold.pins.append((lot, taken))
        self.reserved += amount
        self._post("hold", -amount)

    def capture(self, reference: str, amount: int) -> bool:
        """Charge up to the hold and give the rest back."""
        if not self._settle(reference, "captured", amount):
            return False
        hold = self.holds[reference]
        self.reserved -= hold.amount
        self._post("capture", 0)
        if rest := hold.amount - amount:
            self._give_back(hold, rest)
        return True

    def release(self, reference: str) -> bool:
        """Give everything back."""
        if not self._settle(reference, "released", 1):
            return False
        hold = self.holds[reference]
        self.reserved -= hold.amount
        self._give_back(hold, hold.amount)
        return True

    def expire(self) -> int:
        """Take away what is due, soonest first."""
        due = [lot for lot in self.lots.values() if lot.remaining and lot.ends <= self.day]
        for lot in sorted(due, key=lambda lot: lot.turn):
            amount, lot.remaining = lot.remaining, 0
            self._post("expire", -amount)
        return len(due)

    def _settle(self, reference: str, status: str, amount: int) -> bool:
        hold = self.holds[reference]
        if hold.status == status:
            return False
        if hold.status != "pending":
            raise AlreadySettled("")
        if amount > hold.amount:
            raise AmountOutOfRange("")
        hold.status = status
        return True

    def _give_back(self, hold: PlainHold, amount: int) -> None:
        self.expire()
        rest = amount
        self.settlings += 1
        for lot, pinned in reversed(hold.pins):
            back = min(rest, pinned)
            rest -= back
            lot.remaining += back
            if back and lot.ends <= self.day:
                lot.ends, lot.moment = self.day + GRACE_DAYS, self.settlings
        self._post("release", amount)

    def _post(self, kind: str, change: int) -> None:
        self.available += change
        self.entries.append((kind, change, self.available))


FOREVER = math.inf
