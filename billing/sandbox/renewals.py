"""What time brings: renewals, retries, expiries. `due` says what is next, the clock does it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from billing.sandbox import checkout, collecting, disputes, invoices, methods, subscriptions
from billing.sandbox.desk import DAY, Desk
from billing.sandbox.errors import Declined
from billing.sandbox.periods import end_of
from billing.sandbox.store import Doc

Due = tuple[int, Callable[[], object]]
_DRAFT_SECONDS = 3600
_INCOMPLETE_SECONDS = 23 * 3600
_UPCOMING_DAYS = 7


def next_due(desk: Desk, until: int) -> list[Due]:
    """What is to be done first, up to a moment: the next thing, and what follows it so closely
    that nothing it brings about can come in between; empty when there is nothing.
    """
    found = sorted((due for due in _all(desk) if due[0] <= until), key=lambda due: due[0])
    return [due for due in found if due[0] < found[0][0] + _DRAFT_SECONDS]


def _all(desk: Desk) -> Iterator[Due]:
    yield from _subscriptions(desk)
    for invoice in desk.store.find("invoice", ("status", "=", "draft")):
        if invoice["automatically_finalizes_at"]:
            yield invoice["automatically_finalizes_at"], _bind(_finalize, desk, invoice)
    for invoice in desk.store.find("invoice", ("status", "=", "open")):
        if invoice["next_payment_attempt"]:
            yield invoice["next_payment_attempt"], _bind(_collect, desk, invoice)
    for session in desk.store.find("checkout.session", ("status", "=", "open")):
        yield session["expires_at"], _bind(checkout.expire_now, desk, session)
    for at, dispute in disputes.due(desk):
        yield at, _bind(_lose, desk, dispute)


def _bind(act: Callable[[Desk, Doc], object], desk: Desk, doc: Doc) -> Callable[[], object]:
    def run() -> None:
        fresh = desk.store.get(doc["id"])
        if fresh is not None and fresh["status"] == doc["status"]:
            act(desk, fresh)

    return run


def _subscriptions(desk: Desk) -> Iterator[Due]:
    for one in desk.store.find("subscription", ("status", "IN", subscriptions.RUNNING)):
        end = subscriptions.period_of(one)[1]
        if not one["cancel_at_period_end"] and one.get("_announced") != end:
            yield end - _UPCOMING_DAYS * DAY, _bind(_announce, desk, one)
        yield end, _bind(_renew, desk, one)
        if one["pending_update"]:
            yield one["pending_update"]["expires_at"], _bind(_forget, desk, one)
    for one in desk.store.find("subscription", ("status", "=", "incomplete")):
        yield one["created"] + _INCOMPLETE_SECONDS, _bind(subscriptions.expire, desk, one)


def _forget(desk: Desk, subscription: Doc) -> None:
    if subscription["pending_update"]:  # not paid just now
        collecting.forget_update(desk, subscription)


def _lose(desk: Desk, dispute: Doc) -> None:
    disputes.decide(desk, dispute, "lost")


def upcoming(desk: Desk, subscription: Doc) -> Doc:
    """The invoice that the next period will begin with, as a preview."""
    return invoices.preview_of(cycle_invoice(desk, subscription, *_next_period(subscription)))


def _next_period(subscription: Doc) -> tuple[int, int]:
    start = subscriptions.period_of(subscription)[1]
    recurring = subscription["items"]["data"][0]["price"]["recurring"]
    return start, end_of(subscription["billing_cycle_anchor"], start, recurring)


def cycle_invoice(desk: Desk, subscription: Doc, start: int, end: int) -> Doc:
    """The built invoice of a further period, with what changes left to be settled."""
    customer = desk.get("customer", subscription["customer"])
    lines = [*subscription["_pending"], *subscriptions.lines_of(desk, subscription, start, end)]
    return invoices.build(
        desk, customer, lines, reason="subscription_cycle", money=subscription["currency"],
        period=subscriptions.period_of(subscription), subscription=subscription,
        discounts=invoices.discounts_of(desk, subscription["discounts"]),
        taxed=subscription["automatic_tax"]["enabled"],
    )  # fmt: skip


def _announce(desk: Desk, subscription: Doc) -> None:
    invoice = upcoming(desk, subscription)
    del invoice["id"]  # an invoice that is not there has none
    desk.emit("invoice.upcoming", invoice)
    subscription["_announced"] = subscriptions.period_of(subscription)[1]
    desk.store.put(subscription)


def _renew(desk: Desk, subscription: Doc) -> None:
    """The next period; its invoice stays a draft for an hour, as Stripe's do."""
    if subscription["cancel_at_period_end"]:
        subscriptions.end(desk, subscription, "cancellation_requested")
        return
    start, end = _next_period(subscription)
    invoice = cycle_invoice(desk, subscription, start, end)
    billed = invoices.billed(invoice)
    for one in subscription["items"]["data"]:
        one.update(current_period_start=start, current_period_end=end, _billed=billed[one["id"]])
    subscription.update(latest_invoice=invoice["id"], _pending=[])
    desk.save(subscription, "customer.subscription.updated")
    invoices.draft(desk, invoice, desk.now() + _DRAFT_SECONDS)


def _finalize(desk: Desk, invoice: Doc) -> None:
    invoices.finalize(desk, invoice)
    if invoice["status"] == "paid":
        collecting.after_payment(desk, invoice)
    else:
        _collect(desk, invoice)


def _collect(desk: Desk, invoice: Doc) -> None:
    """A try without the customer; after the last one in vain the subscription is over."""
    subscription = desk.get("subscription", invoice["_subscription"])
    if subscription["status"] in subscriptions.OVER:
        desk.save({**invoice, "next_payment_attempt": None, "auto_advance": False})
        return
    customer = desk.get("customer", invoice["customer"])
    method = methods.default_of(desk, customer, subscription)
    if method is None:
        invoice.update(attempted=True, attempt_count=invoice["attempt_count"] + 1)
        collecting.fail(desk, invoice)
    else:
        with contextlib.suppress(Declined):  # it is on record, and told
            collecting.collect(desk, invoice, method, off_session=True)
    if invoice["status"] == "open" and invoice["next_payment_attempt"] is None:
        subscription = desk.get("subscription", subscription["id"])
        subscriptions.end(desk, subscription, "payment_failed")
