"""Gifts that are paid, without a payment service: for what follows from that."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from accounts import tenancy
from billing import gifts
from billing.models import Gift, Purchase, PurchaseKind, PurchaseStatus
from tests.billing.purse import LIVE

SILENT = gifts.Words()


def paid(
    buyer: int,
    credits_: int,
    *,
    bonus: int = 0,
    cents: int = 0,
    days: int | None = None,
    said: gifts.Words = SILENT,
) -> Purchase:
    """One that the organisation has bought, whose code is open."""
    with tenancy.scope(buyer):
        made: Purchase = Purchase.objects.create(
            organisation_id=buyer, livemode=LIVE, vendor=settings.PAYMENTS_VENDOR,
            kind=PurchaseKind.GIFT, credits=credits_, bonus_credits=bonus, valid_days=days,
            currency="usd", amount_cents=cents, paid_cents=cents, status=PurchaseStatus.PAID,
            paid_at=timezone.now(),
        )  # fmt: skip
        gifts.prepare(made, said)
        gifts.make(made)
    return made


def of(purchase: Purchase) -> Gift:
    """The gift, as it is by now."""
    with tenancy.scope(purchase.organisation_id):
        found: Gift = Gift.objects.get(purchase_id=purchase.pk)
    return found
