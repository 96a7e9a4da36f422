"""Invoices that a merchant writes by hand: a draft, its items, its number."""

from __future__ import annotations

from billing.sandbox import catalogue, collecting, invoices, methods
from billing.sandbox.desk import Desk
from billing.sandbox.errors import invalid, required
from billing.sandbox.forms import MAP, merged, shape
from billing.sandbox.store import Doc

CREATE = shape(
    "customer", customer=str, currency=str, description=str, metadata=MAP, auto_advance=bool,
    automatic_tax=shape("enabled", enabled=bool), default_payment_method=str, footer=str,
    collection_method=("charge_automatically",),
    pending_invoice_items_behavior=("exclude", "include"),
)  # fmt: skip
ITEM_CREATE = shape(
    "customer", "invoice", customer=str, invoice=str, amount=int, currency=str, description=str,
    metadata=MAP, tax_behavior=catalogue.BEHAVIORS,
)  # fmt: skip
FINALIZE = shape(auto_advance=bool)
_REASON = "manual"


def create(desk: Desk, params: Doc) -> Doc:
    """POST /v1/invoices: an empty draft, until it is finalized (`auto_advance` false)."""
    customer = desk.get("customer", params["customer"], "customer")
    if params.get("auto_advance", True):
        raise invalid("The sandbox's own invoices take `auto_advance` false only.", "auto_advance")
    if method := params.get("default_payment_method"):
        methods.resolve(desk, method)
    invoice = invoices.build(
        desk, customer, [], reason=_REASON,
        money=catalogue.currency(params.get("currency") or "usd"),
        taxed=bool((params.get("automatic_tax") or {}).get("enabled")),
        auto_advance=False, default_payment_method=params.get("default_payment_method"),
        description=params.get("description"), footer=params.get("footer"),
        metadata=merged(None, params.get("metadata")),
    )  # fmt: skip
    return invoices.draft(desk, invoice)


def create_item(desk: Desk, params: Doc) -> Doc:
    """POST /v1/invoiceitems: one more line of a draft."""
    customer = desk.get("customer", params["customer"], "customer")
    invoice = desk.get("invoice", params["invoice"], "invoice")
    if invoice["customer"] != customer["id"]:
        raise invalid("The invoice is another customer's.", "invoice")
    if invoice["status"] != "draft":
        raise invalid("You can only add items to draft invoices.", "invoice")
    if params.get("amount") is None:
        raise required("amount")
    text = params.get("description") or "Item"
    price = catalogue.inline_price(
        desk,
        {
            "currency": params.get("currency") or invoice["currency"],
            "unit_amount": params["amount"],
            "tax_behavior": params.get("tax_behavior", "unspecified"),
            "product_data": {"name": text},
        },
    )
    now = desk.now()
    item = desk.new(
        "invoiceitem", amount=params["amount"], currency=price["currency"],
        customer=customer["id"], date=now, description=text, discountable=True, discounts=[],
        invoice=invoice["id"], metadata=merged(None, params.get("metadata")), parent=None,
        period={"start": now, "end": now}, proration=False, quantity=1, tax_rates=[],
        pricing={"price_details": {"price": price["id"], "product": price["product"]},
                 "type": "price_details", "unit_amount_decimal": price["unit_amount_decimal"]},
    )  # fmt: skip
    line = invoices.line(desk, price, 1, params["amount"], period=(now, now), description=text)
    line["parent"] = {
        "invoice_item_details": {
            "invoice_item": item["id"], "proration": False,
            "proration_details": {"credited_items": None}, "subscription": None,
        },
        "subscription_item_details": None,
        "type": "invoice_item_details",
    }  # fmt: skip
    invoices.rebuild(desk, invoice, customer, [*invoice["lines"]["data"], line])
    desk.save(invoice, "invoice.updated")
    del item["created"]  # it has `date`
    desk.store.put(item)
    desk.emit("invoiceitem.created", item)
    return item


def finalize(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/invoices/:id/finalize: it gets its number and can be paid."""
    invoice = desk.get("invoice", name, in_path=True)
    if invoice["status"] != "draft":
        message = "This invoice is already finalized, you can't re-finalize a non-draft invoice."
        raise invalid(message, None, "invoice_not_editable")
    invoices.finalize(desk, invoice)
    if invoice["status"] == "paid":
        collecting.after_payment(desk, invoice)
    return invoice
