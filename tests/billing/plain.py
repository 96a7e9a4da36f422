"""The ledger's rules in their plainest form: one wallet in memory, no database.

The state machine holds the SQL functions against this. Time is counted in days.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from billing.errors import (
    AlreadySettled,
    AmountOutOfRange,
    CapReached,
    InsufficientCredits,
    LotSpent,
    ReferenceReused,
    VoucherNotUsable,
    WalletFrozen,
)

GRACE_DAYS = 7
BOUGHT = {"purchase", "plan", "gift"}
_PAYS = {*BOUGHT, "refund"}
_TYPES = {"purchase": "purchase", "plan": "plan", "gift": "purchase", "refund": "adjust"}
_SHARES = (50, 75, 90, 100)
Spender = tuple[int, str]


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
        return self.ends, self.moment, self.source in BOUGHT, self.number


@dataclass
class PlainHold:
    """`day` is when it was made; `counts` what it adds to its spender's day."""

    reference: str
    amount: int
    pins: list[tuple[PlainLot, int]]
    spender: Spender
    day: float
    status: str = "pending"
    counts: int = 0


@dataclass
class PlainDebt:
    """What of it is owed still, and what was paid; the rest was written off or forgiven."""

    owed: int
    paid: int = 0


@dataclass
class PlainCap:
    """`subject` is None for the organisation, else a member or a credential."""

    scope: str
    subject: int | str | None
    period: str
    credits: int


