"""The invoices' endpoints: reading them, previews, paying and voiding by the merchant."""

from __future__ import annotations

import copy

from billing.sandbox import (
    catalogue,
    changing,
    collecting,
    coupons,
    invoices,
    methods,
    renewals,
    subscriptions,
)  # fmt: skip
from billing.sandbox.desk import Desk, public
from billing.sandbox.errors import invalid, required
from billing.sandbox.forms import MAP, listing, merged, shape
from billing.sandbox.store import Doc, Test
from billing.sandbox.views import envelope, equal, listed

LIST = listing(
    customer=str, subscription=str, status=("draft", "open", "paid", "uncollectible", "void"),
    collection_method=str,
)  # fmt: skip
LINES = listing()
UPDATE = shape(metadata=MAP, description=str, footer=str)
PAY = shape(payment_method=str, off_session=bool, paid_out_of_band=bool)
_DETAILS = shape(
    items=[changing.ITEM], proration_behavior=changing.PRORATIONS, proration_date=int,
    cancel_at_period_end=bool,
)  # fmt: skip
PREVIEW = shape(
    customer=str, subscription=str, subscription_details=_DETAILS, currency=str,
    discounts=[coupons.GIVEN], automatic_tax=shape("enabled", enabled=bool),
)  # fmt: skip
PAYMENT_LIST = listing(
    invoice=str, status=("canceled", "open", "paid"),
    payment=shape("type", type=("payment_intent",), payment_intent=str),
)  # fmt: skip


def retrieve(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/invoices/:id."""
    return desk.get("invoice", name, in_path=True)


def listing_of(desk: Desk, params: Doc) -> Doc:
    """GET /v1/invoices."""
    tests: list[Test] = equal(params, "customer", "status", "collection_method")
    if params.get("subscription"):
        tests.append(("_subscription", "=", params["subscription"]))
    return listed(desk, "invoice", params, tests, url="/v1/invoices")


def lines(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/invoices/:id/lines."""
    invoice = desk.get("invoice", name, in_path=True)
    return envelope(public(invoice["lines"]["data"]), f"/v1/invoices/{name}/lines")


def update(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/invoices/:id."""
    invoice = desk.get("invoice", name, in_path=True)
    invoice["metadata"] = merged(invoice["metadata"], params.get("metadata"))
    for field in ("description", "footer"):
        invoice[field] = params.get(field, invoice[field])
    return desk.save(invoice, "invoice.updated")


def pay(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/invoices/:id/pay. Raises Declined."""
    invoice = desk.get("invoice", name, in_path=True)
    if invoice["status"] == "draft":
        invoices.finalize(desk, invoice)
        collecting.after_payment(desk, invoice) if invoice["status"] == "paid" else None
        return invoice if invoice["status"] == "paid" else pay(desk, params, name)
    if invoice["status"] != "open":
        raise invalid(f"Invoice is already {invoice['status']}", None, "invoice_not_editable")
    if params.get("paid_out_of_band"):
        invoices.mark_paid(desk, invoice)
        collecting.after_payment(desk, invoice)
        return invoice
    method = _method(desk, invoice, params.get("payment_method"))
    collecting.collect(desk, invoice, method, off_session=params.get("off_session", True))
    return desk.get("invoice", name)


def _method(desk: Desk, invoice: Doc, name: str | None) -> Doc:
    customer = desk.get("customer", invoice["customer"])
    if name:
        method = methods.resolve(desk, name)
        if method["customer"] not in (None, customer["id"]):
            raise invalid("The payment method must be attached to the customer.", "payment_method")
        return method
    subscription = desk.store.get(invoice["_subscription"] or "")
    found = methods.default_of(desk, customer, subscription)
    if found is None:
        message = (
            "There is no `default_payment_method` set on this Customer or Invoice. Please set a "
            "`default_payment_method` to pay this Invoice or pass a `payment_method`."
        )
        raise invalid(message, None, "invoice_no_payment_method_types")
    return found


def void(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/invoices/:id/void."""
    return invoices.void(desk, desk.get("invoice", name, in_path=True))


def preview(desk: Desk, params: Doc) -> Doc:
    """POST /v1/invoices/create_preview: what would be billed; nothing is stored."""
    if params.get("subscription"):
        subscription = desk.get("subscription", params["subscription"], "subscription")
        if params.get("customer") not in (None, subscription["customer"]):
            raise invalid("The subscription is another customer's.", "customer")
        return _of_change(desk, copy.deepcopy(subscription), params)
    return _of_beginning(desk, params)


def _of_change(desk: Desk, subscription: Doc, params: Doc) -> Doc:
    if subscription["status"] in subscriptions.OVER:
        raise invalid("No upcoming invoices for a canceled subscription.", None,
                      "invoice_upcoming_none")  # fmt: skip
    details = params.get("subscription_details") or {}
    ends = details.get("cancel_at_period_end", subscription["cancel_at_period_end"])
    if not details.get("items"):
        if ends:
            message = f"No upcoming invoices for subscription: {subscription['id']}"
            raise invalid(message, None, "invoice_upcoming_none")
        return renewals.upcoming(desk, subscription)
    changed, at_once = changing.replace_items(desk, subscription, details)
    subscription["_pending"] += changed
    if at_once or details.get("proration_behavior") == "always_invoice":
        customer = desk.get("customer", subscription["customer"])
        taken = subscription["_pending"]
        return invoices.preview_of(changing.change_invoice(desk, subscription, customer, taken))
    return renewals.upcoming(desk, subscription)


def _of_beginning(desk: Desk, params: Doc) -> Doc:
    details = params.get("subscription_details") or {}
    if not params.get("customer"):
        raise required("customer")
    customer = desk.get("customer", params["customer"], "customer")
    if not details.get("items"):
        raise invalid(f"No upcoming invoices for customer: {customer['id']}", None,
                      "invoice_upcoming_none")  # fmt: skip
    wanted = [
        (catalogue.of_request(desk, one, f"subscription_details[items][{at}]"),
         one.get("quantity", 1))
        for at, one in enumerate(details["items"])
    ]  # fmt: skip
    taxed = bool((params.get("automatic_tax") or {}).get("enabled"))
    subscription = subscriptions.new(desk, customer, wanted, metadata={}, taxed=taxed)
    invoice = subscriptions.first_invoice(desk, subscription, customer)
    return invoices.preview_of(invoice)


def list_payments(desk: Desk, params: Doc) -> Doc:
    """GET /v1/invoice_payments: how an invoice is found by its payment intent."""
    tests: list[Test] = equal(params, "invoice", "status")
    intent = (params.get("payment") or {}).get("payment_intent")
    if intent:
        tests.append(("payment.payment_intent", "=", intent))
    return listed(desk, "invoice_payment", params, tests, url="/v1/invoice_payments")


def retrieve_payment(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/invoice_payments/:id."""
    return desk.get("invoice_payment", name, in_path=True)
