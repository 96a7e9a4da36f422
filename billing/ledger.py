"""The only writer of money, as Python sees it: one function per door in `billing/sql`.

Each joins the caller's transaction. Those that name an organisation open its tenancy scope
themselves (free when it is open); the others need the caller's. Refusals are in `errors`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection

from accounts import tenancy
from accounts.models import AuditEvent
from billing.errors import from_database
from billing.models import LotSource
from kling_saas.lib.postgresql.base import fetch_one


@dataclass(frozen=True, slots=True)
class Spender:
    """For whom credits are set aside: their caps hold, and their usage counts.

    `member` is a user's id or 0, `credential` is `key:5`, `pair:3` or empty, `sku` what is made,
    `end_user` for whom, in the customer's words.
    """

    member: int = 0
    credential: str = ""
    sku: str = ""
    end_user: str = ""


NOBODY = Spender()


@dataclass(frozen=True, slots=True)
class Reserved:
    """A hold, and what is available after it."""

    hold_id: int
    available_after: int


def open_wallet(organisation_id: int, livemode: bool) -> int:
    """The id of the organisation's wallet in this mode; made when there is none."""
    return int(_in_scope(organisation_id, "billing_open_wallet", [livemode])[0])


def grant(
    organisation_id: int,
    livemode: bool,
    amount: int,
    source: LotSource,
    *,
    reference: str,
    expires_at: datetime | None = None,
    reason: str = "",
    cents: int = 0,
    actor: str = "",
) -> bool:
    """`amount` credits in, as a lot. False when `reference` gave them before.

    A purchase that was announced under the same reference is thereby confirmed. `cents` is what
    was paid, without tax; what is bought pays the wallet's debt first. `actor` is who gave them
    (`user:12`), empty for ourselves.
    Raises ReferenceReused, AmountOutOfRange, UnknownOrganisation.
    """
    row = _in_scope(
        organisation_id,
        "billing_grant",
        [livemode, amount, source.value, expires_at, reference, reason[:300], cents, actor],
    )
    return bool(row[1])


def announce(organisation_id: int, livemode: bool, amount: int, *, reference: str) -> bool:
    """Show a paid top-up as pending until `grant(PURCHASE)` or `withdraw`. False: known before."""
    row = _in_scope(organisation_id, "billing_announce", [livemode, amount, reference])
    return bool(row[0])


def withdraw(organisation_id: int, livemode: bool, *, reference: str, reason: str) -> bool:
    """Take an announced top-up back. False when there is none (any more)."""
    row = _in_scope(organisation_id, "billing_withdraw", [livemode, reference, reason[:300]])
    return bool(row[0])


def refund(
    organisation_id: int,
    livemode: bool,
    amount: int,
    *,
    lot: str,
    reference: str,
    reason: str,
    actor: str = "",
) -> bool:
    """Take `amount` unspent credits of the lot given under the reference `lot` back, to be paid
    back in money. Once per `reference`: False when it was done before.

    Raises LotSpent when fewer are left, ReferenceReused.
    """
    row = _in_scope(
        organisation_id, "billing_refund", [livemode, amount, lot, reference, reason[:300], actor]
    )
    return bool(row[0])


def reinstate(
    organisation_id: int, livemode: bool, *, reference: str, reason: str, actor: str = ""
) -> int:
    """Undo the refund or claw-back of `reference`, once; how many credits became available.

    They return to their lots, with seven days of grace where these have ended meanwhile. What is
    still owed for it is forgiven, and what was paid of that very debt comes back; what was written
    off does not. Of several debts the oldest is paid, or written off, first. What comes back pays
    other debts before it becomes available.
    """
    row = _in_scope(
        organisation_id, "billing_reinstate", [livemode, reference, reason[:300], actor]
    )
    return int(row[0])


def write_off(
    organisation_id: int, livemode: bool, *, reference: str, reason: str, actor: str
) -> int:
    """Forget what the organisation owes, once per `reference`; how many credits it was."""
    row = _in_scope(
        organisation_id, "billing_write_off", [livemode, reference, reason[:300], actor]
    )
    return int(row[0])


def redeem_gift(
    organisation_id: int, livemode: bool, *, code_hash: str, vendor: str, actor: str
) -> tuple[str | None, int, datetime | None, str, str]:
    """Give the credits of the gift whose code has this digest, once, whoever bought it of `vendor`.

    What it was, None for no such gift; its credits are given if it was `open`. Then also: how many,
    their end (None: never), from whom it is and what they say.
    """
    row = _in_scope(organisation_id, "billing_redeem_gift", [livemode, code_hash, vendor, actor])
    return row[0], int(row[1] or 0), row[2], row[3] or "", row[4] or ""


