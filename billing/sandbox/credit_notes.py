"""Credit notes: the paper for money of a paid invoice that went back."""

from __future__ import annotations

from collections.abc import Sequence

from billing.sandbox.desk import Desk
from billing.sandbox.errors import invalid
from billing.sandbox.forms import MAP, listing, merged, shape
from billing.sandbox.refunds import money
from billing.sandbox.store import Doc
from billing.sandbox.views import equal, listed

REASONS = ("duplicate", "fraudulent", "order_change", "product_unsatisfactory")
_REFUND = shape("refund", refund=str, amount_refunded=int)
CREATE = shape(
    "invoice", "amount", invoice=str, amount=int, refunds=[_REFUND], out_of_band_amount=int,
    reason=REASONS, memo=str, metadata=MAP, email_type=("credit_note", "none"),
)  # fmt: skip
LIST = listing(customer=str, invoice=str)


def create(desk: Desk, params: Doc) -> Doc:
    """POST /v1/credit_notes. Raises Refused when so much was not paid, or not paid back."""
    invoice = desk.get("invoice", params["invoice"], "invoice")
    if invoice["status"] != "paid":
        message = f"The sandbox writes credit notes for paid invoices: {invoice['status']}."
        raise invalid(message, "invoice")
    amount, linked = params["amount"], _linked(desk, invoice, params.get("refunds") or [])
    _check(desk, invoice, amount, linked, params.get("out_of_band_amount") or 0)
    before = desk.store.find("credit_note", ("invoice", "=", invoice["id"]))
    note = desk.new("credit_note", **_sums(desk, invoice, amount), **_facts(invoice))
    note.update(
        memo=params.get("memo"), metadata=merged(None, params.get("metadata")),
        number=f"{invoice['number']}-CN-{len(before) + 1:02}",
        out_of_band_amount=params.get("out_of_band_amount"),
        pdf=f"{desk.settings.public_url}/credit_notes/{note['id']}/pdf",
        reason=params.get("reason"), refunds=linked, effective_at=desk.now(),
    )  # fmt: skip
    note["lines"]["url"] = f"/v1/credit_notes/{note['id']}/lines"
    invoice["post_payment_credit_notes_amount"] += amount
    desk.save(invoice, "invoice.updated")
    return desk.save(note, "credit_note.created")


def _linked(desk: Desk, invoice: Doc, given: Sequence[Doc]) -> list[Doc]:
    """The refunds as a note has them. Raises Refused for another invoice's, or too much of one."""
    found = []
    for at, one in enumerate(given):
        param = f"refunds[{at}]"
        refund = desk.get("refund", one["refund"], f"{param}[refund]")
        if refund["payment_intent"] != invoice.get("_intent"):
            raise invalid("The refund is not of this invoice's payment.", f"{param}[refund]")
        left = refund["amount"] - _noted(desk, invoice, refund["id"])
        amount = one.get("amount_refunded", left)
        if refund["status"] == "failed" or not 0 < amount <= left:
            message = f"Of refund {refund['id']} {money(left)} can be noted."
            raise invalid(message, f"{param}[amount_refunded]")
        found.append({"amount_refunded": amount, "payment_record_refund": None,
                      "refund": refund["id"], "type": "refund"})  # fmt: skip
    return found


def _noted(desk: Desk, invoice: Doc, refund: str | None = None) -> int:
    """Cents of the invoice's notes that link refunds, or that one."""
    notes = desk.store.find("credit_note", ("invoice", "=", invoice["id"]))
    links = (link for note in notes for link in note["refunds"])
    return sum(link["amount_refunded"] for link in links if refund in (None, link["refund"]))


def _check(desk: Desk, invoice: Doc, amount: int, linked: Sequence[Doc], outside: int) -> None:
    if amount < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    here = sum(link["amount_refunded"] for link in linked)
    if here + outside != amount:
        message = (
            f"The sum of refunds and out of band amount ({money(here + outside)}) must equal the "
            f"credit note amount ({money(amount)})."
        )
        raise invalid(message)
    intent = desk.store.get(invoice.get("_intent") or "")
    charge = desk.store.get(intent["latest_charge"]) if intent else None
    refunded = charge["amount_refunded"] if charge else 0
    # What went back without a note cannot be noted a second time.
    unlinked = refunded - _noted(desk, invoice) - here
    left = invoice["amount_paid"] - invoice["post_payment_credit_notes_amount"] - unlinked
    if amount > left:
        message = f"The credit note amount ({money(amount)}) is greater than {money(left)}."
        raise invalid(message, "amount")


def _sums(desk: Desk, invoice: Doc, amount: int) -> Doc:
    """Its lines and taxes: the invoice's, in proportion; the last one closes the gap."""
    whole = invoice["total"]
    taxes = [
        {**tax, "amount": tax["amount"] * amount // whole,
         "taxable_amount": tax["taxable_amount"] * amount // whole}
        for tax in invoice["total_taxes"]
    ]  # fmt: skip
    net = amount - sum(tax["amount"] for tax in taxes)
    sold, lines, given = invoice["lines"]["data"], [], 0
    for at, line in enumerate(sold):
        part = net - given if at == len(sold) - 1 else line["amount"] * net // invoice["subtotal"]
        given += part
        lines.append(_line(desk, line, part))
    return {
        "amount": amount, "post_payment_amount": amount, "total": amount, "subtotal": net,
        "subtotal_excluding_tax": net, "total_excluding_tax": net, "total_taxes": taxes,
        "lines": {"object": "list", "data": lines, "has_more": False},
    }  # fmt: skip


def _line(desk: Desk, sold: Doc, amount: int) -> Doc:
    doc = desk.new(
        "credit_note_line_item", amount=amount, description=sold["description"],
        discount_amount=0, discount_amounts=[], invoice_line_item=sold["id"], metadata={},
        pretax_credit_amounts=[], quantity=None, tax_rates=[], taxes=[], type="invoice_line_item",
        unit_amount=None, unit_amount_decimal=None,
    )  # fmt: skip
    del doc["created"]
    return doc


def _facts(invoice: Doc) -> Doc:
    return {
        "amount_shipping": 0, "currency": invoice["currency"], "customer": invoice["customer"],
        "customer_balance_transaction": None, "discount_amount": 0, "discount_amounts": [],
        "invoice": invoice["id"], "pre_payment_amount": 0,
        "pretax_credit_amounts": [], "shipping_cost": None, "status": "issued",
        "type": "post_payment", "voided_at": None,
    }  # fmt: skip


def retrieve(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/credit_notes/:id."""
    return desk.get("credit_note", name, in_path=True)


def listing_of(desk: Desk, params: Doc) -> Doc:
    """GET /v1/credit_notes."""
    tests = equal(params, "customer", "invoice")
    return listed(desk, "credit_note", params, tests, url="/v1/credit_notes")
