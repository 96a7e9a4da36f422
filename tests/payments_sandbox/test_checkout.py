"""Checkout: a session, its hosted page, and what is there when somebody has paid."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.payments_sandbox.service import HERE, PAYS, Payments, unknown_fields


def test_a_pack_is_bought(payments: Payments) -> None:
    session = payments.session(
        amount=2500,
        client_reference_id="order-1",
        metadata={"order": "1"},
        customer_creation="always",
        payment_intent_data={"metadata": {"order": "1"}, "setup_future_usage": "off_session"},
    )
    assert (session.status, session.payment_status, session.payment_intent) == (
        "open", "unpaid", None,
    )  # fmt: skip
    page = payments.http.get(str(session.url))
    assert "SANDBOX: no money moves" in page.text
    assert "$25.00" in page.text
    assert page.headers["x-sandbox"] == "true"

    answer = payments.pay(str(session.url))
    assert answer.headers["location"] == f"{HERE}/done?session={session.id}"
    done = payments.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge", "line_items", "customer"]}
    )
    assert unknown_fields(done) == []
    assert (done.status, done.payment_status, done.amount_total) == ("complete", "paid", 2500)
    assert done.url is None
    assert done.customer_details is not None
    assert done.customer_details.email == "ada@example.org"
    assert isinstance(done.customer, stripe.Customer)
    intent = done.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert (intent.status, intent.amount_received, intent.metadata["order"]) == (
        "succeeded", 2500, "1",
    )  # fmt: skip
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert done.line_items is not None
    assert [(one.description, one.amount_total) for one in done.line_items.data] == [
        ("Credits", 2500)
    ]
    saved = payments.v1.customers.payment_methods.list(done.customer.id)
    assert [one.id for one in saved] == [intent.payment_method]
    assert "completed" in payments.http.get(f"/pay/{session.id}").text
    assert payments.events(session.id, intent.id, intent.latest_charge.id) == [
        "payment_intent.created", "charge.succeeded", "payment_intent.succeeded",
        "charge.updated", "checkout.session.completed",
    ]  # fmt: skip


def test_nobody_pays_twice_or_too_late(payments: Payments) -> None:
    session = payments.session()
    payments.pay(str(session.url))
    assert payments.pay(str(session.url)).status_code == 410
    with pytest.raises(stripe.InvalidRequestError, match="status of complete"):
        payments.v1.checkout.sessions.expire(session.id)
    late = payments.session()
    payments.advance(days=1.01)
    assert payments.v1.checkout.sessions.retrieve(late.id).status == "expired"
    assert payments.events(late.id) == ["checkout.session.expired"]
    assert payments.pay(f"/pay/{late.id}").status_code == 410
    early = payments.session()
    assert payments.v1.checkout.sessions.expire(early.id).status == "expired"


def test_a_promotion_code_takes_its_part_off(payments: Payments) -> None:
    coupon = payments.v1.coupons.create({"percent_off": 12.5, "duration": "once"})
    code = payments.v1.promotion_codes.create(
        {
            "promotion": {"type": "coupon", "coupon": coupon.id},
            "code": "Spring12",
            "max_redemptions": 1,
            "restrictions": {"first_time_transaction": True},
        }
    )
    session = payments.session(amount=999, allow_promotion_codes=True)
    wrong = payments.pay(str(session.url), promotion_code="autumn")
    assert (wrong.status_code, "This code is invalid." in wrong.text) == (402, True)
    seen = payments.http.post(
        str(session.url), data={"act": "update", "promotion_code": "spring12"}
    )
    assert (seen.status_code, "−$1.25" in seen.text, "$8.74" in seen.text) == (200, True, True)
    payments.pay(str(session.url), promotion_code="SPRING12")
    done = payments.v1.checkout.sessions.retrieve(session.id)
    assert (done.amount_subtotal, done.amount_total) == (999, 874)
    assert done.total_details is not None
    assert done.total_details.amount_discount == 125
    assert payments.v1.promotion_codes.retrieve(code.id).active is False
    assert payments.v1.coupons.retrieve(coupon.id).times_redeemed == 1
    other = payments.session(allow_promotion_codes=True)
    assert payments.pay(str(other.url), promotion_code="SPRING12").status_code == 402
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        payments.session(discounts=[{"promotion_code": code.id}])


def test_a_customer_with_a_past_is_no_first_time_buyer(payments: Payments) -> None:
    coupon = payments.v1.coupons.create({"amount_off": 300, "currency": "usd"})
    code = payments.v1.promotion_codes.create(
        {
            "promotion": {"type": "coupon", "coupon": coupon.id},
            "restrictions": {"first_time_transaction": True},
        }
    )
    ada = payments.customer()
    session = payments.session(customer=ada.id, discounts=[{"promotion_code": code.id}])
    payments.pay(str(session.url))
    assert payments.v1.checkout.sessions.retrieve(session.id).amount_total == 700
    with pytest.raises(stripe.InvalidRequestError) as refused:
        payments.session(customer=ada.id, discounts=[{"promotion_code": code.id}])
    assert refused.value.code == "customer_has_prior_transactions"


def test_a_company_buys_with_taxes_and_an_invoice(payments: Payments) -> None:
    def buy(**fields: str) -> stripe.Invoice:
        session = payments.session(
            amount=10_000,
            automatic_tax={"enabled": True},
            tax_id_collection={"enabled": True},
            invoice_creation={"enabled": True, "invoice_data": {"metadata": {"order": "7"}}},
        )
        payments.pay(str(session.url), country="DE", **fields)
        done = payments.v1.checkout.sessions.retrieve(session.id, {"expand": ["invoice"]})
        assert isinstance(done.invoice, stripe.Invoice)
        assert done.amount_total == done.invoice.total
        return done.invoice

    private = buy()
    assert (private.subtotal, private.total, private.status) == (10_000, 11_900, "paid")
    assert (private.billing_reason, dict(private.to_dict()["metadata"])) == (
        "manual",
        {"order": "7"},
    )
    company = buy(company="Zuse KG", vat="DE123456789")
    assert (company.total, company.customer_name) == (10_000, "Zuse KG")
    assert company.total_taxes is not None
    assert company.total_taxes[0].taxability_reason == "reverse_charge"
    assert company.customer_tax_ids is not None
    assert company.customer_tax_ids[0].value == "DE123456789"
    # What is known of a customer counts also where nothing is typed.
    known = payments.customer(
        address={"country": "FR"}, tax_id_data=[{"type": "eu_vat", "value": "FR12345678901"}]
    )
    session = payments.session(customer=known.id, automatic_tax={"enabled": True})
    payments.pay(str(session.url), country="DE")
    assert payments.v1.checkout.sessions.retrieve(session.id).amount_total == 1000
    page = payments.http.get(str(company.hosted_invoice_url)).text
    assert str(company.number) in page
    assert "reverse charge" in page
    pdf = payments.http.get(str(company.invoice_pdf))
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF-1.4")
    assert b"Zuse KG" in pdf.content
    _noted(payments, private)


def _noted(payments: Payments, invoice: stripe.Invoice) -> None:
    """Money of it goes back in two parts, with a paper for each, and no cent has two."""
    (paid,) = payments.v1.invoice_payments.list({"invoice": str(invoice.id)}).data
    intent = str(paid.payment.payment_intent)
    part = payments.v1.refunds.create({"payment_intent": intent, "amount": 1_190})
    wanted: Any = {"invoice": invoice.id, "amount": 1_190, "refunds": [{"refund": part.id}]}
    note = payments.v1.credit_notes.create(wanted)
    assert unknown_fields(note) == []
    assert (note.number, note.total, note.subtotal) == (f"{invoice.number}-CN-01", 1_190, 1_000)
    assert note.total_taxes is not None
    assert [(tax.amount, tax.taxable_amount) for tax in note.total_taxes] == [(190, 1_000)]
    paper = payments.http.get(note.pdf)
    assert paper.headers["content-type"] == "application/pdf"
    assert f"Credit note {note.number}".encode() in paper.content
    rest = payments.v1.refunds.create({"payment_intent": intent})
    for wrong, words in (
        ({"refunds": [{"refund": part.id}]}, "can be noted"),  # that one has its paper
        ({"refunds": [{"refund": rest.id}]}, "must equal"),
        ({"out_of_band_amount": 1_190}, "is greater than"),  # it went back by the card
        ({"invoice": "in_x", "out_of_band_amount": 1_190}, "No such invoice"),
    ):
        with pytest.raises(stripe.InvalidRequestError, match=words):
            payments.v1.credit_notes.create({**wanted, "refunds": [], **wrong})
    last = {**wanted, "amount": 10_710, "refunds": [{"refund": rest.id, "amount_refunded": 10_710}]}
    noted = payments.v1.credit_notes.create(last)
    listed = payments.v1.credit_notes.list({"invoice": str(invoice.id)}).data
    assert [one.id for one in listed] == [noted.id, note.id]
    after = payments.v1.invoices.retrieve(str(invoice.id))
    assert after.post_payment_credit_notes_amount == 11_900
    assert payments.events(note.id, noted.id) == ["credit_note.created"] * 2


def test_a_card_is_saved_without_paying(payments: Payments) -> None:
    ada = payments.customer()
    session = payments.session("setup", customer=ada.id, currency="usd")
    assert payments.pay(str(session.url), PAYS).status_code == 303
    done = payments.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
    assert isinstance(done.setup_intent, stripe.SetupIntent)
    assert (done.setup_intent.status, done.payment_status) == ("succeeded", "no_payment_required")
    method = payments.v1.payment_methods.retrieve(str(done.setup_intent.payment_method))
    assert (method.customer, method.card and method.card.last4) == (ada.id, "4242")


def test_a_subscription_begins_at_checkout(payments: Payments) -> None:
    price = payments.price(2000)
    session = payments.session(
        "subscription",
        line_items=[{"price": price, "quantity": 1}],
        subscription_data={"metadata": {"organisation": "o1"}},
    )
    assert payments.pay(str(session.url), "4000000000000002").status_code == 402
    payments.pay(str(session.url))
    done = payments.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    begun = done.subscription
    assert isinstance(begun, stripe.Subscription)
    assert (begun.status, begun.metadata["organisation"]) == ("active", "o1")
    assert begun.default_payment_method is not None
    assert payments.events(begun.id)[:2] == [
        "customer.subscription.created", "customer.subscription.updated",
    ]  # fmt: skip
    invoice = payments.v1.invoices.retrieve(str(done.invoice), {"expand": ["payments"]})
    assert unknown_fields(invoice) == []
    assert (invoice.billing_reason, invoice.amount_paid) == ("subscription_create", 2000)
    assert invoice.parent is not None
    assert invoice.parent.subscription_details is not None
    assert invoice.to_dict()["parent"]["subscription_details"]["metadata"] == {"organisation": "o1"}
    assert invoice.payments is not None
    intent = invoice.payments.data[0].payment.payment_intent
    found = payments.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": str(intent)}}
    )
    assert [one.invoice for one in found] == [invoice.id]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"payment_method_types": ["card"]}, "payment_method_types"),
        ({"line_items": [{"price": "price_none", "quantity": 1}]}, "line_items[0][price]"),
        ({"expires_at": 1}, "expires_at"),
        ({"customer": "cus_none"}, "customer"),
        ({"subscription_data": {"metadata": {}, "description": "x"}}, "subscription_data"),
    ],
)
def test_a_session_is_checked(payments: Payments, params: dict[str, object], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        payments.session(**params)
    assert (refused.value.http_status, refused.value.param) == (400, param)
