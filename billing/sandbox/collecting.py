"""Collecting an invoice, and what its success or failure makes of the subscription behind it."""

from __future__ import annotations

from billing.sandbox import invoices, methods
from billing.sandbox.desk import DAY, Desk
from billing.sandbox.errors import Declined, invalid
from billing.sandbox.store import Doc

# Days from each failure to the next try; after the last one the subscription is canceled.
RETRIES = (3, 5, 7)


def collect(desk: Desk, invoice: Doc, method: Doc, *, off_session: bool = False) -> bool:
    """Try to take an open invoice's money; whether it is paid. Raises Declined.

    Not paid and no refusal: its customer is asked to confirm, and it counts as failed meanwhile.
    """
    try:
        paid = invoices.pay(desk, invoice, method)
    except Declined:
        fail(desk, invoice)
        raise
    if paid:
        after_payment(desk, invoice)
    else:
        fail(desk, invoice, asked=not off_session)
    return paid


def settle(
    desk: Desk, invoice: Doc, subscription: Doc, behavior: str, *, off_session: bool = False
) -> None:
    """Collect an invoice that a request made, as its `payment_behavior` says.

    Raises Declined by `error_if_incomplete` only, and then nothing of the request is kept.
    """
    if invoice["status"] == "paid":
        after_payment(desk, invoice)
    if invoice["status"] == "paid" or behavior == "default_incomplete":
        return
    method = methods.default_of(desk, desk.get("customer", invoice["customer"]), subscription)
    if method is None:
        message = (
            "This customer has no attached payment source or default payment method. Please "
            "consider adding a default payment method."
        )
        raise invalid(message, None, "resource_missing")
    refusal = None
    try:
        if not collect(desk, invoice, method, off_session=off_session):
            message = (
                "Payment for this subscription requires additional user action before it can be "
                "completed successfully."
            )
            refusal = Declined(message, "subscription_payment_intent_requires_action")
    except Declined as declined:
        refusal = declined
    if refusal is not None and behavior == "error_if_incomplete":
        refusal.keep = False
        raise refusal


def authenticated(desk: Desk, invoice: Doc, *, paid: bool) -> None:
    """The customer answered the bank's question about this invoice's payment."""
    if paid:
        invoices.mark_paid(desk, invoice)
        after_payment(desk, invoice)
    else:
        desk.emit("invoice.payment_failed", invoice)


def after_payment(desk: Desk, invoice: Doc) -> None:
    """A paid invoice completes or mends its subscription, if nothing else of it is open."""
    subscription = desk.store.get(invoice["_subscription"] or "")
    if subscription is None:
        return
    _mend(desk, subscription)
    _spend_discounts(desk, subscription)
    waited = _waits_for(subscription, invoice)
    if waited:
        wanted = subscription.pop("_update")
        del wanted["invoice"]
        subscription.update(pending_update=None, **wanted)
    desk.save(subscription, "customer.subscription.updated")
    if waited:
        desk.emit("customer.subscription.pending_update_applied", subscription)
    customer = desk.get("customer", subscription["customer"])
    customer["delinquent"] = any(
        other["status"] == "past_due"
        for other in desk.store.find("subscription", ("customer", "=", customer["id"]))
    )
    customer["currency"] = customer["currency"] or invoice["currency"]
    desk.save(customer, "customer.updated")


def _waits_for(subscription: Doc, invoice: Doc) -> bool:
    """Whether a change of the subscription comes true when this invoice is paid."""
    return bool((subscription.get("_update") or {}).get("invoice") == invoice["id"])


def forget_update(desk: Desk, subscription: Doc) -> None:
    """The change that waits for its payment does not come."""
    invoice = desk.get("invoice", subscription.pop("_update")["invoice"])
    if invoice["status"] == "open":
        invoices.void(desk, invoice)
    subscription["pending_update"] = None
    desk.save(subscription, "customer.subscription.updated")
    desk.emit("customer.subscription.pending_update_expired", subscription)


def _mend(desk: Desk, subscription: Doc) -> None:
    if subscription["status"] == "incomplete":
        subscription["status"] = "active"
    elif subscription["status"] == "past_due":
        open_ones = desk.store.find(
            "invoice", ("customer", "=", subscription["customer"]), ("status", "=", "open")
        )
        if not any(one["_subscription"] == subscription["id"] for one in open_ones):
            subscription["status"] = "active"


def _spend_discounts(desk: Desk, subscription: Doc) -> None:
    """A coupon for one invoice takes nothing off the next."""
    kept = []
    for name in subscription["discounts"]:
        discount = desk.store.get(name)
        if discount and discount["_duration"] != "once":
            kept.append(name)
    subscription["discounts"] = kept


def fail(desk: Desk, invoice: Doc, *, asked: bool = False) -> None:
    """It was not paid: told, and when the next try is. `asked`: its customer is there and asked."""
    subscription = desk.store.get(invoice["_subscription"] or "")
    failures = max(invoice["attempt_count"], 1)
    running = (
        subscription is not None
        and subscription["status"] in ("active", "past_due")
        and not _waits_for(subscription, invoice)
    )
    if running and failures <= len(RETRIES):
        invoice["next_payment_attempt"] = desk.now() + RETRIES[failures - 1] * DAY
    else:
        invoice["next_payment_attempt"] = None
    desk.store.put(invoice)
    if not asked:
        desk.emit("invoice.payment_failed", invoice)
    if subscription is None or not running:
        return
    subscription["status"] = "past_due"
    desk.save(subscription, "customer.subscription.updated")
    customer = desk.get("customer", subscription["customer"])
    customer["delinquent"] = True
    desk.save(customer, "customer.updated")
