"""The statement as people read it: one line per film, whatever the ledger posted for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from accounts import tenancy
from billing.models import Transfer
from billing.models.ledger import HoldStatus, TransferType


@dataclass(frozen=True, slots=True)
class Line:
    """A film, or credits that came or went otherwise; `change` of all lines is what is available.

    `state` is pending, captured or released for a film, else the transfer's type. `held`,
    `charged` and `returned` are credits of a film, None where there is no film or not yet.
    """

    id: str
    state: str
    generation: str | None
    held: int | None
    charged: int | None
    returned: int | None
    change: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, newest first; `next` is the cursor of the page after it, or None at the end."""

    lines: list[Line]
    next: str | None


def page(organisation_id: int, livemode: bool, *, after: str = "", limit: int = 50) -> Page:
    """Lines older than the line `after`, newest first; an unknown `after` gives an empty page."""
    with tenancy.scope(organisation_id):
        mine = Transfer.objects.filter(organisation_id=organisation_id, livemode=livemode)
        opening = mine.filter(Q(hold__isnull=True) | Q(type=TransferType.HOLD))
        if after:
            seen = mine.filter(public_id=after).values_list("sequence", flat=True).first()
            opening = opening.filter(sequence__lt=seen or 0)
        found = list(opening.order_by("-sequence").select_related("hold")[: limit + 1])
    lines = [_line(transfer) for transfer in found[:limit]]
    return Page(lines, lines[-1].id if len(found) > limit else None)


def _line(transfer: Transfer) -> Line:
    hold = transfer.hold
    amounts: tuple[int | None, int | None, int | None, int]
    if hold is None:
        amounts = (None, None, None, transfer.change_available)
    elif hold.status == HoldStatus.PENDING:
        amounts = (hold.amount, None, None, -hold.amount)
    else:
        charged = hold.captured or 0
        amounts = (hold.amount, charged, hold.amount - charged, -charged)
    held, charged_or_none, returned, change = amounts
    return Line(
        id=transfer.public_id,
        state=hold.status if hold else transfer.type,
        generation=transfer.reference if hold else None,
        held=held,
        charged=charged_or_none,
        returned=returned,
        change=change,
        created_at=transfer.created_at,
    )
