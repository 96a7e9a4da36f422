"""The Python client believes the product's webhooks and the standard's, and nobody else's."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable

import pytest

from kling_saas_client import BadSettings, Client, WebhookNotVerified, verify_webhook
from tests.accounts.receiving import Receiver
from tests.clients.signing import BODY, OTHER, SECRET, signed
from tests.generations.programs import FILM
from tests.waiting import until


def test_posts_of_the_product_are_proven_also_while_a_secret_changes(
    client: Client, server: Receiver
) -> None:
    made = client.webhooks.create(f"{server.address}/told", events=["generation.*"])
    assert made.secret
    film = client.generations.create_and_wait(
        **FILM, webhook_url=f"{server.address}/order", reference="R-1"
    )
    came = until(lambda: server.at("/told")[2:], what="three events")[-1]
    event = verify_webhook(came.content, came.headers, made.secret)
    assert (event.id, event.type) == (came.event, "generation.succeeded")
    assert (event.data["id"], event.data["reference"]) == (film.id, "R-1")
    assert client.events.get(event.id).type == event.type
    own = client.webhooks.signing_secret()
    (order,) = until(lambda: server.at("/order"), what="the order's own")
    assert verify_webhook(order.content, order.headers, own.secret).data["id"] == film.id
    with pytest.raises(WebhookNotVerified):
        verify_webhook(order.content, order.headers, made.secret)

    rotated = client.webhooks.rotate_secret(made.id, overlap=3600)
    assert rotated.secret
    delivery = client.webhooks.test(made.id)
    until(lambda: client.webhooks.delivery(made.id, delivery.id).status == "succeeded")
    tested = server.at("/told")[-1]
    for secret in (made.secret, rotated.secret, [SECRET, rotated.secret]):
        assert verify_webhook(tested.content, tested.headers, secret).type == "webhook.test"
    assert made.secret not in repr((made, rotated, own))
    log = client.webhooks.delivery(made.id, delivery.id).log
    assert log[0]["status"] == 204
    client.webhooks.resend_delivery(made.id, delivery.id)
    again = until(lambda: [each for each in server.at("/told") if each.event == tested.event][1:])
    assert again[0].content == tested.content
    newer = client.webhooks.rotate_signing_secret(overlap=0)
    assert newer.secret not in (own.secret, "")
    assert client.webhooks.signing_secret().secret == newer.secret
    sent = [each.event for each in client.webhooks.deliveries(made.id, page_size=2)]
    assert set(sent) == {each.event for each in server.at("/told")}


def test_what_the_standards_package_signs_is_proven() -> None:
    headers = signed(SECRET)
    event = verify_webhook(BODY.encode(), headers, SECRET)
    assert (event.id, event.data["prompt"]) == ("evt_1", "Füchse")
    assert verify_webhook(BODY, headers, SECRET.removeprefix("whsec_")) == event
    both = f"v2,AAAA v1,!!! {signed(OTHER)['Webhook-Signature']} {headers['Webhook-Signature']}"
    assert verify_webhook(BODY, {**headers, "Webhook-Signature": both}, SECRET) == event


@pytest.mark.parametrize(
    "made",
    [
        lambda: signed(OTHER),
        lambda: signed(SECRET, ago=400),
        lambda: signed(SECRET, ago=-400),
        lambda: signed(SECRET, body=BODY.replace("gen_1", "gen_2")),
        lambda: signed(SECRET) | {"Webhook-Id": "evt_2"},
        lambda: signed(SECRET) | {"Webhook-Timestamp": "soon"},
        lambda: signed(SECRET) | {"Webhook-Timestamp": "1" * 400},
        lambda: signed(SECRET) | {"Webhook-Timestamp": "1" * 5000},
        lambda: signed(SECRET) | {"Webhook-Signature": ""},
        lambda: signed(SECRET) | {"Webhook-Signature": "v1,"},
        lambda: signed(SECRET) | {"Webhook-Signature": signed(OTHER)["Webhook-Signature"]},
        dict,
    ],
)
def test_nothing_else_is(made: Callable[[], dict[str, str]]) -> None:
    with pytest.raises(WebhookNotVerified):
        verify_webhook(BODY, made(), SECRET)


def test_a_signed_text_that_is_no_event_and_a_secret_that_is_none() -> None:
    flat = '{"task_id": "gen_1"}'
    with pytest.raises(WebhookNotVerified):
        verify_webhook(flat, signed(SECRET, body=flat), SECRET)
    with pytest.raises(BadSettings):
        verify_webhook(BODY, signed(SECRET), "my password")
    assert verify_webhook(BODY, signed(SECRET, ago=400), SECRET, tolerance=500).id == "evt_1"


@pytest.mark.parametrize("missing", ["", "whsec_", [SECRET, ""]])
def test_where_the_secret_is_missing_nobody_can_sign_with_nothing(missing: str | list[str]) -> None:
    headers = signed(SECRET)
    text = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.{BODY}"
    proof = base64.b64encode(hmac.digest(b"", text.encode(), hashlib.sha256)).decode()
    with pytest.raises(BadSettings):
        verify_webhook(BODY, headers | {"Webhook-Signature": f"v1,{proof}"}, missing)
