"""What never came is asked for: events of the last days, and checkouts nobody told the end of."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.db.models.functions import Now

from accounts import tenancy
from billing.models import AT_CHECKOUT, PaymentEvent, Purchase, PurchaseStatus
from billing.payments import gateway, inbox, purchases, sessions
from billing.payments.errors import Disagrees, NotOurs, NotUnderstood
from kling_saas.lib.refusals import Refusal

log = logging.getLogger(__name__)
_PULLED = "payments:pulled"
_COVERED = "payments:covered:"  # and whose; kept in the database, and if lost, all is asked for
_BACK = timedelta(days=4)  # Stripe tries to deliver for three
_AGAIN_SECONDS = 300  # after a failure
_OPEN = timedelta(hours=25)  # an hour longer than a checkout
_AT_ONCE = 20


def when_due() -> int:
    """Once in PAYMENTS_PULL_MINUTES, whoever asks: how many events were not known.

    That the payment service does not answer is logged, and tried again soon.
    """
    if not settings.PAYMENTS_KEY:
        return 0
    if not cache.add(_PULLED, 1, round(settings.PAYMENTS_PULL_MINUTES * 60)):
        return 0
    try:
        return run()
    except Refusal as refusal:
        log.warning("payments: events were not asked for: %s", refusal.detail)
        cache.touch(_PULLED, _AGAIN_SECONDS)
        return 0


def run() -> int:
    """Keep the events that are not known, and settle checkouts long over; how many events.

    Outside of transactions. Raises PaymentServiceDown, NotUnderstood.
    """
    known = PaymentEvent.objects.filter(vendor=settings.PAYMENTS_VENDOR).order_by("-said_at")
    newest = known.values_list("said_at", flat=True).first()
    # By the payment service's own clock. What came since the last pull that was finished says
    # nothing of what did not come before it.
    mark = _COVERED + settings.PAYMENTS_VENDOR
    covered = cache.get(mark)
    since = int((covered - _BACK).timestamp()) if covered else None
    new = sum(
        inbox.keep(event, pulled=True) for event in gateway.events(sorted(inbox.HANDLERS), since)
    )
    if newest:  # it was said before we asked
        cache.set(mark, max(newest, covered or newest), timeout=None)
    if new:
        log.warning("payments: %s events had not come and were asked for", new)
    _end_abandoned()
    return new


def _end_abandoned() -> None:
    """Checkouts that are over by the clock, of which no event ever told."""
    with tenancy.system("abandoned checkouts are the same for every tenant"):
        old = Purchase.objects.filter(
            vendor=settings.PAYMENTS_VENDOR,
            kind__in=AT_CHECKOUT,
            status=PurchaseStatus.OPEN,
            created_at__lt=Now() - _OPEN,
        )
        old.filter(session_id=None).update(status=PurchaseStatus.EXPIRED)
        asked = purchases.in_turn(old, _AT_ONCE)
    for session_id in (purchase.session_id or "" for purchase in asked):
        try:
            sessions.sync(session_id)
        except (Disagrees, NotOurs, NotUnderstood) as reason:
            log.error("ALARM payments: checkout %s: %s", session_id, reason)
