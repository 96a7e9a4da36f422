"""Buying: our row first, then a page of the payment service's where it can be paid.

Nothing is granted here. A purchase is paid when the payment service says so (`sessions`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from billing import gifts
from billing.models import AT_CHECKOUT, Pack, Purchase, PurchaseKind, PurchaseStatus
from billing.payments import customers, gateway
from billing.payments.errors import PaymentServiceDown
from kling_saas.lib.refusals import NotFound, Refusal

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

_PAGE_OPEN = timedelta(hours=24)  # the payment service closes it then
_NOT_ASKED = "The payment page could not be opened, and nothing was charged."


def start_pack(actor: Actor, pack: Pack, gift: gifts.Words | None = None) -> Purchase:
    """A purchase of the pack that can be paid at its `pay_url`; for the live wallet, or as a `gift`
    for that of whoever redeems it.

    Outside of transactions. Raises Forbidden, NotFound for a pack that is not sold (any more),
    PaymentServiceDown, NotUnderstood; then the purchase is `failed`.
    """
    actor.must_buy("spend your money")
    if not pack.active:
        raise NotFound("This pack is not sold any more: choose another one.")
    with tenancy.scope(actor.organisation_id):
        purchase: Purchase = Purchase.objects.create(
            organisation_id=actor.organisation_id,
            livemode=True,
            vendor=settings.PAYMENTS_VENDOR,
            kind=PurchaseKind.PACK if gift is None else PurchaseKind.GIFT,
            pack=pack,
            credits=pack.credits,
            bonus_credits=pack.bonus_credits,
            valid_days=pack.valid_days,
            currency=settings.CURRENCY,
            amount_cents=pack.price_cents,
            asked_by_id=actor.user_id,
        )
        if gift is not None:
            gifts.prepare(purchase, gift)
    try:
        return _open_page(purchase, pack)
    except Refusal:
        _give_up(purchase)
        raise


def _open_page(purchase: Purchase, pack: Pack) -> Purchase:
    customer = customers.ensure(purchase.organisation_id)
    wanted = _session(purchase, pack, customer.stripe_id)
    session = gateway.order(
        purchase.public_id, lambda v1, once: v1.checkout.sessions.create(wanted, once)
    )
    if not session.get("url"):  # somebody has ended it meanwhile
        raise PaymentServiceDown
    purchase.session_id, purchase.pay_url = session["id"], session["url"]
    with tenancy.scope(purchase.organisation_id):
        purchase.save(update_fields=["session_id", "pay_url"])
    return purchase


def _session(purchase: Purchase, pack: Pack, customer: str) -> SessionCreateParams:
    """What the payment service is asked for. It stays open for `_PAGE_OPEN`, its default."""
    ours = {"purchase": purchase.public_id}
    here = settings.SITE_URL + reverse("purchase", args=[purchase.public_id])
    words = f"{pack.credits:,} credits"
    if pack.bonus_credits:
        words += f" and {pack.bonus_credits:,} on top"
    if purchase.kind == PurchaseKind.GIFT:
        words += ", as a gift"
    wanted: SessionCreateParams = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": purchase.currency,
                    "unit_amount": purchase.amount_cents,
                    "tax_behavior": "exclusive",
                    "product_data": {"name": pack.name, "description": words},
                },
            }
        ],
        "client_reference_id": purchase.public_id,
        "metadata": ours,
        "payment_intent_data": {"metadata": ours, "setup_future_usage": "off_session"},
        "customer": customer,
        "customer_update": {"name": "auto", "address": "auto"},
        "invoice_creation": {"enabled": True, "invoice_data": {"metadata": ours}},
        # What is given away was paid for: credits that cost nothing stay with whoever has the code.
        "allow_promotion_codes": purchase.kind != PurchaseKind.GIFT,
        "tax_id_collection": {"enabled": True},
        "billing_address_collection": "auto",
        "success_url": f"{here}?paid=1",
        "cancel_url": settings.SITE_URL + reverse("buy"),
    }
    if settings.STRIPE_TAX:
        wanted["automatic_tax"] = {"enabled": True}
    return wanted


def _give_up(purchase: Purchase) -> None:
    """Nobody was shown a page to pay it on."""
    with tenancy.scope(purchase.organisation_id):
        Purchase.objects.filter(pk=purchase.pk, status=PurchaseStatus.OPEN, session_id=None).update(
            status=PurchaseStatus.FAILED, failure=_NOT_ASKED
        )


def payable(purchase: Purchase) -> bool:
    """Whether its page can still be open: not whether the bank has taken the money meanwhile."""
    is_open = purchase.status == PurchaseStatus.OPEN and bool(purchase.pay_url)
    return is_open and purchase.created_at > timezone.now() - _PAGE_OPEN


def latest(actor: Actor) -> list[Purchase]:
    """The organisation's purchases, newest first, at most 200; abandoned ones are left out, of
    which the news may be under way.
    """
    abandoned = Q(status=PurchaseStatus.OPEN, created_at__lte=timezone.now() - _PAGE_OPEN) & (
        Q(session_id=None, kind__in=AT_CHECKOUT) | ~Q(pay_url="")
    )
    with tenancy.scope(actor.organisation_id):
        found = Purchase.objects.filter(organisation_id=actor.organisation_id).exclude(
            Q(status=PurchaseStatus.EXPIRED) | abandoned
        )
        return list(
            found.select_related("pack", "plan")
            .prefetch_related("refunds")
            .order_by("-created_at")[:200]
        )


def in_turn(left: QuerySet[Purchase], most: int) -> list[Purchase]:
    """At most so many of what is left to be asked about, those that waited longest for it first.

    So what is never settled keeps nobody from their turn. Needs the scope of `left`.
    """
    waited = left.order_by(F("asked_at").asc(nulls_first=True), "created_at")
    first = list(waited[:most])
    Purchase.objects.filter(pk__in=[one.pk for one in first]).update(asked_at=Now())
    return first


def find(actor: Actor, public_id: str) -> Purchase:
    """The organisation's purchase. Raises NotFound, also for another's."""
    with tenancy.scope(actor.organisation_id):
        found: Purchase | None = (
            Purchase.objects.filter(organisation_id=actor.organisation_id, public_id=public_id)
            .select_related("pack", "plan")
            .first()
        )
    if found is None:
        raise NotFound("There is no such purchase.")
    return found
