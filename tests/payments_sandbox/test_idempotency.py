"""Idempotency keys, lost answers, and a kill in the middle."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import stripe

from tests.payments_sandbox.service import Payments
from tests.waiting import until


def headers_of(made: stripe.StripeObject) -> dict[str, str]:
    """The answer's headers, names in small letters."""
    assert made.last_response is not None
    return {name.lower(): value for name, value in (made.last_response.headers or {}).items()}


def test_the_first_answer_is_given_again(payments: Payments) -> None:
    params = {"email": "ada@example.org", "metadata": {"a": "1"}}
    key = {"idempotency_key": "k-replay"}
    first = payments.v1.customers.create(params, key)
    payments.v1.customers.update(first.id, {"email": "other@example.org"})
    again = payments.v1.customers.create(params, key)
    assert (again.id, again.email) == (first.id, "ada@example.org")
    assert "idempotent-replayed" not in headers_of(first)
    assert headers_of(again)["idempotent-replayed"] == "true"
    assert headers_of(again)["request-id"] != headers_of(first)["request-id"]


def test_a_key_is_for_one_thing(payments: Payments) -> None:
    key = {"idempotency_key": "k-other"}
    payments.v1.customers.create({"name": "Ada"}, key)
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        payments.v1.customers.create({"name": "Bob"}, key)
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        payments.v1.products.create({"name": "Ada"}, key)


def test_a_decline_is_kept_and_a_slip_is_not(payments: Payments) -> None:
    params = {"amount": 900, "currency": "usd", "payment_method": "pm_card_chargeDeclined",
              "confirm": True}  # fmt: skip
    intents = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refused:
            payments.v1.payment_intents.create(
                params,
                {"idempotency_key": "k-decline"},
            )
        assert refused.value.error is not None
        assert refused.value.error.payment_intent is not None
        intents.append(refused.value.error.payment_intent.id)
    assert intents[0] == intents[1]
    key = {"idempotency_key": "k-slip"}
    with pytest.raises(stripe.InvalidRequestError):
        payments.v1.customers.create({"nme": "Ada"}, key)
    payments.v1.customers.create({"name": "Ada"}, key)


def test_a_twin_is_sent_away_while_the_first_is_served(payments: Payments) -> None:
    key = {"idempotency_key": "k-twin"}
    payments.control("weather", hold=True)
    with ThreadPoolExecutor(1) as pool:
        try:
            first = pool.submit(payments.v1.customers.create, {"name": "Ada"}, key)
            until(lambda: payments.audit()["held"] == 1)
            with pytest.raises(stripe.APIError) as refused:
                payments.v1.customers.create({"name": "Ada"}, key)
        finally:
            payments.control("weather")
        made = first.result()
    assert refused.value.http_status == 409
    assert refused.value.error is not None
    assert refused.value.error.code == "idempotency_key_in_use"
    assert payments.v1.customers.create({"name": "Ada"}, key).id == made.id


def test_a_lost_answer_is_asked_for_again(payments: Payments) -> None:
    payments.control("weather", lost=1)
    with pytest.raises(stripe.APIConnectionError):
        payments.v1.customers.create({"name": "Lost"}, {"idempotency_key": "k-lost"})
    payments.control("weather")
    made = payments.v1.customers.create({"name": "Lost"}, {"idempotency_key": "k-lost"})
    assert headers_of(made)["idempotent-replayed"] == "true"


def test_too_much_at_once(payments: Payments) -> None:
    payments.control("weather", busy=1)
    with pytest.raises(stripe.RateLimitError) as refused:
        payments.v1.customers.list()
    payments.control("weather")
    assert refused.value.http_status == 429


def test_nothing_is_forgotten_by_a_kill(tmp_path: Path) -> None:
    own = Payments(tmp_path)
    try:
        key = {"idempotency_key": "k-kill"}
        ada = own.v1.customers.create({"name": "Ada"}, key)
        session = own.session(customer=ada.id)
        own.advance(days=0.5)
        then = own.audit()["now"]
        own.kill()
        own.start()
        assert own.v1.customers.create({"name": "Ada"}, key).id == ada.id
        assert own.audit()["now"] >= then
        own.pay(str(session.url))
        assert own.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    finally:
        own.stop()
