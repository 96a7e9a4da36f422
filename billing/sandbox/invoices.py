"""Invoices: lines become an amount, a number, a payment; and what is told on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from billing.sandbox import amounts, customers, intents
from billing.sandbox.desk import Desk, public
from billing.sandbox.errors import Declined, invalid
from billing.sandbox.store import Doc

_DESCRIPTIONS = {
    "subscription_create": "Subscription creation",
    "subscription_cycle": "Subscription update",
    "subscription_update": "Subscription update",
    "manual": "Payment for Invoice",
}


def line(
    desk: Desk, price: Doc, quantity: int, amount: int, *, period: tuple[int, int],
    description: str, item: Doc | None = None, subscription: str | None = None,
    proration: bool = False,
) -> Doc:  # fmt: skip
    """A line of an invoice; a proration is never discounted again when it gives back."""
    parent = item and {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": None, "proration": proration,
            "proration_details": {"credited_items": None}, "subscription": subscription,
            "subscription_item": item["id"],
        },
        "type": "subscription_item_details",
    }  # fmt: skip
    doc = desk.new(
        "line_item", amount=amount, currency=price["currency"], description=description,
        discount_amounts=[], discountable=amount > 0, discounts=[], invoice=None, metadata={},
        parent=parent, period={"start": period[0], "end": period[1]}, pretax_credit_amounts=[],
        pricing={"price_details": {"price": price["id"], "product": price["product"]},
                 "type": "price_details", "unit_amount_decimal": price["unit_amount_decimal"]},
        quantity=quantity, quantity_decimal=str(quantity), subscription=subscription,
        subtotal=amount, taxes=[], _inclusive=price["tax_behavior"] == "inclusive",
    )  # fmt: skip
    del doc["created"]
    return doc


def build(
    desk: Desk, customer: Doc, lines: Sequence[Doc], *, reason: str, money: str,
    period: tuple[int, int] | None = None, subscription: Doc | None = None,
    discounts: Sequence[Doc] = (), taxed: bool = False, **fields: Any,
) -> Doc:  # fmt: skip
    """An invoice of these lines, a draft that is stored nowhere."""
    tax = tax_of(desk, customer, enabled=taxed)
    given = [desk.store.get(one["source"]["coupon"]) or {} for one in discounts]
    reckoned = amounts.reckon(
        [
            amounts.Line(
                one["amount"], one["_inclusive"], one["discountable"],
                one["pricing"]["price_details"]["product"],
            )
            for one in lines
        ],
        given,
        tax,
    )  # fmt: skip
    start, end = period or (desk.now(), desk.now())
    invoice = desk.new("invoice", **_blank(), **_customer_facts(desk, customer))
    for doc, sums in zip(lines, reckoned, strict=True):
        doc["invoice"] = invoice["id"]
        doc["taxes"] = amounts.taxes_of([sums], tax)
        doc["discount_amounts"] = [
            {"amount": off, "discount": one["id"]}
            for one, off in zip(discounts, sums.discounts, strict=True)
        ]
    status = "complete" if taxed else None
    invoice.update(
        automatic_tax={"disabled_reason": None, "enabled": taxed, "liability":
                       {"type": "self"} if taxed else None, "provider": "stripe" if taxed else None,
                       "status": status},
        billing_reason=reason, currency=money, description=None,
        discounts=[one["id"] for one in discounts],
        lines={"object": "list", "data": list(lines), "has_more": False,
               "url": f"/v1/invoices/{invoice['id']}/lines"},
        period_start=start, period_end=end,
        parent=subscription and {
            "quote_details": None,
            "subscription_details": {"metadata": dict(subscription["metadata"]),
                                     "subscription": subscription["id"]},
            "type": "subscription_details",
        },
        _subscription=subscription and subscription["id"],
    )  # fmt: skip
    invoice.update(_sums(reckoned, discounts, tax))
    invoice.update(fields)
    _apply_balance(invoice, customer)
    return invoice


def rebuild(desk: Desk, invoice: Doc, customer: Doc, lines: Sequence[Doc]) -> None:
    """A draft with other lines: what follows from them is reckoned anew."""
    taxed = invoice["automatic_tax"]["enabled"]
    again = build(
        desk, customer, lines, reason=invoice["billing_reason"], money=invoice["currency"],
        taxed=taxed,
    )  # fmt: skip
    for one in lines:
        one["invoice"] = invoice["id"]
    again["lines"]["url"] = invoice["lines"]["url"]
    names = ("lines", "subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax",
             "total_discount_amounts", "total_taxes", "starting_balance", "_balance_after",
             "amount_due", "amount_remaining")  # fmt: skip
    invoice.update({name: again[name] for name in names})


def _sums(lines: Sequence[amounts.Line], discounts: Sequence[Doc], tax: Any) -> Doc:
    total = sum(one.total for one in lines)
    extra = sum(one.tax for one in lines)
    offs = [
        {"amount": sum(one.discounts[at] for one in lines), "discount": doc["id"]}
        for at, doc in enumerate(discounts)
    ]
    return {
        "subtotal": sum(one.amount for one in lines),
        "subtotal_excluding_tax": sum(
            one.amount - (one.tax if one.inclusive else 0) for one in lines
        ),
        "total": total,
        "total_excluding_tax": total - extra,
        "total_discount_amounts": offs,
        "total_taxes": amounts.taxes_of(lines, tax),
    }


def tax_of(desk: Desk, customer: Doc, *, enabled: bool) -> amounts.Tax | None:
    """The tax of a customer's invoices."""
    country = (customer["address"] or {}).get("country")
    known = customers.has_vat_id(desk, customer)
    return amounts.tax_for(country, has_vat_id=known, enabled=enabled)


