"""Payments while the customer is away, and intents step by step."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.payments_sandbox.service import Payments, unknown_fields


def charge(payments: Payments, customer: stripe.Customer, **more: Any) -> stripe.PaymentIntent:
    """A top-up of $20 with the saved card."""
    assert customer.invoice_settings is not None
    method = str(customer.invoice_settings.default_payment_method)
    params = {
        "amount": 2000, "currency": "usd", "customer": customer.id, "payment_method": method,
        "off_session": True, "confirm": True, **more,
    }  # fmt: skip
    return payments.v1.payment_intents.create(params)


def test_a_saved_card_is_charged(payments: Payments) -> None:
    intent = charge(
        payments,
        payments.customer("pm_card_visa"),
        metadata={"top_up": "9"},
        expand=["latest_charge.balance_transaction"],
    )
    assert unknown_fields(intent) == []
    assert (intent.status, intent.amount_received, intent.metadata["top_up"]) == (
        "succeeded", 2000, "9",
    )  # fmt: skip
    taken = intent.latest_charge
    assert isinstance(taken, stripe.Charge)
    entry = taken.balance_transaction
    assert isinstance(entry, stripe.BalanceTransaction)
    assert (entry.amount, entry.fee, entry.net, entry.status) == (2000, 88, 1912, "pending")
    # The event of the success does not know the fee yet: the charge is booked after it.
    (told,) = payments.v1.events.list({"type": "charge.succeeded", "limit": 1})
    assert told.data.object.to_dict()["balance_transaction"] is None
    (booked,) = payments.v1.events.list({"type": "charge.updated", "limit": 1})
    assert booked.data.object.to_dict()["balance_transaction"] == entry.id
    payments.advance(days=2)
    assert payments.v1.balance_transactions.retrieve(entry.id).status == "available"


@pytest.mark.parametrize(
    ("token", "code", "decline"),
    [
        ("pm_card_chargeCustomerFail", "card_declined", "generic_decline"),
        ("pm_card_authenticationRequired", "authentication_required", "authentication_required"),
        (
            "pm_card_authenticationRequiredOnSetup",
            "authentication_required",
            "authentication_required",
        ),
    ],
)
def test_a_refusal_has_the_intent_in_it(
    payments: Payments, token: str, code: str, decline: str
) -> None:
    with pytest.raises(stripe.CardError) as refused:
        charge(payments, payments.customer(token))
    error = refused.value
    assert (error.http_status, error.code) == (402, code)
    assert error.error is not None
    assert error.error.decline_code == decline
    assert error.error.payment_intent is not None
    assert error.error.charge is not None
    kept = payments.v1.payment_intents.retrieve(error.error.payment_intent.id)
    assert (kept.status, kept.payment_method) == ("requires_payment_method", None)
    assert payments.events(kept.id) == ["payment_intent.created", "payment_intent.payment_failed"]


def test_a_card_that_cannot_be_saved_is_not(payments: Payments) -> None:
    ada = payments.customer()
    with pytest.raises(stripe.CardError):
        payments.v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": ada.id})
    assert payments.v1.payment_methods.list({"customer": ada.id}).data == []


def test_a_card_that_was_set_up_asks_no_more(payments: Payments) -> None:
    ada = payments.customer()
    session = payments.session("setup", customer=ada.id, currency="usd")
    payments.bank(payments.pay(str(session.url), "4000002500003155"), "complete")
    (method,) = payments.v1.customers.payment_methods.list(ada.id)
    intent = payments.v1.payment_intents.create(
        {
            "amount": 900,
            "currency": "usd",
            "customer": ada.id,
            "payment_method": method.id,
            "off_session": True,
            "confirm": True,
        }
    )
    assert intent.status == "succeeded"


def test_an_intent_goes_step_by_step(payments: Payments) -> None:
    intents = payments.v1.payment_intents
    intent = intents.create({"amount": 700, "currency": "usd"})
    assert intent.status == "requires_payment_method"
    intent = intents.update(intent.id, {"amount": 800, "payment_method": "pm_card_visa"})
    assert (intent.status, intent.amount) == ("requires_confirmation", 800)
    assert intents.confirm(intent.id).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        intents.cancel(intent.id)
    assert refused.value.code == "payment_intent_unexpected_state"
    other = intents.create({"amount": 700, "currency": "usd"})
    other = intents.cancel(other.id, {"cancellation_reason": "abandoned"})
    assert (other.status, other.cancellation_reason) == ("canceled", "abandoned")


def test_the_customer_comes_back_from_the_bank(payments: Payments) -> None:
    intent = payments.v1.payment_intents.create(
        {
            "amount": 700,
            "currency": "usd",
            "payment_method": "pm_card_authenticationRequired",
            "confirm": True,
            "return_url": "http://127.0.0.1:1/back?a=1",
        }
    )
    assert intent.status == "requires_action"
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    answer = payments.http.post(
        str(intent.next_action.redirect_to_url.url), data={"answer": "complete"}
    )
    assert answer.headers["location"] == (
        f"http://127.0.0.1:1/back?a=1&payment_intent={intent.id}"
        f"&payment_intent_client_secret={intent.client_secret}&redirect_status=succeeded"
    )
    assert payments.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_whose_card_it_is_matters(payments: Payments) -> None:
    ada, bob = payments.customer("pm_card_visa"), payments.customer()
    assert ada.invoice_settings is not None
    card = str(ada.invoice_settings.default_payment_method)
    wrong: list[dict[str, Any]] = [{}, {"customer": bob.id}]
    for whose in wrong:
        with pytest.raises(stripe.InvalidRequestError):
            payments.v1.payment_intents.create(
                {"amount": 700, "currency": "usd", "payment_method": card, **whose}
            )
    payments.v1.payment_methods.detach(card)
    again = payments.v1.customers.retrieve(ada.id)
    assert again.invoice_settings is not None
    assert again.invoice_settings.default_payment_method is None
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        payments.v1.payment_methods.attach(card, {"customer": bob.id})
