"""Whatever a parameter holds, it is taken or refused in words: nothing breaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from billing.sandbox.endpoints import ENDPOINTS, Endpoint
from billing.sandbox.forms import Shape
from tests.payments_sandbox.service import KEY, Payments

STRANGE = ("", "x", "-1", "99999999999")
WORDS = {"currency": "usd", "type": "eu_vat", "value": "DE123456789", "url": "http://127.0.0.1:1"}


@pytest.fixture(scope="module")
def ids(payments: Payments) -> dict[str, str]:
    """One thing of each kind, by the word that addresses and parameters call it."""
    v1: Any = payments.v1
    price = payments.price(2000)
    ada = payments.customer("pm_card_createDispute")
    begun = payments.subscribe(ada, price)
    coupon = v1.coupons.create({"percent_off": 10}).id
    promotion = {"type": "coupon", "coupon": coupon}
    charge = v1.charges.list({"customer": ada.id}).data[0]
    endpoint = {"url": "http://127.0.0.1:1", "enabled_events": ["nothing"]}
    features = {"invoice_history": {"enabled": True}}
    found = {
        "customer": ada.id, "price": price, "product": v1.prices.retrieve(price).product,
        "coupon": coupon, "promotion_code": v1.promotion_codes.create({"promotion": promotion}).id,
        "payment_intent": v1.payment_intents.create({"amount": 500, "currency": "usd"}).id,
        "charge": charge.id, "subscription": begun.id, "invoice": begun.latest_invoice,
        "dispute": v1.disputes.list({"charge": charge.id}).data[0].id,
        "payment_method": charge.payment_method, "checkout": payments.session().id,
        "billing_portal": v1.billing_portal.configurations.create({"features": features}).id,
        "webhook_endpoint": v1.webhook_endpoints.create(endpoint).id,
        "id": begun.to_dict()["items"]["data"][0]["id"],
    }  # fmt: skip
    return {name: str(value) for name, value in found.items()}


def usual(name: str, kind: Any, key: str, ids: dict[str, str]) -> dict[str, str]:
    """A parameter as it may well be sent, all of an object's fields."""
    if isinstance(kind, Shape):
        parts = [usual(one, of, f"{key}[{one}]", ids) for one, of in kind.fields.items()]
        return {field: text for part in parts for field, text in part.items()}
    if isinstance(kind, list):
        return usual(name, kind[0], f"{key}[0]", ids)
    if isinstance(kind, tuple):
        return {key: kind[0]}
    if kind in ("map", "span"):
        return {f"{key}[{'a' if kind == 'map' else 'gte'}]": "1"}
    texts = {int: "3", bool: "true", float: "5.5", "any": "x"}
    return {key: texts.get(kind) or ids.get(name) or WORDS.get(name, "text")}


def fields(shape: Shape, prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    """Every parameter and every one within: name, type, and the name on the wire."""
    for name, kind in shape.fields.items():
        key = f"{prefix}[{name}]" if prefix else name
        yield name, kind, key
        inner = kind[0] if isinstance(kind, list) else kind
        if isinstance(inner, Shape):
            yield from fields(inner, f"{key}[0]" if isinstance(kind, list) else key)


def forms(endpoint: Endpoint, ids: dict[str, str]) -> Iterator[dict[str, str]]:
    """Forms with one parameter each that is usual or strange, besides what there must be."""
    must: dict[str, str] = {}
    for name in endpoint.form.required:
        must |= usual(name, endpoint.form.fields[name], name, ids)
    for at, (name, kind, key) in enumerate(fields(endpoint.form)):
        rest = {other: text for other, text in must.items() if not other.startswith(key)}
        yield {**must, **usual(name, kind, key, ids)}
        yield {**rest, key: STRANGE[at % len(STRANGE)]}


CHANGING = [end for end in ENDPOINTS if end.method == "POST" and end.form.fields]


@pytest.mark.parametrize("endpoint", CHANGING, ids=lambda end: end.path)
def test_no_parameter_breaks_it(
    payments: Payments, ids: dict[str, str], endpoint: Endpoint
) -> None:
    kind = endpoint.path.split("/")[2]
    path = endpoint.path.replace("{a}", ids.get(kind.removesuffix("s"), ids.get(kind, "x")))
    key = {"Authorization": f"Bearer {KEY}"}
    for form in forms(endpoint, ids):
        answer = payments.http.post(path, data=form, headers=key)
        assert answer.status_code in (200, 400, 402, 404), (form, answer.text)
