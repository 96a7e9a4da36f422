"""An organisation as the payment service knows it: made once, and the card it pays with."""

from __future__ import annotations

from django.conf import settings

from accounts import tenancy
from accounts.models import Membership, Organisation, Role
from billing.models import PaymentCustomer
from billing.payments import gateway
from billing.payments.errors import NotOurs


def find(organisation_id: int) -> PaymentCustomer | None:
    """Its customer at the payment service in force, if there is one."""
    with tenancy.scope(organisation_id):
        found: PaymentCustomer | None = PaymentCustomer.objects.filter(
            organisation_id=organisation_id, vendor=settings.PAYMENTS_VENDOR
        ).first()
    return found


def ensure(organisation_id: int) -> PaymentCustomer:
    """Its customer, made when there is none; whoever comes at the same time gets the same one.

    Raises PaymentServiceDown, NotUnderstood.
    """
    return find(organisation_id) or _make(organisation_id)


def _make(organisation_id: int) -> PaymentCustomer:
    vendor = settings.PAYMENTS_VENDOR
    with tenancy.scope(organisation_id):
        organisation = Organisation.objects.get(pk=organisation_id)
        email = _email(organisation_id)
    made = gateway.order(
        f"{organisation.public_id}:{vendor}",
        lambda v1, once: v1.customers.create(
            {
                "email": email,
                "name": organisation.name,
                "metadata": {"organisation": organisation.public_id},
            },
            once,
        ),
    )
    row = PaymentCustomer(organisation_id=organisation_id, vendor=vendor, stripe_id=made["id"])
    with tenancy.scope(organisation_id):
        PaymentCustomer.objects.bulk_create([row], ignore_conflicts=True)
        customer: PaymentCustomer = PaymentCustomer.objects.get(
            organisation_id=organisation_id, vendor=vendor
        )
    return customer


def _email(organisation_id: int) -> str:
    owners = Membership.objects.filter(organisation_id=organisation_id, role=Role.OWNER)
    return str(owners.order_by("pk").values_list("user__email", flat=True)[0])


def owner_of(customer_id: str) -> PaymentCustomer:
    """Whose customer it is. Raises NotOurs when we made none of this id."""
    with tenancy.system("the payment service names a customer, not a tenant"):
        found: PaymentCustomer | None = PaymentCustomer.objects.filter(
            stripe_id=customer_id, vendor=settings.PAYMENTS_VENDOR
        ).first()
    if found is None:
        raise NotOurs("its customer is none of ours")
    return found


def sync(customer_id: str) -> None:
    """Follow the card that the customer chose at the payment service, for what we charge by
    ourselves; harmless to repeat.

    Outside of transactions. Raises NotOurs, PaymentServiceDown, NotUnderstood.
    """
    known = owner_of(customer_id)
    thing = gateway.ask(
        lambda v1: v1.customers.retrieve(
            customer_id, {"expand": ["invoice_settings.default_payment_method"]}
        )
    )
    usual = (thing.get("invoice_settings") or {}).get("default_payment_method")
    if usual:
        with tenancy.scope(known.organisation_id):
            keep_card(customer_id, usual)


def forget_card(method_id: str) -> None:
    """The card was taken away at the payment service: nothing is charged to it any more."""
    with tenancy.system("the payment service names a card, not a tenant"):
        PaymentCustomer.objects.filter(card_id=method_id, vendor=settings.PAYMENTS_VENDOR).update(
            card_id="", card_brand="", card_last4="", card_expires=""
        )


def keep_card(customer_id: str, method: gateway.Doc) -> None:
    """Write down the card that can be charged from now on. In the customer's tenancy scope."""
    card = method.get("card") or {}
    PaymentCustomer.objects.filter(stripe_id=customer_id).update(
        card_id=method["id"],
        card_brand=card.get("brand") or "",
        card_last4=card.get("last4") or "",
        card_expires=f"{card['exp_year']}-{card['exp_month']:02}" if card else "",
    )
