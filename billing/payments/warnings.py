"""A bank warns that a card may be stolen, before anybody disputes: spending stops, people look."""

from __future__ import annotations

import logging

from accounts import tenancy
from accounts.models import AuditEvent
from billing import freezes, ledger
from billing.models import Purchase, WalletFreeze
from billing.payments import gateway, origins

log = logging.getLogger(__name__)


def sync(warning_id: str) -> None:
    """Freeze the wallet for a warning that something can be done about, once: who has thawed it
    has looked. Nothing is taken back: that is an operator's refund, or the dispute that follows.

    Outside of transactions. Raises NotOurs, Disagrees, PaymentServiceDown, NotUnderstood.
    """
    thing = gateway.ask(lambda v1: v1.radar.early_fraud_warnings.retrieve(warning_id))
    intent = thing.get("payment_intent")
    if not intent:
        intent = gateway.ask(lambda v1: v1.charges.retrieve(thing["charge"]))["payment_intent"]
    found = origins.purchase_of(intent)
    if thing["actionable"]:
        _freeze(found, thing)


def _freeze(purchase: Purchase, thing: gateway.Doc) -> None:
    cause = freezes.of_warning(thing["id"])
    with tenancy.scope(purchase.organisation_id):
        Purchase.objects.select_for_update().get(pk=purchase.pk)
        if WalletFreeze.objects.filter(cause=cause).exists():
            return
        ledger.freeze(
            purchase.organisation_id, purchase.livemode, cause=cause,
            reason="The bank of a card has warned of a stolen one.",
        )  # fmt: skip
        AuditEvent.objects.create(
            organisation_id=purchase.organisation_id, action="fraud.warned",
            subject=purchase.public_id,
            detail={"warning": thing["id"], "type": thing["fraud_type"]},
        )  # fmt: skip
    log.error(
        "ALARM payments: early fraud warning %s (%s) of %s: pay it back, or thaw the wallet",
        thing["id"], thing["fraud_type"], purchase.public_id,
    )  # fmt: skip
