"""The only writer of money, as Python sees it: one function per door in `billing/sql`.

Each joins the caller's transaction. Those that name an organisation open its tenancy scope
themselves (free when it is open); the others need the caller's. Refusals are in `errors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection

from accounts import tenancy
from accounts.models import AuditEvent
from billing.errors import from_database
from billing.models import LotSource


@dataclass(frozen=True, slots=True)
class Reserved:
    """A hold, and what is available after it."""

    hold_id: int
    available_after: int


def open_wallet(organisation_id: int, livemode: bool) -> int:
    """The id of the organisation's wallet in this mode; made when there is none."""
    with tenancy.scope(organisation_id):
        return int(_call("SELECT billing_open_wallet(%s, %s)", [organisation_id, livemode])[0])


def grant(
    organisation_id: int,
    livemode: bool,
    amount: int,
    source: LotSource,
    *,
    reference: str,
    expires_at: datetime | None = None,
    reason: str = "",
) -> bool:
    """`amount` credits in, as a lot. False when `reference` gave them before.

    A purchase that was announced under the same reference is thereby confirmed.
    Raises ReferenceReused, AmountOutOfRange, UnknownOrganisation.
    """
    with tenancy.scope(organisation_id):
        row = _call(
            "SELECT created FROM billing_grant(%s, %s, %s::bigint, %s, %s, %s, %s)",
            [organisation_id, livemode, amount, source.value, expires_at, reference, reason],
        )
    return bool(row[0])


def announce(organisation_id: int, livemode: bool, amount: int, *, reference: str) -> bool:
    """Show a paid top-up as pending until `grant(PURCHASE)` or `withdraw`. False: known before."""
    with tenancy.scope(organisation_id):
        row = _call(
            "SELECT billing_announce(%s, %s, %s, %s)",
            [organisation_id, livemode, amount, reference],
        )
    return bool(row[0])


def withdraw(organisation_id: int, livemode: bool, *, reference: str, reason: str) -> bool:
    """Take an announced top-up back. False when there is none (any more)."""
    with tenancy.scope(organisation_id):
        row = _call(
            "SELECT billing_withdraw(%s, %s, %s, %s)",
            [organisation_id, livemode, reference, reason],
        )
    return bool(row[0])


def claw_back(
    organisation_id: int,
    livemode: bool,
    amount: int,
    *,
    purchase: str,
    reference: str,
    reason: str,
) -> tuple[int, int]:
    """Take bought credits back: (taken from the wallet, left as debt). Once per `reference`.

    `purchase` is the reference of the purchase it is about; its lot is taken from first.
    """
    with tenancy.scope(organisation_id):
        row = _call(
            "SELECT taken, owed FROM billing_claw_back(%s, %s, %s, %s, %s, %s)",
            [organisation_id, livemode, amount, purchase, reference, reason],
        )
    return int(row[0]), int(row[1])


def reserve(organisation_id: int, livemode: bool, amount: int, *, reference: str) -> Reserved:
    """Set credits aside for one order. The same reference and amount again: the same hold.

    Raises InsufficientCredits, WalletFrozen, OrganisationSuspended, ReferenceReused,
    AmountOutOfRange, UnknownOrganisation.
    """
    with tenancy.scope(organisation_id):
        row = _call(
            "SELECT hold_id, available_after FROM billing_reserve(%s, %s, %s, %s)",
            [organisation_id, livemode, amount, reference],
        )
    return Reserved(int(row[0]), int(row[1]))


def capture(hold_id: int, amount: int) -> bool:
    """Charge `amount` of a hold and give the rest back. False when it was captured before.

    Raises AlreadySettled when it was released, AmountOutOfRange above the hold, UnknownHold.
    """
    return bool(_call("SELECT billing_capture(%s, %s)", [hold_id, amount])[0])


def release(hold_id: int) -> bool:
    """Give a hold back to its lots. False when it was released before.

    Raises AlreadySettled when it was captured, UnknownHold. What comes back after its lot's end
    gets seven more days.
    """
    return bool(_call("SELECT billing_release(%s)", [hold_id])[0])


def expire_lots(at: datetime | None = None) -> int:
    """Expire what is due in the wallets the open scope sees; how many lots (≤ 1000).

    Due by the database's clock, or at a moment of the caller's choosing.
    """
    return int(_call("SELECT billing_expire_lots(coalesce(%s, now()))", [at])[0])


def freeze(organisation_id: int, livemode: bool, *, reason: str) -> bool:
    """Stop reservations; settling and receiving go on. False when frozen before."""
    return _set_frozen(organisation_id, livemode, reason, "wallet.frozen", {"reason": reason})


def thaw(organisation_id: int, livemode: bool, *, reason: str) -> bool:
    """Allow reservations again. False when it was not frozen."""
    return _set_frozen(organisation_id, livemode, "", "wallet.thawed", {"reason": reason})


def _set_frozen(
    organisation_id: int, livemode: bool, frozen_for: str, action: str, detail: dict[str, str]
) -> bool:
    with tenancy.scope(organisation_id):
        row = _call(
            "SELECT billing_freeze(%s, %s, %s)", [organisation_id, livemode, frozen_for[:300]]
        )
        if row[0]:
            AuditEvent.objects.create(
                organisation_id=organisation_id,
                action=action,
                subject="live wallet" if livemode else "test wallet",
                detail=detail,
            )
    return bool(row[0])


def _call(query: str, arguments: Sequence[Any]) -> tuple[Any, ...]:
    """The one row of a door; its SQLSTATE becomes a refusal."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(query, arguments)
            row: tuple[Any, ...] = cursor.fetchone()
            return row
    except DatabaseError as error:
        refusal = from_database(error)
        if refusal is None:
            raise
        raise refusal from error
