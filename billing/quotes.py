"""Offers that bind: what a quote says is what its order is charged, or the order is refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from accounts import tenancy
from billing import prices
from billing.errors import QuoteChanged, UnknownQuote
from billing.items import BillableItem
from billing.models import Quote
from kling_saas.lib.forgetting import forget

_KEEP = timedelta(days=7)  # in which an expired offer is still called expired, not unknown
_LOOKED_THROUGH = timedelta(days=90)


def make(
    organisation_id: int, livemode: bool, items: Sequence[BillableItem], fingerprint: str
) -> Quote:
    """A stored offer for QUOTE_MINUTES.

    `fingerprint` is the SHA-256 (hex) of the normalised parameters. Raises UnknownPrice.
    """
    priced = prices.price(items, organisation_id)
    with tenancy.scope(organisation_id):
        quote: Quote = Quote.objects.create(
            organisation_id=organisation_id,
            livemode=livemode,
            credits=priced.credits,
            line_items=[line.as_json() for line in priced.lines],
            fingerprint=fingerprint,
            book_id=priced.book_id,
            expires_at=timezone.now() + timedelta(minutes=settings.QUOTE_MINUTES),
        )
    return quote


def look_up(organisation_id: int, livemode: bool, public_id: str) -> Quote:
    """A quote of this organisation and mode. Raises UnknownQuote."""
    with tenancy.scope(organisation_id):
        quote: Quote | None = Quote.objects.filter(
            organisation_id=organisation_id, livemode=livemode, public_id=public_id
        ).first()
    if quote is None:
        raise UnknownQuote(f"There is no quote {public_id}.")
    return quote


def check(quote: Quote, fingerprint: str) -> int:
    """The credits the order is charged: exactly the quote's. Raises QuoteChanged."""
    if quote.expires_at <= timezone.now():
        raise QuoteChanged(
            f"The quote expired at {quote.expires_at:%Y-%m-%dT%H:%M:%SZ}: ask for a new one."
        )
    if quote.fingerprint != fingerprint:
        raise QuoteChanged(
            "The quote was made for other parameters: send those it was made for, "
            "or ask for a new one."
        )
    return quote.credits


def forget_expired() -> int:
    """Delete a batch of offers that ended a week ago and that nothing was ordered by; how many.

    Not of those from before a season: nearly all were ordered by, and would be looked at each time.
    """
    pointing = Quote._meta.related_objects  # noqa: SLF001 - Django's documented Model._meta API
    unused = {f"{one.name}__isnull": True for one in pointing}
    with tenancy.system("offers end for every tenant"):
        ended = timezone.now() - _KEEP
        old = Quote.objects.filter(
            expires_at__lt=ended, expires_at__gt=ended - _LOOKED_THROUGH, **unused
        )
        return forget(old, by="expires_at")