def _apply_balance(invoice: Doc, customer: Doc) -> None:
    """Credit of the customer is used up first; an invoice below zero becomes credit."""
    balance, total = customer["balance"] or 0, invoice["total"]
    used = min(-balance, total) if balance < 0 < total else min(total, 0)
    due = max(total - used, 0) if total > 0 else 0
    invoice.update(
        starting_balance=balance, _balance_after=balance + used, amount_due=due,
        amount_remaining=due, ending_balance=None,
    )  # fmt: skip


def _blank() -> Doc:
    return {
        "account_country": "US", "account_name": "Payments sandbox", "account_tax_ids": None,
        "amount_overpaid": 0, "amount_paid": 0, "amount_paid_off_stripe": 0, "amount_shipping": 0,
        "application": None, "attempt_count": 0, "attempted": False, "auto_advance": True,
        "automatically_finalizes_at": None, "collection_method": "charge_automatically",
        "custom_fields": None, "default_payment_method": None, "default_source": None,
        "default_tax_rates": [], "due_date": None, "effective_at": None, "footer": None,
        "from_invoice": None, "hosted_invoice_url": None, "invoice_pdf": None,
        "issuer": {"type": "self"}, "last_finalization_error": None, "latest_revision": None,
        "metadata": {}, "next_payment_attempt": None, "number": None, "on_behalf_of": None,
        "payment_settings": {"default_mandate": None, "payment_method_options": None,
                             "payment_method_types": None},
        "post_payment_credit_notes_amount": 0, "pre_payment_credit_notes_amount": 0,
        "receipt_number": None, "rendering": None, "shipping_cost": None, "shipping_details": None,
        "statement_descriptor": None, "status": "draft",
        "status_transitions": {"finalized_at": None, "marked_uncollectible_at": None,
                               "paid_at": None, "voided_at": None},
        "test_clock": None, "threshold_reason": None, "total_pretax_credit_amounts": [],
        "webhooks_delivered_at": None,
    }  # fmt: skip


def _customer_facts(desk: Desk, customer: Doc) -> Doc:
    return {
        "customer": customer["id"], "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["business_name"] or customer["name"],
        "customer_phone": customer["phone"], "customer_shipping": None,
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": [{"type": tax_id["type"], "value": tax_id["value"]}
                             for tax_id in customers.tax_ids(desk, customer)],
    }  # fmt: skip


def draft(desk: Desk, invoice: Doc, finalizes_at: int | None = None) -> Doc:
    """Store a built invoice as a draft; it finalizes itself then, if a time is given."""
    invoice["automatically_finalizes_at"] = finalizes_at
    return desk.save(invoice, "invoice.created")


def finalize(desk: Desk, invoice: Doc, intent: Doc | None = None) -> Doc:
    """It gets its number and, if there is something to pay, its payment intent; else it is paid.

    `intent`: one that was there before, and pays it.
    """
    customer = desk.get("customer", invoice["customer"])
    number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04}"
    customer["next_invoice_sequence"] += 1
    customer["balance"] = invoice["_balance_after"]
    desk.save(customer, "customer.updated")
    page = f"{desk.settings.public_url}/invoices/{invoice['id']}"
    invoice.update(
        status="open", number=number, effective_at=desk.now(), ending_balance=customer["balance"],
        automatically_finalizes_at=None, hosted_invoice_url=page, invoice_pdf=f"{page}/pdf",
    )  # fmt: skip
    invoice["status_transitions"]["finalized_at"] = desk.now()
    if invoice["amount_due"]:
        _open_payment(desk, invoice, customer, intent)
    desk.store.put(invoice)
    desk.emit("invoice.finalized", invoice)
    if not invoice["amount_due"]:
        mark_paid(desk, invoice)
    return invoice


