"""What an organisation has: its balance, its statement, and the credits it starts with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts import tenancy
from accounts.models import Membership, Organisation, Role
from billing import ledger
from billing.models import Lot, LotSource, Transfer, Wallet

MAX_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Balance:
    """Whole credits: free to spend, set aside for work under way, paid and not yet confirmed."""

    available: int
    reserved: int
    pending: int
    livemode: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the statement. `amount` is the signed change of what is available: the amounts of
    all entries add up to it. `generation` is what a hold was for, `lot` the lot it is about.
    """

    id: str
    type: str
    amount: int
    balance_after: int
    generation: str | None
    lot: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first; `next` is the cursor of the page after it, or None at the end."""

    entries: list[Entry]
    next: str | None


def balance(organisation_id: int, livemode: bool) -> Balance:
    """The wallet's three figures; zeros when none was opened."""
    with tenancy.scope(organisation_id):
        row = (
            Wallet.objects.filter(organisation_id=organisation_id, livemode=livemode)
            .values_list("available", "reserved", "pending")
            .first()
        )
    available, reserved, pending = row or (0, 0, 0)
    return Balance(available, reserved, pending, livemode)


def statement(organisation_id: int, livemode: bool, *, after: str = "", limit: int = 50) -> Page:
    """Entries older than the entry `after`, newest first, at most `limit` (1–1000).

    An unknown `after` gives an empty page.
    """
    limit = max(1, min(limit, MAX_PAGE))
    with tenancy.scope(organisation_id):
        rows = Transfer.objects.filter(organisation_id=organisation_id, livemode=livemode)
        wanted = rows.order_by("-sequence").select_related("lot")
        if after:
            seen = rows.filter(public_id=after).values_list("sequence", flat=True).first()
            wanted = wanted.filter(sequence__lt=seen or 0)
        found = list(wanted[: limit + 1])
    entries = [_entry(transfer) for transfer in found[:limit]]
    return Page(entries, entries[-1].id if len(found) > limit else None)


def _entry(transfer: Transfer) -> Entry:
    return Entry(
        id=transfer.public_id,
        type=transfer.type,
        amount=transfer.change_available,
        balance_after=transfer.available_after,
        generation=transfer.reference if transfer.hold_id else None,
        lot=transfer.lot.public_id if transfer.lot else None,
        created_at=transfer.created_at,
    )


def ensure(organisation: Organisation) -> None:
    """Open both wallets and give the starting credits that are due; harmless to repeat.

    Test credits come at once. Live ones (`SIGNUP_GRANT`) come at once in a demo, else when an
    owner's address is verified, and to few organisations of one network a day.
    """
    with tenancy.scope(organisation.pk):
        test, signup = f"test:{organisation.public_id}", f"signup:{organisation.public_id}"
        given = set(
            Lot.objects.filter(organisation=organisation, reference__in=[test, signup]).values_list(
                "reference", flat=True
            )
        )
        if test not in given and settings.TEST_WALLET_GRANT:
            ledger.grant(
                organisation.pk,
                False,
                settings.TEST_WALLET_GRANT,
                LotSource.TEST,
                reference=test,
                reason="Test credits",
            )
        if signup not in given:
            ledger.open_wallet(organisation.pk, True)
            if _may_have_signup_grant(organisation):
                ledger.grant(
                    organisation.pk,
                    True,
                    settings.SIGNUP_GRANT,
                    LotSource.PROMO,
                    reference=signup,
                    reason="Welcome credits",
                )


def _may_have_signup_grant(organisation: Organisation) -> bool:
    if not settings.SIGNUP_GRANT:
        return False
    if settings.DEMO:
        return True
    owners = Membership.objects.filter(organisation=organisation, role=Role.OWNER)
    if not EmailAddress.objects.filter(user__in=owners.values("user"), verified=True).exists():
        return False
    # Those of whom no network is known count as one: to hide it must not be worth anything.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT billing_signup_grants(%s, %s)",
            [organisation.signup_network, timezone.now() - timedelta(hours=24)],
        )
        (granted,) = cursor.fetchone()
    return bool(granted < settings.SIGNUP_GRANTS_PER_NETWORK)
