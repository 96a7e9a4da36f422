"""The JavaScript client believes the product's webhooks and the standard's, and nobody else's."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.accounts.receiving import Came, Receiver
from tests.clients.javascript import Node
from tests.clients.signing import BODY, OTHER, SECRET, signed
from tests.generations.programs import FILM
from tests.people import Customer
from tests.waiting import until

VERIFY = """
const judged = [];
for (const { body, headers, secret, tolerance } of given.posts) {
  const bytes = Buffer.from(body, "base64");
  const options = { tolerance: tolerance ?? undefined };
  const judge = (...asked) => verifyWebhook(...asked, secret, options);
  try {
    const event = await judge(bytes, headers);
    const same = await judge(bytes.toString(), new Headers(headers));
    judged.push(same.id === event.id ? event : "bytes and text differ");
  } catch (error) {
    judged.push(error.name);
  }
}
return judged;
"""
NO = "WebhookNotVerified"


@pytest.fixture
def node(tmp_path: Path, site: str, alice: Customer) -> Node:
    return Node(tmp_path, alice.test_key, site)


def post(
    content: bytes, headers: dict[str, str], secret: Any, tolerance: int | None = None
) -> dict[str, Any]:
    body = base64.b64encode(content).decode()
    return {"body": body, "headers": headers, "secret": secret, "tolerance": tolerance}


def received(came: Came, secret: Any) -> dict[str, Any]:
    proof = {name: value for name, value in came.headers.items() if name.startswith("webhook-")}
    return post(came.content, proof, secret)


def test_posts_of_the_product_are_proven_also_while_a_secret_changes(
    node: Node, server: Receiver
) -> None:
    told = node.told(
        """
        const made = await client.webhooks.create({ url: given.told, events: ["generation.*"] });
        const order = { ...given.film, webhook_url: given.order };
        const film = await client.generations.createAndWait(order);
        const own = await client.webhooks.signingSecret();
        return { made, film, own };
        """,
        film=FILM, told=f"{server.address}/told", order=f"{server.address}/order",
    )  # fmt: skip
    made, film, own = told["made"], told["film"], told["own"]
    last = until(lambda: server.at("/told")[2:], what="three events")[-1]
    (order,) = until(lambda: server.at("/order"), what="the order's own")
    rotated = node.told(
        """
        const rotated = await client.webhooks.rotateSecret(given.id, { overlap: 3600 });
        let delivery = await client.webhooks.test(given.id);
        while (delivery.status === "pending") {
          delivery = await client.webhooks.delivery(given.id, delivery.id);
        }
        const sent = await all(client.webhooks.deliveries(given.id, { pageSize: 2 }));
        await client.webhooks.resendDelivery(given.id, delivery.id);
        const own = await client.webhooks.rotateSigningSecret({ overlap: 3600 });
        if (own.secret !== (await client.webhooks.signingSecret()).secret) throw new Error("old");
        return { secret: rotated.secret, delivery, sent: sent.map((each) => each.event) };
        """,
        id=made["id"],
    )
    assert rotated["delivery"]["log"][0]["status"] == 204
    assert set(rotated["sent"]) == {each.event for each in server.at("/told")}
    tested = server.at("/told")[-1]
    posts = [
        received(last, made["secret"]), received(order, own["secret"]),
        received(order, made["secret"]), received(tested, made["secret"]),
        received(tested, [SECRET, rotated["secret"]]),
    ]  # fmt: skip
    event, flat, stranger, *both = node.told(VERIFY, posts=posts)
    assert (event["id"], event["type"]) == (last.event, "generation.succeeded")
    assert event["data"]["id"] == flat["data"]["id"] == film["id"]
    assert stranger == NO
    assert [each["type"] for each in both] == ["webhook.test"] * 2


def test_what_the_standards_package_signs_is_proven_and_nothing_else(node: Node) -> None:
    good = signed(SECRET)
    both = f"v2,AAAA v1,!!! {signed(OTHER)['Webhook-Signature']} {good['Webhook-Signature']}"
    flat = '{"task_id": "gen_1"}'
    proven = [
        post(BODY.encode(), good, SECRET),
        post(BODY.encode(), good, SECRET.removeprefix("whsec_")),
        post(BODY.encode(), good | {"Webhook-Signature": both}, SECRET),
        post(BODY.encode(), signed(SECRET, ago=400), SECRET, tolerance=500),
    ]
    wrong = [
        signed(OTHER), signed(SECRET, ago=400), signed(SECRET, ago=-400),
        signed(SECRET, body=BODY.replace("gen_1", "gen_2")), good | {"Webhook-Id": "evt_2"},
        good | {"Webhook-Timestamp": "soon"}, good | {"Webhook-Signature": ""},
        good | {"Webhook-Signature": "v1,"}, {},
    ]  # fmt: skip
    refused = [post(BODY.encode(), headers, SECRET) for headers in wrong]
    refused.append(post(flat.encode(), signed(SECRET, body=flat), SECRET))
    odd = [post(BODY.encode(), good, "my password"), post(BODY.encode(), good, "whsec_")]
    told = node.told(VERIFY, posts=[*proven, *refused, *odd])
    assert [each["data"]["prompt"] for each in told[:4]] == ["Füchse"] * 4
    assert told[4:] == [NO] * len(refused) + ["BadSettings"] * 2