def roll_over(
    organisation_id: int, livemode: bool, keep: int, *, until: datetime, renewal: str
) -> int:
    """A plan was renewed: its newest `keep` unspent credits live until `until`, the rest expires.

    The lot given under the reference `renewal` is left alone, and those that end no earlier than
    `until`: they were paid for later. Returns how many were kept.
    """
    row = _in_scope(organisation_id, "billing_roll_over", [livemode, keep, until, renewal])
    return int(row[0])


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

    `purchase` is the reference of the purchase it is about; it is taken from first, with its bonus.
    """
    row = _in_scope(
        organisation_id, "billing_claw_back", [livemode, amount, purchase, reference, reason[:300]]
    )
    return int(row[0]), int(row[1])


def reserve(
    organisation_id: int,
    livemode: bool,
    amount: int,
    *,
    reference: str,
    spender: Spender = NOBODY,
) -> Reserved:
    """Set credits aside for one order. The same reference and amount again: the same hold.

    Raises InsufficientCredits, CapReached, WalletFrozen, OrganisationSuspended, ReferenceReused,
    AmountOutOfRange, UnknownOrganisation.
    """
    row = _in_scope(
        organisation_id,
        "billing_reserve",
        [livemode, amount, reference, *astuple(spender)],
    )
    return Reserved(int(row[0]), int(row[1]))


def capture(hold_id: int, amount: int) -> bool:
    """Charge `amount` of a hold and give the rest back. False when it was captured before.

    Raises AlreadySettled when it was released, AmountOutOfRange above the hold, UnknownHold.
    """
    return bool(_call("SELECT billing_capture(%s, %s)", [hold_id, amount])[0])


def release(hold_id: int) -> bool:
    """Give a hold back to its lots, where it pays what is owed first. False when it was released
    before.

    Raises AlreadySettled when it was captured, UnknownHold. What comes back after its lot's end
    gets seven more days.
    """
    return bool(_call("SELECT billing_release(%s)", [hold_id])[0])


def expire_lots(at: datetime | None = None) -> int:
    """Expire what is due in the wallets the open scope sees; how many lots (≤ 1000).

    Due by the database's clock, or at a moment of the caller's choosing.
    """
    return int(_call("SELECT billing_expire_lots(coalesce(%s, now()))", [at])[0])


def freeze(organisation_id: int, livemode: bool, *, cause: str, reason: str) -> bool:
    """Stop reservations for `cause`; settling and receiving go on. False: it stops them already.

    `cause` names who stops them (`ledger`, `dispute:dp_…`), `reason` is for people.
    """
    with tenancy.scope(organisation_id):
        row = _in_scope(organisation_id, "billing_freeze", [livemode, cause, reason[:300]])
        if row[0]:
            _note(organisation_id, livemode, "wallet.frozen", {"cause": cause, "reason": reason})
    return bool(row[0])


def thaw(organisation_id: int, livemode: bool, *, cause: str, reason: str) -> bool:
    """The cause is gone: reservations go on unless another is left. False when it was none."""
    with tenancy.scope(organisation_id):
        row = _in_scope(organisation_id, "billing_thaw", [livemode, cause])
        if row[0]:
            _note(organisation_id, livemode, "wallet.thawed", {"cause": cause, "reason": reason})
    return bool(row[0])


def _note(organisation_id: int, livemode: bool, action: str, detail: dict[str, str]) -> None:
    AuditEvent.objects.create(
        organisation_id=organisation_id,
        action=action,
        subject="live wallet" if livemode else "test wallet",
        detail=detail,
    )


def _in_scope(organisation_id: int, door: str, arguments: Sequence[Any]) -> tuple[Any, ...]:
    """The row of a door for one organisation. With no transaction open it is one of its own, in
    one round trip.
    """
    values = ", ".join(["%s::bigint" if type(value) is int else "%s" for value in arguments])
    if connection.in_atomic_block:
        with tenancy.scope(organisation_id):
            query = f"SELECT done.* FROM {door}(%s, {values}) AS done"  # noqa: S608 - door's name
            return _call(query, [organisation_id, *arguments])
    query = (
        "SELECT done.* FROM (SELECT set_config('app.tenant', %s, true)::bigint AS id) AS scope, "  # noqa: S608
        f"LATERAL {door}(scope.id, {values}) AS done"
    )
    with _refusals():
        row = fetch_one(query, [str(int(organisation_id)), *arguments])
    assert row is not None, "a door answers one row"
    return row


def _call(query: str, arguments: Sequence[Any]) -> tuple[Any, ...]:
    """The one row of a door, in the open scope."""
    with _refusals(), connection.cursor() as cursor:
        cursor.execute(query, arguments)
        row: tuple[Any, ...] = cursor.fetchone()
    return row


@contextmanager
def _refusals() -> Iterator[None]:
    """The database's SQLSTATE becomes a refusal."""
    try:
        yield
    except DatabaseError as error:
        refusal = from_database(error)
        if refusal is None:
            raise
        raise refusal from error
