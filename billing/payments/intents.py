"""A payment that was refused: the bank's words, for whoever is about to try another card."""

from __future__ import annotations

from accounts import tenancy
from billing.models import Purchase, PurchaseStatus
from billing.payments import customers, gateway, sessions
from kling_saas.lib.logs import kept


def sync(intent_id: str) -> None:
    """Write down why the last try was refused, while the purchase can still be paid.

    Outside of transactions. Raises NotOurs, Disagrees, PaymentServiceDown, NotUnderstood.
    """
    intent = gateway.ask(lambda v1: v1.payment_intents.retrieve(intent_id))
    found = sessions.named(intent)
    customer = customers.find(found.organisation_id)
    sessions.differ(
        {
            "customer": (customer and customer.stripe_id, intent["customer"]),
            "currency": (found.currency, intent["currency"]),
        }
    )
    error = intent["last_payment_error"] or {}
    words = kept(error.get("message") or "", sessions.FAILURE_CHARACTERS)
    with tenancy.scope(found.organisation_id):
        Purchase.objects.filter(pk=found.pk, status=PurchaseStatus.OPEN).update(failure=words)
