"""An organisation with a wallet, its figures in one look, and the owner's hand for what if."""

from __future__ import annotations

import os
import secrets
from typing import Any

import psycopg

from accounts import tenancy
from accounts.models import Organisation
from billing import entries as books
from billing import ledger, wallets
from billing.models import LotSource

LIVE = True


def organisation(**fields: Any) -> Organisation:
    """A new one without people: the ledger knows none."""
    with tenancy.system("tests make organisations"):
        made: Organisation = Organisation.objects.create(name="Test films", **fields)
    return made


def funded(bought: int) -> int:
    """The id of an organisation with so many bought credits in its live wallet."""
    made = organisation()
    ledger.grant(made.pk, LIVE, bought, LotSource.PURCHASE, reference="first purchase")
    return made.pk


def figures(organisation_id: int) -> tuple[int, int, int]:
    """Available, reserved, pending."""
    balance = wallets.balance(organisation_id, LIVE)
    return balance.available, balance.reserved, balance.pending


def entries(organisation_id: int) -> list[tuple[str, int, int]]:
    """The whole statement, oldest first: type, amount, balance after."""
    page = books.page(organisation_id, LIVE, limit=1000)
    return [(e.type, e.amount, e.balance_after) for e in reversed(page.entries)]


def reference() -> str:
    """What a hold is for."""
    return f"gen_{secrets.token_hex(8)}"


def as_owner(query: str, *arguments: Any) -> None:
    """Run SQL as the role that owns the tables, past every grant, but not past the triggers."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as connection:
        connection.execute("SELECT set_config('app.tenant', '*', true)")
        connection.execute(query, arguments or None)  # type: ignore[arg-type]


def let_days_pass(organisation_id: int, days: int) -> None:
    """Time goes by for the lots of an organisation: their ends come nearer."""
    as_owner(
        "UPDATE billing_lot SET expires_at = expires_at - make_interval(days => %s) "
        "WHERE organisation_id = %s",
        days,
        organisation_id,
    )
