"""Invoices that a merchant writes by hand, and has paid from a saved card."""

from __future__ import annotations

import pytest
import stripe

from tests.payments_sandbox.service import Payments, unknown_fields


def test_a_draft_gets_items_a_number_and_is_paid_with_tax(payments: Payments) -> None:
    ada = payments.customer("pm_card_visa", address={"country": "DE"})
    draft = payments.v1.invoices.create(
        {"customer": ada.id, "auto_advance": False, "automatic_tax": {"enabled": True}}
    )
    assert (draft.status, draft.billing_reason, draft.amount_due) == ("draft", "manual", 0)
    for amount in (1000, 500):
        item = payments.v1.invoice_items.create(
            {"customer": ada.id, "invoice": draft.id, "amount": amount, "currency": "usd",
             "description": "Credits", "tax_behavior": "exclusive"}
        )  # fmt: skip
        assert unknown_fields(item) == []
    bound = payments.v1.invoices.finalize_invoice(draft.id)
    assert unknown_fields(bound) == []
    assert (bound.status, bound.subtotal, bound.total) == ("open", 1500, 1785)
    assert bound.number
    paid = payments.v1.invoices.pay(draft.id, {"off_session": True})
    assert (paid.status, paid.amount_paid) == ("paid", 1785)
    assert payments.events(draft.id) == [
        "invoice.created", "invoice.updated", "invoice.updated", "invoice.finalized",
        "invoice.paid", "invoice.payment_succeeded",
    ]  # fmt: skip
    late = {"customer": ada.id, "invoice": draft.id, "amount": 1, "currency": "usd"}
    with pytest.raises(stripe.InvalidRequestError, match="draft invoices"):
        payments.v1.invoice_items.create(late)
    with pytest.raises(stripe.InvalidRequestError, match="already finalized"):
        payments.v1.invoices.finalize_invoice(draft.id)
