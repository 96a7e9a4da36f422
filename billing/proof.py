"""The proof of the books: every balance derived again from what was posted."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from accounts import tenancy
from billing import ledger

# Customers' credits are what we owe, so accounts of the wallets and of the house cancel out.
_ACCOUNTS = """
SELECT livemode, account, sum(amount)::bigint FROM (
    SELECT livemode, credit AS account, amount FROM billing_transfer t
     WHERE %(organisation)s::bigint IS NULL OR t.organisation_id = %(organisation)s
    UNION ALL
    SELECT livemode, debit, -amount FROM billing_transfer t
     WHERE %(organisation)s::bigint IS NULL OR t.organisation_id = %(organisation)s
) AS side GROUP BY livemode, account ORDER BY livemode DESC, account
"""


@dataclass(frozen=True, slots=True)
class Drift:
    """A rule of the books that does not hold for a wallet."""

    organisation_id: int
    livemode: bool
    rule: str
    expected: int
    found: int

    def __str__(self) -> str:
        mode = "live" if self.livemode else "test"
        return (
            f"organisation {self.organisation_id}, {mode}: {self.rule}: "
            f"expected {self.expected}, found {self.found}"
        )


@dataclass(frozen=True, slots=True)
class Proof:
    """`accounts` maps (livemode, account) to its balance; they add up to 0 in each mode."""

    wallets: int
    transfers: int
    accounts: dict[tuple[bool, str], int]
    drifts: list[Drift]

    def total(self, livemode: bool) -> int:
        """The sum over all accounts of a mode."""
        return sum(value for (mode, _), value in self.accounts.items() if mode == livemode)

    @property
    def holds(self) -> bool:
        """Whether everything adds up."""
        return not self.drifts and self.total(True) == self.total(False) == 0


def prove(organisation_id: int | None = None) -> Proof:
    """Check one organisation's books, or everybody's; changes nothing.

    What must agree is read in one statement, so that orders going on are no drift.
    """
    with tenancy.system("the books are proven across tenants"), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM billing_drift(%s)", [organisation_id])
        drifts = [Drift(*row) for row in cursor.fetchall()]
        cursor.execute(_ACCOUNTS, {"organisation": organisation_id})
        accounts = {(bool(mode), str(name)): int(value) for mode, name, value in cursor.fetchall()}
        cursor.execute(
            "SELECT count(*), coalesce(sum(sequence), 0)::bigint FROM billing_wallet "
            "WHERE %(organisation)s::bigint IS NULL OR organisation_id = %(organisation)s",
            {"organisation": organisation_id},
        )
        wallets, transfers = cursor.fetchone()
    return Proof(wallets, transfers, accounts, drifts)


def freeze_drifting(proof: Proof) -> list[tuple[int, bool]]:
    """Stop spending from every wallet that does not add up; those that were frozen by this."""
    frozen = []
    reasons = {(d.organisation_id, d.livemode): d.rule for d in reversed(proof.drifts)}
    for (organisation_id, livemode), rule in sorted(reasons.items()):
        why = f"check_ledger: not so: {rule}"
        if ledger.freeze(organisation_id, livemode, cause="ledger", reason=why):
            frozen.append((organisation_id, livemode))
    return frozen
