"""Events: signed, told again until they are taken, pulled when they never came."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest
import stripe

from tests.payments_sandbox.service import SECRET, Listener, Payments, unknown_fields
from tests.waiting import until


@pytest.fixture
def shop(payments: Payments) -> Iterator[tuple[Payments, Listener, str]]:
    """The sandbox, an endpoint of the test's own that hears of customers, and its secret."""
    listener = Listener()
    endpoint = payments.v1.webhook_endpoints.create(
        {
            "url": listener.url,
            "enabled_events": ["customer.created", "customer.updated", "customer.deleted"],
        }
    )
    yield payments, listener, str(endpoint.secret)
    payments.control("weather")
    payments.v1.webhook_endpoints.delete(endpoint.id)
    listener.close()


def names(events: list[stripe.Event]) -> list[str]:
    """The customers' names in events of customers."""
    return [event.data.object.to_dict()["name"] for event in events]


def test_an_event_is_told_and_proven(shop: tuple[Payments, Listener, str]) -> None:
    payments, listener, secret = shop
    ada = payments.customer(name="Ada", metadata={"organisation": "1"})
    payments.v1.customers.update(ada.id, {"name": "Augusta"})
    payments.v1.customers.update(ada.id, {"name": "Augusta"})  # which changes nothing
    payments.v1.customers.delete(ada.id)
    until(lambda: len(listener.received) == 3)
    created, updated, deleted = listener.events(secret)
    assert (created.type, updated.type, deleted.type) == (
        "customer.created", "customer.updated", "customer.deleted",
    )  # fmt: skip
    assert updated.data.to_dict()["previous_attributes"] == {"name": "Ada"}
    assert (updated.api_version, updated.livemode) == (stripe.api_version, False)
    assert updated.request is not None
    assert str(updated.request.id).startswith("req_")
    assert unknown_fields(updated) == []
    body, signature = listener.received[0]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body + b" ", signature, secret)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, signature, "whsec_of_somebody_else")
    until(lambda: payments.v1.events.retrieve(created.id).pending_webhooks == 0)


def test_the_environment_names_an_endpoint_too(payments: Payments, listener: Listener) -> None:
    ada = payments.customer()
    told = until(lambda: [one for one in listener.received if ada.id.encode() in one[0]])
    stripe.Webhook.construct_event(*told[0], SECRET)


def test_what_is_not_taken_comes_again(shop: tuple[Payments, Listener, str]) -> None:
    payments, listener, secret = shop
    listener.status = 500
    ada = payments.customer()
    until(lambda: len(listener.received) >= 2)
    (pending,) = payments.v1.events.list({"delivery_success": False, "type": "customer.created",
                                          "limit": 1})  # fmt: skip
    assert pending.data.object.to_dict()["id"] == ada.id
    listener.status = 200
    until(lambda: payments.v1.events.retrieve(pending.id).pending_webhooks == 0)
    assert len({event.id for event in listener.events(secret)}) == 1


def test_bad_weather_loses_repeats_and_mixes(shop: tuple[Payments, Listener, str]) -> None:
    payments, listener, secret = shop
    payments.control("weather", duplicate=0.3, drop=0.3, shuffle=6, seed=7)
    wanted = [f"customer {number}" for number in range(30)]
    for name in wanted:
        payments.customer(name=name)
    payments.control("weather")
    settled = {"done", "dropped"}
    until(lambda: payments.audit()["deliveries"].keys() <= settled)
    heard = Counter(names(listener.events(secret)))
    assert max(heard.values()) == 2
    assert 3 < len(heard) < 28
    assert list(heard) != sorted(heard, key=wanted.index)
    lost = payments.v1.events.list(
        {"delivery_success": False, "types": ["customer.created"], "limit": 100}
    )
    assert {*heard, *names(lost.data)} >= set(wanted)


def test_an_event_is_told_once_more_on_demand(shop: tuple[Payments, Listener, str]) -> None:
    payments, listener, _ = shop
    payments.customer()
    until(lambda: len(listener.received) == 1)
    name = json.loads(listener.received[0][0])["id"]
    payments.control(f"events/{name}/resend")
    until(lambda: len(listener.received) == 2)


def test_events_are_listed_by_time_and_type(payments: Payments) -> None:
    ada = payments.customer()
    payments.advance(days=2)
    since = payments.audit()["now"]
    payments.v1.customers.update(ada.id, {"name": "Augusta"})
    found = payments.v1.events.list({"created": {"gte": since}, "type": "customer.*"})
    assert [event.type for event in found] == ["customer.updated"]
    (created,) = payments.v1.events.list({"type": "customer.created", "limit": 1})
    payments.advance(days=29)
    with pytest.raises(stripe.InvalidRequestError):  # thirty days are kept
        payments.v1.events.retrieve(created.id)


def test_an_endpoint_is_told_nothing_while_it_is_off(
    shop: tuple[Payments, Listener, str],
) -> None:
    payments, listener, secret = shop
    (endpoint,) = [one for one in payments.v1.webhook_endpoints.list() if one.url == listener.url]
    assert "secret" not in endpoint.to_dict()
    payments.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    payments.customer(name="unheard")
    payments.v1.webhook_endpoints.update(endpoint.id, {"disabled": False})
    payments.customer(name="heard")
    until(lambda: listener.received)
    assert names(listener.events(secret)) == ["heard"]