def _open_payment(desk: Desk, invoice: Doc, customer: Doc, intent: Doc | None) -> None:
    intent = intent or intents.new(
        desk, invoice["amount_due"], invoice["currency"], customer=customer["id"],
        setup_future_usage="off_session" if invoice["_subscription"] else None,
        receipt_email=customer["email"], _invoice=invoice["id"],
        description=_DESCRIPTIONS[invoice["billing_reason"]],
    )  # fmt: skip
    invoice["_intent"] = intent["id"]
    desk.save(
        desk.new(
            "invoice_payment", amount_paid=None, amount_requested=invoice["amount_due"],
            currency=invoice["currency"], invoice=invoice["id"], is_default=True,
            payment={"payment_intent": intent["id"], "type": "payment_intent"}, status="open",
            status_transitions={"canceled_at": None, "paid_at": None},
        )
    )  # fmt: skip


def pay(desk: Desk, invoice: Doc, method: Doc) -> bool:
    """Try to take its money; whether it is paid, else its customer is asked. Raises Declined."""
    intent = desk.get("payment_intent", invoice["_intent"])
    invoice.update(attempted=True, attempt_count=invoice["attempt_count"] + 1)
    try:
        intents.attempt(desk, intent, method, off_session=False)
    except Declined:
        desk.store.put(invoice)
        raise
    if intent["status"] == "succeeded":
        mark_paid(desk, invoice)
        return True
    desk.store.put(invoice)
    desk.emit("invoice.payment_action_required", invoice)
    return False


def mark_paid(desk: Desk, invoice: Doc) -> None:
    """Its money is there, or there was none to pay."""
    due = invoice["amount_due"]
    invoice.update(
        status="paid", amount_paid=due, amount_remaining=0, next_payment_attempt=None,
        attempted=True, auto_advance=False,
    )  # fmt: skip
    invoice["status_transitions"]["paid_at"] = desk.now()
    desk.store.put(invoice)
    for payment in desk.store.find("invoice_payment", ("invoice", "=", invoice["id"])):
        payment.update(status="paid", amount_paid=payment["amount_requested"])
        payment["status_transitions"]["paid_at"] = desk.now()
        desk.store.put(payment)
        desk.emit("invoice_payment.paid", payment)
    desk.emit("invoice.paid", invoice)
    desk.emit("invoice.payment_succeeded", invoice)


def void(desk: Desk, invoice: Doc) -> Doc:
    """Nobody is to pay it any more. Raises Refused for one that is no open invoice."""
    if invoice["status"] != "open":
        message = f"You can only void open invoices. This invoice is {invoice['status']}."
        raise invalid(message, None, "invoice_not_editable")
    intent = desk.store.get(invoice.get("_intent") or "")
    if intent is not None and intent["status"] != "canceled":
        intents.void(desk, intent, "void_invoice")
    for payment in desk.store.find("invoice_payment", ("invoice", "=", invoice["id"])):
        payment["status"] = "canceled"
        payment["status_transitions"]["canceled_at"] = desk.now()
        desk.store.put(payment)
    invoice.update(status="void", next_payment_attempt=None, auto_advance=False)
    invoice["status_transitions"]["voided_at"] = desk.now()
    desk.store.put(invoice)
    desk.emit("invoice.voided", invoice)
    return invoice


def preview_of(invoice: Doc) -> Doc:
    """A built invoice as previews have it."""
    found: Doc = public(invoice)
    found["id"] = f"upcoming_{invoice['id']}"
    for one in found["lines"]["data"]:
        one["invoice"] = found["id"]
    return found


def discounts_of(desk: Desk, names: Sequence[str]) -> list[Doc]:
    """The discounts that still take something off."""
    found = [desk.store.get(name) for name in names]
    return [one for one in found if one and (one["end"] is None or one["end"] > desk.now())]


def billed(invoice: Doc) -> dict[str, int]:
    """What whole periods of items came to on an invoice, less discounts, by the item's id."""
    found = {}
    for one in invoice["lines"]["data"]:
        of = (one["parent"] or {}).get("subscription_item_details")
        if of and not of["proration"]:
            off = sum(entry["amount"] for entry in one["discount_amounts"])
            found[of["subscription_item"]] = one["amount"] - off
    return found
