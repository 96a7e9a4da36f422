"""Make our books agree with an invoice, as that is now: a paid month's credits are granted here.

Only lines that are a plan's own month grant. What is prorated, however it came about, never does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts import tenancy
from billing import freezes, ledger, notices, plans, referrals
from billing.models import (
    LotSource,
    PaymentCustomer,
    Plan,
    Purchase,
    PurchaseKind,
    PurchaseStatus,
    Subscription,
)
from billing.payments import customers, gateway, sessions, subscriptions, tariffs, topups
from billing.payments.errors import NotOurs

_RENEWED = "subscription_cycle"
_LEAST = timedelta(days=7)  # for which a month's credits are good, however late it was paid


@dataclass(frozen=True, slots=True)
class Month:
    """A line of an invoice that sells a month of a plan; `cents` before discount and tax."""

    plan: Plan
    cents: int
    ends: datetime


def sync(invoice_id: str) -> None:
    """Ask for the invoice and write what follows from it; harmless to repeat.

    Outside of transactions. Raises NotOurs, PaymentServiceDown, NotUnderstood.
    """
    invoice = gateway.ask(lambda v1: v1.invoices.retrieve(invoice_id))
    subscription_id = _subscription_of(invoice)
    if not subscription_id:
        _by_hand(invoice)
        return
    owner = customers.owner_of(invoice["customer"])
    if invoice["status"] == "paid":
        months = _months(invoice)
        intent = gateway.intent_of(invoice_id)
        subscriptions.sync(subscription_id)
        if months:
            _paid(owner, invoice, subscription_id, months, intent)
    else:
        subscriptions.sync(subscription_id)
        _unpaid(owner, invoice, subscription_id)


def _by_hand(invoice: gateway.Doc) -> None:
    """One of ours; those of packs say nothing that their checkout does not."""
    purchase = sessions.named(invoice)
    if purchase.kind != PurchaseKind.TOP_UP:
        raise NotOurs("its checkout tells how it stands")
    topups.sync(invoice["id"])


def _subscription_of(invoice: gateway.Doc) -> str:
    parent = invoice.get("parent") or {}
    return (parent.get("subscription_details") or {}).get("subscription") or ""


def _months(invoice: gateway.Doc) -> list[Month]:
    """What it sells of plans. Raises PaymentServiceDown, NotUnderstood."""
    found = []
    for line in invoice["lines"]["data"]:
        about = (line.get("parent") or {}).get("subscription_item_details")
        price = ((line.get("pricing") or {}).get("price_details") or {}).get("price")
        if not about or about["proration"] or not price:
            continue
        plan = tariffs.plan_of_id(price)
        ends = subscriptions.moment(line["period"]["end"])
        # Before any discount: a month on trial costs nothing, and gives nothing.
        if plan is not None and ends is not None and line["amount"] > 0:
            found.append(Month(plan, line["amount"], ends))
    return found


def _paid(
    owner: PaymentCustomer, invoice: gateway.Doc, subscription_id: str, months: list[Month],
    intent: gateway.Doc,
) -> None:  # fmt: skip
    month = months[-1]
    with tenancy.scope(owner.organisation_id):
        # Two who come at once: the second waits here, and finds what the first has done.
        PaymentCustomer.objects.select_for_update().get(pk=owner.pk)
        if Purchase.objects.filter(invoice_id=invoice["id"]).exists():
            return
        purchase = _purchase(owner, invoice, subscription_id, month, intent)
        until = max(month.ends + timedelta(days=settings.PLAN_GRACE_DAYS), timezone.now() + _LEAST)
        ledger.grant(
            owner.organisation_id, True, purchase.credits, LotSource.PLAN,
            reference=sessions.of(purchase), expires_at=until, reason=month.plan.name,
            cents=(purchase.paid_cents or 0) - purchase.tax_cents,
        )  # fmt: skip
        referrals.bought(purchase)
        mine = Subscription.objects.filter(stripe_id=subscription_id)
        if invoice["billing_reason"] == _RENEWED:  # what a smaller plan gave is paid for
            before = mine.select_related("plan").first()
            ledger.roll_over(
                owner.organisation_id, True,
                (before.plan if before else month.plan).keeps_before(month.plan), until=until,
                renewal=sessions.of(purchase),
            )  # fmt: skip
        mine.update(pay_url="")
        # A month that is heard of after a later one says nothing of the plan of today.
        mine.filter(Q(period_ends_at=None) | Q(period_ends_at__lte=month.ends)).update(
            plan=month.plan, next_plan=None
        )
        if method := intent.get("payment_method"):
            customers.keep_card(invoice["customer"], method)
        freezes.thaw_settled(owner.organisation_id, True)
        sessions.tell(purchase, "purchase.paid")
    plans.apply(owner.organisation_id)


def _purchase(
    owner: PaymentCustomer, invoice: gateway.Doc, subscription_id: str, month: Month,
    intent: gateway.Doc,
) -> Purchase:  # fmt: skip
    discounts = sum(one["amount"] for one in invoice.get("total_discount_amounts") or [])
    made = Purchase(
        organisation_id=owner.organisation_id, livemode=True, vendor=owner.vendor,
        kind=PurchaseKind.PLAN, plan=month.plan, credits=month.plan.credits,
        currency=invoice["currency"], amount_cents=month.cents,
        paid_cents=invoice["amount_paid"], tax_cents=sessions.taxes_of(invoice),
        discount_cents=discounts, status=PurchaseStatus.PAID, paid_at=timezone.now(),
        payment_intent_id=intent.get("id"), subscription_id=subscription_id,
        period_ends_at=month.ends,
    )  # fmt: skip
    sessions.note_invoice(made, invoice)
    made.save()
    return made


def _unpaid(owner: PaymentCustomer, invoice: gateway.Doc, subscription_id: str) -> None:
    """Where it can still be paid, and that its owners must do something."""
    owed = invoice["status"] == "open" and invoice["attempt_count"] > 0
    with tenancy.scope(owner.organisation_id):
        row = Subscription.objects.filter(stripe_id=subscription_id, ended_at=None).first()
        if row is None:
            return
        row.pay_url = (invoice["hosted_invoice_url"] or "") if owed else ""
        row.save(update_fields=["pay_url"])
        if owed:
            notices.add(
                owner.organisation_id, True, "payment_failed",
                f"invoice:{invoice['id']}:{invoice['attempt_count']}", plan=row.plan.name,
                cents=invoice["amount_remaining"], currency=invoice["currency"],
                link=row.pay_url, again=invoice["next_payment_attempt"],
            )  # fmt: skip
