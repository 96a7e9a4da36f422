"""What follows from a session, whoever looks at it, however many at once, and on slow money."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from billing import wallets
from billing.models import Purchase
from billing.payments import sessions
from billing.payments.errors import PaymentServiceDown
from tests.billing.payments.shop import Buyer
from tests.payments_sandbox.service import Service
from tests.serving import Quiet, serving


@contextmanager
def saying(session: dict[str, Any]) -> Iterator[None]:
    """Meanwhile the payment service says this of any session."""

    class Handler(Quiet):
        def get(self) -> None:
            self.answer(200, json.dumps(session).encode(), Content_Type="application/json")

    with serving(Handler) as address, override_settings(PAYMENTS_API_BASE=address):
        yield


def _slow(payments: Service, purchase: Purchase, status: str) -> dict[str, Any]:
    """Completed, with money that comes days later: the intent is in this status."""
    session = payments.v1.checkout.sessions.retrieve(
        str(purchase.session_id), {"expand": ["invoice"]}
    )
    refused = {"message": "The bank account was closed."} if status != "processing" else None
    intent = {"id": "pi_slow", "object": "payment_intent", "status": status,
              "last_payment_error": refused, "payment_method": None}  # fmt: skip
    return {**session.to_dict(for_json=True), "status": "complete", "url": None,
            "payment_intent": intent}  # fmt: skip


def pending(buyer: Buyer) -> int:
    return wallets.balance(buyer.id, True).pending


def test_slow_money_is_announced_then_granted_or_withdrawn(payments: Service) -> None:
    alice = Buyer()
    comes, fails = alice.begin(), alice.begin()
    for purchase in (comes, fails):
        with saying(_slow(payments, purchase, "processing")):
            sessions.sync(str(purchase.session_id))
            sessions.sync(str(purchase.session_id))
        assert alice.now(purchase).status == "open"
    assert (pending(alice), alice.gained) == (2000, 0)
    with saying(_slow(payments, fails, "requires_payment_method")):
        sessions.sync(str(fails.session_id))
        sessions.sync(str(fails.session_id))
    failed = alice.now(fails)
    assert (failed.status, failed.failure) == ("failed", "The bank account was closed.")
    assert (pending(alice), alice.acts(failed)) == (1000, ["purchase.failed"])
    never = alice.begin()
    # The last is as of somebody who has asked earlier, and writes late.
    for status in ("canceled", "processing"):
        with saying(_slow(payments, never, status)):
            sessions.sync(str(never.session_id))
    assert (pending(alice), alice.now(never).status) == (1000, "failed")
    payments.pay(comes.pay_url)
    alice.until(comes, status="paid")
    with saying(_slow(payments, comes, "processing")):
        sessions.sync(str(comes.session_id))
    assert (pending(alice), alice.gained, alice.now(comes).status) == (0, 1050, "paid")
    assert alice.proven()


def test_however_many_look_at_once_credits_come_once(silent: Service) -> None:
    alice = Buyer()
    purchase = alice.begin()
    silent.pay(purchase.pay_url)

    def look(_: int) -> None:
        try:
            sessions.sync(str(purchase.session_id))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(look, range(16)))
    assert alice.lots(purchase) == [("purchase", 1000, 2800), ("bonus", 50, 0)]
    assert (alice.gained, alice.acts(purchase)) == (1050, ["purchase.paid"])
    assert alice.proven()


def test_answers_that_are_lost_or_refused_for_being_busy_open_one_page(
    payments: Service,
) -> None:
    alice, bought = Buyer(), []
    payments.control("weather", busy=0.2, lost=0.3, seed=7)
    try:
        while len(bought) < 3 or not {"busy", "lost"} <= payments.audit()["struck"].keys():
            with suppress(PaymentServiceDown):  # three times in a row
                bought.append(alice.begin())
    finally:
        payments.control("weather")
    for purchase in bought:
        made = [
            one.id
            for one in payments.v1.checkout.sessions.list({"limit": 100})
            if one.client_reference_id == purchase.public_id
        ]
        assert made == [purchase.session_id]


@pytest.mark.parametrize("address", ["purchases/pur_x", "purchases/pur_x/state"])
def test_a_purchase_that_is_none_is_not_found(site: str, address: str) -> None:
    assert Buyer().browser(site).get(f"{site}/billing/{address}", timeout=60).status_code == 404