@dataclass
class PlainWallet:
    """`entries` are (type, change of available, available after); `gone` what went back under a
    reference: which lot, how much; `debts` what of that was owed, the oldest first. `month_reach`
    is how many days ago this month began.
    """

    month_reach: int = 0
    available: int = 0
    reserved: int = 0
    pending: int = 0
    day: float = 0
    settlings: int = 0
    lots: dict[str, PlainLot] = field(default_factory=dict)
    holds: dict[str, PlainHold] = field(default_factory=dict)
    announced: dict[str, int | None] = field(default_factory=dict)
    gone: dict[str, list[tuple[PlainLot | None, int]]] = field(default_factory=dict)
    debts: dict[str, PlainDebt] = field(default_factory=dict)
    returned: set[str] = field(default_factory=set)
    forgiven: set[str] = field(default_factory=set)
    freezes: set[str] = field(default_factory=set)
    caps: list[PlainCap] = field(default_factory=list)
    alerts: set[tuple[int, float, int]] = field(default_factory=set)
    entries: list[tuple[str, int, int]] = field(default_factory=list)

    @property
    def owed(self) -> int:
        """Of all debts."""
        return sum(debt.owed for debt in self.debts.values())

    def grant(self, reference: str, source: str, amount: int, days: float) -> bool:
        """Credits in, once per reference; what is bought pays a debt first."""
        if known := self.lots.get(reference):
            if (known.granted, known.source) != (amount, source):
                raise ReferenceReused("")
            return False
        if source == "purchase" and (said := self.announced.get(reference)) is not None:
            if said != amount:
                raise ReferenceReused("")
            self.pending -= said
        lot = PlainLot(len(self.lots), reference, source, amount, amount, self.day + days)
        self.lots[reference] = lot
        self._post(_TYPES.get(source, "grant"), amount)
        if source in BOUGHT and (paid := min(self.owed, amount)):
            self._settle_debt(lot, paid)
        return True

    def redeem(self, reference: str, amount: int, bonus: int, days: float) -> None:
        """A gift, once: what was bought of it, and what is free; both end at one moment."""
        if reference in self.lots:
            raise VoucherNotUsable("redeemed", "")
        self.settlings += 1
        for name, source, gives in (
            (reference, "gift", amount),
            (f"{reference}:bonus", "bonus", bonus),
        ):
            if gives:
                self.grant(name, source, gives, days)
                self.lots[name].moment = 0 if days == FOREVER else self.settlings

    def announce(self, reference: str, amount: int) -> bool:
        """Pending until it is bought or withdrawn, once per reference."""
        if reference in self.announced or reference in self.lots:
            return False
        self.announced[reference] = amount
        self.pending += amount
        self._post("announce", 0)
        return True

    def withdraw(self, reference: str) -> bool:
        """No longer pending."""
        said = self.announced.get(reference)
        if said is None or reference in self.lots:
            return False
        self.announced[reference] = None
        self.pending -= said
        self._post("withdraw", 0)
        return True

    def reserve(self, reference: str, amount: int, spender: Spender) -> None:
        """Pin lots: what ends first, then gifts, then what was bought, then the oldest."""
        if known := self.holds.get(reference):
            if known.amount != amount:
                raise ReferenceReused("")
            return
        if self.freezes:
            raise WalletFrozen("")
        good = [lot for lot in self.lots.values() if lot.remaining and lot.ends > self.day]
        spendable = sum(lot.remaining for lot in good)
        reached = self._hold_to_caps(amount, spender) if self.available >= amount else set()
        if spendable < amount:
            raise InsufficientCredits(needed=amount, available=spendable)
        self.alerts |= reached
        self.expire()
        hold = PlainHold(reference, amount, [], spender, self.day, counts=amount)
        self.holds[reference] = hold
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
        hold.counts = amount
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
        hold.counts = 0
        self.reserved -= hold.amount
        self._give_back(hold, hold.amount)
        return True

    def expire(self) -> int:
        """Take away what is due, soonest first."""
        due = [lot for lot in self.lots.values() if lot.remaining and lot.ends <= self.day]
        for lot in sorted(due, key=lambda lot: lot.turn):
            self._take(lot, lot.remaining, "expire")
        return len(due)

    def refund(self, reference: str, lot: str, amount: int) -> bool:
        """Unspent credits of one lot leave, to be paid back in money."""
        known = self.lots.get(lot)
        for before, taken in self.gone.get(reference, []):
            if before is known:
                if taken != amount:
                    raise ReferenceReused("")
                return False
        if known is None or known.remaining < amount:
            raise LotSpent(wanted=amount, left=known.remaining if known else 0)
        self._take(known, amount, "refund")
        self.gone.setdefault(reference, []).append((known, amount))
        return True

    def claw_back(self, reference: str, lot: str, amount: int) -> tuple[int, int]:
        """From the purchase, then from what was bought last, then from gifts; the rest is owed."""
        if before := self.gone.get(reference):
            if sum(taken for _, taken in before) != amount:
                raise ReferenceReused("")
            taken = sum(part for source, part in before if source)
            return taken, amount - taken
        parts = self.gone[reference] = []
        rest = amount
        for known in sorted(
            self.lots.values(),
            key=lambda one: (
                one.reference not in (lot, f"{lot}:bonus"),
                one.source not in BOUGHT,
                -one.number,
            ),
        ):
            if part := min(rest, known.remaining):
                self._take(known, part, "claw_back")
                parts.append((known, part))
                rest -= part
        if rest:
            parts.append((None, rest))
            self.debts[reference] = PlainDebt(rest)
            self._post("claw_back", 0)
        return amount - rest, rest

    def reinstate(self, reference: str) -> int:
        """What went back returns to its lots; its debt is forgiven, and what paid it comes back.

        That pays other debts first.
        """
        if {reference, f"{reference}:paid"} & (self.returned | self.lots.keys()):
            return 0
        self.settlings += 1
        before = self.available
        back: list[PlainLot] = []
        expired = 0
        for lot, amount in self.gone.get(reference, []):
            if lot is None:
                debt = self.debts[reference]
                if debt.owed:
                    debt.owed = 0
                    self._post("reinstate", 0)
                    self.returned.add(reference)
                if debt.paid:
                    self.grant(f"{reference}:paid", "refund", debt.paid, FOREVER)
                    back.append(self.lots[f"{reference}:paid"])
                continue
            if lot.ends <= self.day and lot.remaining:
                expired += lot.remaining
                self._take(lot, lot.remaining, "expire")
            lot.remaining += amount
            if lot.ends <= self.day:
                lot.ends, lot.moment = self.day + GRACE_DAYS, self.settlings
            self._post("reinstate", amount)
            self.returned.add(reference)
            back.append(lot)
        self._pay_from(back)
        return self.available - before + expired

    def write_off(self, reference: str) -> int:
        """A debt is forgotten."""
        if reference in self.forgiven or not self.owed:
            return 0
        self.forgiven.add(reference)
        gone = self.owed
        for debt in self.debts.values():
            debt.owed = 0
        self._post("write_off", 0)
        return gone

    def roll_over(self, keep: int, days: float, renewal: str) -> int:
        """Of the plan's credits that end before the renewed ones, the newest are kept, the rest
        expires."""
        kept, until = 0, (self.day + days, 0)
        for lot in sorted(self.lots.values(), key=lambda lot: -lot.number):
            if lot.source != "plan" or not lot.remaining or lot.reference == renewal:
                continue
            if (lot.ends, lot.moment) >= until:
                continue
            good = lot.remaining if lot.ends > self.day else 0
            stays = min(good, keep - kept)
            kept += stays
            if over := lot.remaining - stays:
                self._take(lot, over, "expire")
            if stays:
                lot.ends, lot.moment = until
        return kept

    def spent(self, cap: PlainCap) -> int:
        """Since the cap's window began."""
        reach = {"call": -1, "day": 0, "month": self.month_reach}[cap.period]
        return sum(
            hold.counts
            for hold in self.holds.values()
            if self.day - hold.day <= reach and cap.subject in (None, *hold.spender)
        )

    def _hold_to_caps(self, amount: int, spender: Spender) -> set[tuple[int, float, int]]:
        mine = [one for one in enumerate(self.caps) if one[1].subject in (None, *spender)]
        reached: set[tuple[int, float, int]] = set()
        for number, cap in sorted(mine, key=lambda one: one[1].credits - self.spent(one[1])):
            before = self.spent(cap)
            if before + amount > cap.credits:
                raise CapReached(
                    scope=cap.scope, period=cap.period, credits=cap.credits, spent=before,
                    needed=amount, set_by=None, resets_at=None,
                )  # fmt: skip
            if cap.period != "call":
                window = self.day if cap.period == "day" else 0
                reached |= {
                    (number, window, share)
                    for share in _SHARES
                    if before * 100 < share * cap.credits <= (before + amount) * 100
                }
        return reached

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
        self._pay_from([lot for lot, _pinned in reversed(hold.pins)])

    def _pay_from(self, lots: list[PlainLot]) -> None:
        """What came back to these was bought, and could not be taken back meanwhile."""
        for lot in lots:
            if lot.source in _PAYS and (paid := min(lot.remaining, self.owed)):
                self._settle_debt(lot, paid)

    def _settle_debt(self, lot: PlainLot, amount: int) -> None:
        rest = amount
        for debt in self.debts.values():
            paid = min(rest, debt.owed)
            debt.owed, debt.paid, rest = debt.owed - paid, debt.paid + paid, rest - paid
        self._take(lot, amount, "settle_debt")

    def _take(self, lot: PlainLot, amount: int, kind: str) -> None:
        lot.remaining -= amount
        self._post(kind, -amount)

    def _post(self, kind: str, change: int) -> None:
        self.available += change
        self.entries.append((kind, change, self.available))


FOREVER = math.inf
