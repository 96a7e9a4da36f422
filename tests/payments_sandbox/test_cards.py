"""Stripe's test cards, by number on the hosted page, and the bank's 3-D Secure question."""

from __future__ import annotations

import pytest
import stripe

from tests.payments_sandbox.service import HERE, PAYS, Payments, unknown_fields


@pytest.mark.parametrize(
    ("number", "code", "decline"),
    [
        ("4000000000000002", "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000000069", "expired_card", None),
        ("4000000000000127", "incorrect_cvc", None),
        ("4000 0000 0000 0341", "card_declined", "generic_decline"),
    ],
)
def test_a_refused_card_leaves_the_session_open(
    payments: Payments, number: str, code: str, decline: str | None
) -> None:
    session = payments.session(customer_creation="always")
    answer = payments.pay(str(session.url), number)
    assert (answer.status_code, 'role="alert"' in answer.text) == (402, True)
    seen = payments.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    intent = seen.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert (seen.status, intent.status) == ("open", "requires_payment_method")
    assert unknown_fields(intent) == []
    assert intent.last_payment_error is not None
    error = intent.last_payment_error.to_dict()
    assert (error["code"], error.get("decline_code")) == (code, decline)
    charge = payments.v1.charges.retrieve(str(intent.latest_charge))
    assert (charge.status, charge.failure_code, charge.balance_transaction) == (
        "failed", code, None,
    )  # fmt: skip
    payments.pay(str(session.url), PAYS)
    done = payments.v1.checkout.sessions.retrieve(session.id)
    assert (done.payment_status, done.payment_intent) == ("paid", intent.id)
    assert payments.events(intent.id) == [
        "payment_intent.created", "payment_intent.payment_failed", "payment_intent.succeeded",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"number": "4242424242424241"}, "card number is incorrect"),
        ({"number": "4012888888881881"}, "non test card"),
        ({"expiry": "13/30"}, "expiration month is invalid"),
        ({"expiry": "01/20"}, "expiration year is invalid"),
        ({"cvc": "12"}, "security code is invalid"),
        ({"email": "nobody"}, "email is incomplete"),
        ({"name": " "}, "name on the card"),
        ({"country": ""}, "Choose a country"),
    ],
)
def test_a_slip_of_the_pen_is_told(payments: Payments, fields: dict[str, str], words: str) -> None:
    session = payments.session()
    answer = payments.pay(str(session.url), **fields)
    assert (answer.status_code, words in answer.text) == (402, True)
    assert payments.v1.checkout.sessions.retrieve(session.id).payment_intent is None


@pytest.mark.parametrize("number", ["4000002500003155", "4000002760003184"])
def test_the_bank_asks_and_hears_yes_or_no(payments: Payments, number: str) -> None:
    session = payments.session()
    refused = payments.bank(payments.pay(str(session.url), number), "fail")
    assert refused.headers["location"].startswith(str(session.url))
    assert "did not confirm" in payments.http.get(refused.headers["location"]).text
    seen = payments.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert isinstance(seen.payment_intent, stripe.PaymentIntent)
    assert seen.payment_intent.last_payment_error is not None
    assert seen.payment_intent.last_payment_error.code == "payment_intent_authentication_failure"

    done = payments.bank(payments.pay(str(session.url), number), "complete")
    assert done.headers["location"] == f"{HERE}/done?session={session.id}"
    intent = payments.v1.payment_intents.retrieve(
        seen.payment_intent.id, {"expand": ["latest_charge"]}
    )
    assert isinstance(intent.latest_charge, stripe.Charge)
    details = intent.latest_charge.payment_method_details
    assert details is not None
    assert details.card is not None
    assert details.card.three_d_secure is not None
    assert details.card.three_d_secure.result == "authenticated"
    assert payments.events(intent.id) == [
        "payment_intent.created", "payment_intent.requires_action",
        "payment_intent.payment_failed", "payment_intent.requires_action",
        "payment_intent.succeeded",
    ]  # fmt: skip


def test_a_subscription_waits_for_the_bank(payments: Payments) -> None:
    price = payments.price(1500)
    session = payments.session("subscription", line_items=[{"price": price, "quantity": 1}])
    asked = payments.pay(str(session.url), "4000002500003155")
    intent = payments.v1.payment_intents.retrieve(asked.headers["location"].rpartition("/")[2])
    (begun,) = payments.v1.subscriptions.list({"customer": str(intent.customer), "status": "all"})
    assert begun.status == "incomplete"
    payments.bank(asked, "complete")
    done = payments.v1.checkout.sessions.retrieve(session.id)
    assert (done.status, done.subscription) == ("complete", begun.id)
    assert payments.v1.subscriptions.retrieve(begun.id).status == "active"
    # It was set up for later, so the renewal asks nobody.
    payments.advance(days=32)
    latest = payments.v1.subscriptions.retrieve(begun.id, {"expand": ["latest_invoice"]})
    assert isinstance(latest.latest_invoice, stripe.Invoice)
    assert (latest.latest_invoice.billing_reason, latest.latest_invoice.status) == (
        "subscription_cycle", "paid",
    )  # fmt: skip


def test_what_nobody_confirms_ends_with_its_session(payments: Payments) -> None:
    price = payments.price(1500)
    session = payments.session("subscription", line_items=[{"price": price, "quantity": 1}])
    asked = payments.pay(str(session.url), "4000002760003184")
    intent = payments.v1.payment_intents.retrieve(asked.headers["location"].rpartition("/")[2])
    payments.advance(days=1.1)
    assert payments.v1.checkout.sessions.retrieve(session.id).status == "expired"
    (begun,) = payments.v1.subscriptions.list({"customer": str(intent.customer), "status": "all"})
    assert begun.status == "incomplete_expired"
    assert payments.v1.invoices.retrieve(str(begun.latest_invoice)).status == "void"
    assert payments.v1.payment_intents.retrieve(intent.id).status == "canceled"
    assert "waits for nobody" in payments.http.get(asked.headers["location"]).text
