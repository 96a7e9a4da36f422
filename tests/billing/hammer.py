"""Sixteen threads on one wallet: whatever comes between whatever, the books add up."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection

from accounts import tenancy
from billing import ledger, proof
from billing.models import LotSource
from kling_saas.lib.refusals import Refusal
from tests.billing import purse
from tests.billing.purse import LIVE

THREADS = 16


def strike(operations: int, seed: int) -> tuple[Counter[str], list[str]]:
    """So many operations of each thread on one wallet: how they ended, and what is wrong after."""
    wallet = purse.funded(50_000)
    together = Barrier(THREADS)

    def one(number: int) -> Counter[str]:
        hand = Hand(wallet, number, random.Random(f"{seed} {number}"))
        try:
            connection.ensure_connection()
            together.wait()
            return hand.work(operations)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        ended = sum(pool.map(one, range(THREADS)), Counter[str]())
    return ended, [str(drift) for drift in proof.prove(wallet).drifts]


class Hand:
    """One thread's: it settles what it has held, now and then what others have too."""

    def __init__(self, wallet: int, number: int, rng: random.Random) -> None:
        self.wallet, self.number, self.rng = wallet, number, rng
        self.held: list[tuple[int, int]] = []
        self.made = 0

    def work(self, operations: int) -> Counter[str]:
        """How its operations ended."""
        acts = {self.hold: 5, self.capture: 3, self.release: 2, self.buy: 1, self.refund: 1,
                self.claw_back: 1}  # fmt: skip
        ended: Counter[str] = Counter()
        for act in self.rng.choices(list(acts), list(acts.values()), k=operations):
            try:
                act()
                ended[act.__name__] += 1
            except Refusal as refusal:
                ended[f"{act.__name__}: {refusal.code}"] += 1
        return ended

    def name(self) -> str:
        self.made += 1
        return f"{self.number}-{self.made}"

    def hold(self) -> None:
        amount = self.rng.randint(1, 20)
        held = ledger.reserve(self.wallet, LIVE, amount, reference=f"gen_{self.name()}")
        self.held.append((held.hold_id, amount))

    def taken(self) -> tuple[int, int]:
        if not self.held:
            self.hold()
        return self.held.pop(self.rng.randrange(len(self.held)))

    def capture(self) -> None:
        hold, amount = self.taken()
        with tenancy.scope(self.wallet):
            ledger.capture(hold, self.rng.randint(1, amount))

    def release(self) -> None:
        hold, _amount = self.taken()
        with tenancy.scope(self.wallet):
            ledger.release(hold)

    def buy(self) -> None:
        name = f"purchase {self.rng.randint(1, 200)}"  # told by many
        ledger.grant(self.wallet, LIVE, 30, LotSource.PURCHASE, reference=name, cents=84)

    def refund(self) -> None:
        lot = f"purchase {self.rng.randint(1, 200)}"
        ledger.refund(self.wallet, LIVE, 5, lot=lot, reference=f"re {self.name()}", reason="")

    def claw_back(self) -> None:
        lot, name = f"purchase {self.rng.randint(1, 200)}", f"dp {self.name()}"
        ledger.claw_back(self.wallet, LIVE, 7, purchase=lot, reference=name, reason="")
        if self.rng.random() < 0.5:
            ledger.reinstate(self.wallet, LIVE, reference=name, reason="won")
