"""Events come forged, twice, late, in any order, or never: what was paid is granted once."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.conf import settings
from django.db.models.functions import Now
from django.test import override_settings
from django.utils import timezone

from accounts import tenancy
from billing.models import EventState, PaymentCustomer, PaymentEvent, Purchase, PurchaseKind
from billing.payments import inbox
from tests import processes
from tests.billing.payments.shop import Buyer, about, nothing_waits, post
from tests.payments_sandbox.service import Service
from tests.stack import Stack
from tests.waiting import until


def events_of(payments: Service, *purchases: Purchase) -> list[dict[str, Any]]:
    """All that the payment service has to say about them, as it posts it."""
    names = {purchase.public_id for purchase in purchases}
    listed = payments.v1.events.list({"limit": 100}).auto_paging_iter()
    return [
        event.to_dict(for_json=True)
        for event in listed
        if (event.data.object.to_dict().get("metadata") or {}).get("purchase") in names
    ]


def test_what_is_not_proven_is_refused_and_nothing_is_written(site: str, silent: Service) -> None:
    alice = Buyer()
    purchase = alice.begin()
    silent.pay(purchase.pay_url)
    (event,) = [e for e in events_of(silent, purchase) if e["type"] == "checkout.session.completed"]
    now = int(time.time())
    live = {**event, "livemode": True}
    assert post(site, event, secret="whsec_of_somebody_else") == 400
    assert post(site, event, at=now - settings.PAYMENTS_TOLERANCE_SECONDS - 60) == 400
    assert post(site, live) == 400
    large = {**event, "data": {**event["data"], "padding": "x" * inbox.MOST_BYTES}}
    nul = json.dumps({**event, "account": "x"}).replace('"x"', '"\\u0000"')
    for body in ("", "[", "[]", "null", '"event"', "{}", json.dumps({**event, "id": 7}),
                 json.dumps({**event, "created": 10**30}), json.dumps({**event, "data": []}),
                 json.dumps(large), nul, "[" * 100_000):  # fmt: skip
        assert post(site, body) == 400, body[:80]
    address, body = f"{site}/webhooks/stripe", json.dumps(event).encode()
    for signature in ("", "t=1,v1=", "t=x,v1=00", f"t={now},v1=\xe9", "v1=00", "," * 500):
        headers = {"Stripe-Signature": signature.encode("latin-1")}
        answer = requests.post(address, data=body, headers=headers, timeout=60)
        assert answer.status_code == 400, signature
    assert requests.post(address, data=body, timeout=60).status_code == 400
    assert requests.get(address, timeout=60).status_code == 405
    assert not PaymentEvent.objects.filter(stripe_id=event["id"]).exists()
    assert (alice.now(purchase).status, alice.gained) == ("open", 0)
    # The very same event, proven, is taken; and one we do not handle is only kept.
    other = {**event, "id": f"{event['id']}other", "type": "customer.created"}
    assert (post(site, event), post(site, other)) == (200, 200)
    alice.until(purchase, status="paid")
    assert PaymentEvent.objects.get(stripe_id=other["id"]).state == EventState.IGNORED


def test_any_of_several_secrets_proves_an_event_while_one_replaces_another() -> None:
    import stripe

    event = {"id": "evt_rotation", "object": "event", "type": "customer.created",
             "created": int(time.time()), "livemode": False,
             "data": {"object": {"id": "cus_1"}}}  # fmt: skip
    body = json.dumps(event)
    with override_settings(PAYMENTS_SECRETS=["whsec_new", "whsec_old"]):
        for known, secret in ((False, "whsec_old"), (True, "whsec_new")):
            signed = stripe.WebhookSignature.generate_signature_header(body, secret)
            assert inbox.receive(body.encode(), signed) is not known


def session(payments: Service, customer: str, purchase: Purchase, **other: Any) -> Any:
    """One that somebody made by hand, paid for."""
    wanted = {"amount": 2800, "customer": customer, "metadata": {"purchase": purchase.public_id},
              "client_reference_id": purchase.public_id, **other}  # fmt: skip
    made = payments.session(**wanted)
    payments.pay(str(made.url))
    return made


def test_a_paid_session_that_is_not_the_purchases_own_moves_nothing(
    site: str, payments: Service
) -> None:
    alice, mallory = Buyer(), Buyer()
    purchase, other = alice.begin(), mallory.begin()
    with tenancy.scope(mallory.id):
        theirs = PaymentCustomer.objects.get(organisation_id=mallory.id).stripe_id
    with tenancy.scope(alice.id):
        hers = PaymentCustomer.objects.get(organisation_id=alice.id).stripe_id
        bare = Purchase.objects.create(  # as where we died before its session was written down
            organisation_id=alice.id, livemode=True, vendor="sandbox", kind=PurchaseKind.PACK,
            pack=purchase.pack, credits=1000, currency="usd", amount_cents=2800,
        )  # fmt: skip
    cases = [
        (session(payments, theirs, purchase), "id is cs_test_"),
        (session(payments, theirs, bare), f"customer is {theirs}, not {hers}"),
        (session(payments, hers, bare, amount=100), "amount_subtotal is 100, not 2800"),
        (session(payments, hers, bare, client_reference_id="x"), "client_reference_id is x, not"),
    ]
    for made, reason in cases:
        failed = about(made.id)
        assert reason in failed.last_error
        assert failed.attempts == 1
    nobodys = session(payments, hers, bare, metadata={"purchase": "pur_of_nobody"})
    assert "there is no purchase pur_of_nobody" in about(nobodys.id).last_error
    for buyer, one in ((alice, purchase), (alice, bare), (mallory, other)):
        assert (buyer.now(one).status, buyer.lots(one), buyer.gained) == ("open", [], 0)
    # What is not about us at all is no alarm.
    foreign = payments.session(metadata={})
    payments.pay(str(foreign.url))
    kept = PaymentEvent.objects.filter(subject=foreign.id)
    until(lambda: kept.filter(state=EventState.IGNORED).exists())
    # And the one that is the purchase's own is paid, though nobody had written it down.
    session(payments, hers, bare)
    alice.until(bare, status="paid")
    assert (alice.gained, alice.proven()) == (1000, True)


def test_an_event_waits_for_a_service_that_is_away_and_is_given_up_with_a_reason(
    stack: Stack, silent: Service, caplog: pytest.LogCaptureFixture
) -> None:
    alice = Buyer()
    purchase = alice.begin()
    silent.pay(purchase.pay_url)
    (event,) = [e for e in events_of(silent, purchase) if e["type"] == "checkout.session.completed"]
    nothing_waits()
    mine = PaymentEvent.objects.filter(stripe_id=event["id"])
    with processes.stopped(stack.pid, "watcher"):  # who rings for the workers
        assert post(stack.site, event) == 200
        with override_settings(PAYMENTS_API_BASE="http://127.0.0.1:1"):
            assert inbox.run() == 1
            row = mine.get()
            assert (row.state, row.attempts) == ("waiting", 1)
            assert row.last_error.startswith("The payment service does not answer")
            assert row.next_attempt_at is not None
            pause = row.next_attempt_at - timezone.now()
            assert timedelta(0) < pause < timedelta(seconds=6)
            assert inbox.run() == 0
            mine.update(next_attempt_at=Now(), attempts=len(inbox.RETRY_SECONDS))
            assert inbox.run() == 1
        assert (mine.get().state, mine.get().next_attempt_at) == ("failed", None)
        assert "ALARM payments: checkout.session.completed" in caplog.text
        assert alice.gained == 0
        said = stack.manage("settle_payments", "--failed", "--pull")
    assert "events were looked at.\n0 waiting.\n" in said
    assert (alice.now(purchase).status, alice.gained) == ("paid", 1050)
