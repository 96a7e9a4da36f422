"""Whose payment it was: money that goes back is told by its payment, never by our purchase."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from accounts import tenancy
from billing.models import Purchase, PurchaseStatus
from billing.payments import gateway, invoices, sessions
from billing.payments.errors import NotOurs


def purchase_of(intent_id: str | None) -> Purchase:
    """The purchase that a payment has paid for; what it gave is given first, where the news of
    it has not come yet.

    Outside of transactions. Raises NotOurs, Disagrees, PaymentServiceDown, NotUnderstood.
    """
    if not intent_id:
        raise NotOurs("it is of no payment that was made here")
    found = _known(intent_id)
    if found is None:
        _settle(intent_id)
        found = _known(intent_id)
    if found is None:
        raise NotOurs("its payment was not for a purchase")
    return found


def _known(intent_id: str) -> Purchase | None:
    with tenancy.system("the payment service names a payment, not a tenant"):
        found: Purchase | None = Purchase.objects.filter(
            payment_intent_id=intent_id,
            vendor=settings.PAYMENTS_VENDOR,
            status=PurchaseStatus.PAID,
        ).first()
    return found


def _settle(intent_id: str) -> None:
    checkouts = gateway.ask(lambda v1: v1.checkout.sessions.list({"payment_intent": intent_id}))
    for session in checkouts["data"]:
        sessions.sync(session["id"])
        return
    wanted: Any = {"payment": {"type": "payment_intent", "payment_intent": intent_id}}
    for one in gateway.ask(lambda v1: v1.invoice_payments.list(wanted))["data"]:
        invoices.sync(one["invoice"])
