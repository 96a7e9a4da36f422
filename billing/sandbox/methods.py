"""Payment methods: cards as saved, attached to a customer or used once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from billing.sandbox import cards
from billing.sandbox.desk import Desk
from billing.sandbox.errors import Refused, invalid
from billing.sandbox.forms import MAP, listing, merged, shape
from billing.sandbox.store import Doc, Test
from billing.sandbox.views import listed

LIST = listing(type=("card",), customer=str, allow_redisplay=("always", "limited", "unspecified"))
OF_CUSTOMER = listing(type=("card",), allow_redisplay=("always", "limited", "unspecified"))
ATTACH = shape("customer", customer=str)
UPDATE = shape(metadata=MAP, allow_redisplay=("always", "limited", "unspecified"))


def from_card(desk: Desk, card: cards.Card, *, month: int, year: int, billing: Doc) -> Doc:
    """A new payment method, stored, of nobody yet."""
    return desk.save(
        desk.new(
            "payment_method",
            allow_redisplay="unspecified",
            billing_details={"address": billing.get("address"), "email": billing.get("email"),
                             "name": billing.get("name"), "phone": None, "tax_id": None},
            card={
                "brand": cards.brand(card),
                "checks": {"address_line1_check": None, "address_postal_code_check": None,
                           "cvc_check": "pass"},
                "country": card.country, "display_brand": cards.brand(card),
                "exp_month": month, "exp_year": year, "fingerprint": cards.fingerprint(card),
                "funding": card.funding, "generated_from": None, "last4": card.number[-4:],
                "networks": {"available": [cards.brand(card)], "preferred": None},
                "regulated_status": "unregulated",
                "three_d_secure_usage": {"supported": True}, "wallet": None,
            },
            customer=None, metadata={}, type="card",
            _decline=card.decline, _attaches=card.attaches, _asks=card.asks, _after=card.after,
            _set_up=False,
        )
    )  # fmt: skip


def typed(desk: Desk, form: Mapping[str, str], billing: Doc) -> Doc:
    """The card that somebody typed into a page. Raises Declined for what is no usable card."""
    card = cards.by_number(form.get("number", ""))
    today = datetime.fromtimestamp(desk.now(), UTC)
    month, year = cards.expiry(form.get("expiry", ""), today.year, today.month)
    cards.check_cvc(card, form.get("cvc", ""))
    return from_card(desk, card, month=month, year=year, billing=billing)


def resolve(desk: Desk, name: str, param: str = "payment_method") -> Doc:
    """The payment method of an id, or a new one of a test token. Raises Refused."""
    card = cards.by_token(name)
    if card is not None:
        year = 1970 + desk.now() // (365 * 24 * 3600) + 4
        return from_card(desk, card, month=12, year=year, billing={})
    return desk.get("payment_method", name, param)


def attach(desk: Desk, name: str, customer: Doc) -> Doc:
    """Save it for the customer. Raises Refused: declined, or somebody's already."""
    method = resolve(desk, name)
    if method["_decline"] and not method["_attaches"]:
        raise cards.refusal(method["_decline"])
    return give(desk, method, customer["id"])


def give(desk: Desk, method: Doc, customer: str) -> Doc:
    """It is this customer's from now on. Raises Refused when it is or was another's."""
    if method["customer"] == customer:
        return method
    if method["customer"] is not None or method.get("_detached"):
        message = (
            "This PaymentMethod was previously used without being attached to a Customer or was "
            "detached from a Customer, and may not be used again."
            if method["customer"] is None
            else "The payment method you provided has already been attached to a customer."
        )
        raise invalid(message)
    method["customer"] = customer
    desk.store.put(method)
    desk.emit("payment_method.attached", method)
    return method


def retrieve(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/payment_methods/:id."""
    return desk.get("payment_method", name, in_path=True)


def retrieve_of(desk: Desk, params: Doc, customer: str, name: str) -> Doc:
    """GET /v1/customers/:id/payment_methods/:id."""
    method = desk.get("payment_method", name, in_path=True)
    if method["customer"] != customer:
        raise invalid(f"No such payment method for this customer: '{name}'", "payment_method")
    return method


def post_attach(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/payment_methods/:id/attach."""
    return attach(desk, name, desk.get("customer", params["customer"], "customer"))


def update(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/payment_methods/:id."""
    method = desk.get("payment_method", name, in_path=True)
    method["metadata"] = merged(method["metadata"], params.get("metadata"))
    method["allow_redisplay"] = params.get("allow_redisplay") or method["allow_redisplay"]
    return desk.save(method, "payment_method.updated")


def detach(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/payment_methods/:id/detach: for good; nothing defaults to it any more."""
    method = desk.get("payment_method", name, in_path=True)
    owner = method["customer"]
    if owner is None:
        message = (
            "The payment method you provided is not attached to a customer so detachment is "
            "impossible."
        )
        raise invalid(message)
    method.update(customer=None, _detached=True)
    desk.store.put(method)
    desk.emit("payment_method.detached", method, {"customer": owner})
    _forget(desk, owner, name)
    return method


def _forget(desk: Desk, owner: str, name: str) -> None:
    customer = desk.get("customer", owner)
    if customer["invoice_settings"]["default_payment_method"] == name:
        customer["invoice_settings"]["default_payment_method"] = None
        desk.save(customer, "customer.updated")
    for subscription in desk.store.find("subscription", ("customer", "=", owner)):
        if subscription["default_payment_method"] == name:
            subscription["default_payment_method"] = None
            desk.save(subscription, "customer.subscription.updated")


def listing_of(desk: Desk, params: Doc, customer: str | None = None) -> Doc:
    """GET /v1/payment_methods and GET /v1/customers/:id/payment_methods."""
    if customer is not None:
        desk.get("customer", customer, in_path=True)
    owner = customer or params.get("customer")
    url = f"/v1/customers/{customer}/payment_methods" if customer else "/v1/payment_methods"
    tests: list[Test] = [("customer", "=", owner or "")]
    if params.get("allow_redisplay"):
        tests.append(("allow_redisplay", "=", params["allow_redisplay"]))
    return listed(desk, "payment_method", params, tests, url=url)


def owned(desk: Desk, name: str, customer: str, param: str) -> Doc:
    """The payment method of this id, which must be this customer's. Raises Refused."""
    method = desk.get("payment_method", name, param)
    if method["customer"] != customer:
        raise not_attached(name, param)
    return method


def not_attached(name: str, param: str) -> Refused:
    """The refusal of a card that is another's, or nobody's."""
    message = (
        f"The customer does not have a payment method with the ID {name}. The payment method must "
        "be attached to the customer."
    )
    return invalid(message, param, "resource_missing")


def default_of(desk: Desk, customer: Doc, subscription: Doc | None = None) -> Doc | None:
    """What is charged while the customer is away: the subscription's card, else the usual."""
    name = (subscription or {}).get("default_payment_method")
    name = name or customer["invoice_settings"]["default_payment_method"]
    return desk.store.get(name) if name else None
