"""The ledger beside its plain model: thousands of steps of money against the real PostgreSQL.

Top-ups, gifts, holds, captures, releases, expiry, refunds, disputes, debts, renewals, caps and
replays of each, in any order; after each step every figure, lot, hold and entry must be the same.
Then sixteen threads do such things to one wallet at once, and the books must add up.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter

from tests.campaigns import verdict
from tests.stack import Stack

SHARES = 2  # processes, each with a database of its own
_AT_ONCE = 20  # histories of fifty steps under one seed
_OPERATIONS = 25  # of 100,000 steps, 50,000 a share, are 2,000 operations of each of 16 threads
_MUST_COME = (
    "grant", "buy", "announce", "withdraw", "reserve", "reserve: InsufficientCredits",
    "reserve: CapReached", "reserve: WalletFrozen", "reserve: ReferenceReused", "capture",
    "capture: AlreadySettled", "capture: AmountOutOfRange", "release", "release: AlreadySettled",
    "refund", "refund: LotSpent", "dispute", "reinstate", "write_off", "renew", "sweep",
)  # fmt: skip


def run(runs: int, seed: int) -> bool:
    """True when both sides agreed in all of at least `runs` steps, and each kind came."""
    with multiprocessing.get_context("spawn").Pool(SHARES) as pool:
        shares = [(runs // SHARES, SHARES * seed + number) for number in range(SHARES)]
        parts = pool.starmap(_share, shares)
    steps = sum((part[0] for part in parts), Counter[str]())
    violations = [part[1] for part in parts if part[1]]
    if runs >= 10_000:
        violations += [f"{kind} never came" for kind in _MUST_COME if not steps[kind]]
    return verdict.tell(
        "ledger", runs=steps.total(), faults=dict(sorted(steps.items())), violations=violations,
        seed=seed,
    )  # fmt: skip


def _share(runs: int, seed: int) -> tuple[Counter[str], str]:
    stack = Stack(ONLY_DATABASE="1", LOG_LEVEL="ERROR")
    stack.start()
    try:
        os.environ.update(stack.environment)
        os.environ["DJANGO_SETTINGS_MODULE"] = "kling_saas.settings"
        import django

        django.setup()
        from tests.billing.hammer import strike
        from tests.billing.machine import LedgerMachine, play

        try:
            while LedgerMachine.steps.total() < runs:
                play(_AT_ONCE, seed)
                seed += SHARES
            ended, wrong = strike(runs // _OPERATIONS, seed)
            LedgerMachine.steps.update({f"at once: {kind}": n for kind, n in ended.items()})
            assert not wrong, wrong
        except Exception as difference:  # noqa: BLE001 - whatever it is, both sides did not agree
            told = "\n".join(getattr(difference, "__notes__", []))
            return LedgerMachine.steps, f"seed {seed}: {difference}\n{told}"
        return LedgerMachine.steps, ""
    finally:
        stack.stop()
