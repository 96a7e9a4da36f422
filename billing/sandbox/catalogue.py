"""Products and prices."""

from __future__ import annotations

import re
from typing import Any

from billing.sandbox.desk import Desk
from billing.sandbox.errors import invalid, required
from billing.sandbox.forms import ANY, MAP, Shape, listing, merged, shape
from billing.sandbox.store import Doc, Test
from billing.sandbox.views import equal, listed

INTERVALS = ("day", "week", "month", "year")
_MOST_INTERVALS = 36
BEHAVIORS = ("exclusive", "inclusive", "unspecified")
_RECURRING = shape("interval", interval=INTERVALS, interval_count=int, usage_type=("licensed",))
_FACE: dict[str, Any] = {
    "active": bool, "description": str, "images": [str], "marketing_features": ANY,
    "metadata": MAP, "name": str, "statement_descriptor": str, "tax_code": str,
    "unit_label": str, "url": str, "shippable": bool,
}  # fmt: skip
_MONEY: dict[str, Any] = {
    "currency": str, "unit_amount": int, "unit_amount_decimal": str, "tax_behavior": BEHAVIORS,
    "recurring": _RECURRING,
}  # fmt: skip
PRODUCT_CREATE = shape(
    "name", **_FACE, id=str, type=("good", "service"),
    default_price_data=shape("currency", **_MONEY, metadata=MAP),
)  # fmt: skip
PRODUCT_UPDATE = shape(**_FACE, default_price=str)
PRODUCT_LIST = listing(active=bool, ids=[str], url=str)
PRICE_CREATE = shape(
    "currency", **_MONEY, active=bool, billing_scheme=("per_unit",), lookup_key=str, metadata=MAP,
    nickname=str, product=str, product_data=shape("name", **_FACE, id=str),
    transfer_lookup_key=bool,
)  # fmt: skip
PRICE_UPDATE = shape(
    active=bool, lookup_key=str, metadata=MAP, nickname=str, tax_behavior=BEHAVIORS,
    transfer_lookup_key=bool,
)  # fmt: skip
PRICE_LIST = listing(
    active=bool, currency=str, product=str, type=("one_time", "recurring"), lookup_keys=[str],
    recurring=shape(interval=INTERVALS),
)  # fmt: skip
# `price_data` in line items and subscription items.
PRICE_DATA: Shape = shape(
    "currency", **_MONEY, product=str, product_data=shape("name", **_FACE)
)  # fmt: skip


def create_product(desk: Desk, params: Doc) -> Doc:
    """POST /v1/products."""
    product = desk.new(
        "product",
        active=True, default_price=None, description=None, images=[], marketing_features=[],
        metadata={}, name="", package_dimensions=None, shippable=None, statement_descriptor=None,
        tax_code=None, type="service", unit_label=None, updated=desk.now(), url=None,
    )  # fmt: skip
    if params.get("id"):
        if desk.store.get(params["id"]):
            raise invalid("Product already exists.", "id", "resource_already_exists")
        product["id"] = params["id"]
    _dress(product, params, skip=("id", "default_price_data"))
    desk.store.put(product)
    desk.emit("product.created", product)
    if params.get("default_price_data"):
        price = create_price(desk, {**params["default_price_data"], "product": product["id"]})
        product["default_price"] = price["id"]
        desk.save(product, "product.updated")
    return product


def update_product(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/products/:id."""
    product = desk.get("product", name, in_path=True)
    if params.get("default_price"):
        desk.get("price", params["default_price"], "default_price")
    _dress(product, params)
    product["updated"] = desk.now()
    return desk.save(product, "product.updated")


def retrieve_product(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/products/:id."""
    return desk.get("product", name, in_path=True)


def list_products(desk: Desk, params: Doc) -> Doc:
    """GET /v1/products."""
    tests = equal(params, "active", "url")
    if params.get("ids"):
        tests.append(("id", "IN", params["ids"]))
    return listed(desk, "product", params, tests, url="/v1/products")


def _dress(doc: Doc, params: Doc, skip: tuple[str, ...] = ()) -> None:
    for name, value in params.items():
        if name == "metadata":
            doc[name] = merged(doc[name], value)
        elif name not in skip:
            doc[name] = value


def create_price(desk: Desk, params: Doc) -> Doc:
    """POST /v1/prices."""
    price = _price(desk, params)
    _take_lookup_key(desk, price, params)
    return desk.save(price, "price.created")


def of_request(desk: Desk, given: Doc, param: str) -> Doc:
    """The price that a line or an item names, or describes by `price_data`. Raises Refused."""
    if bool(given.get("price")) == bool(given.get("price_data")):
        raise invalid("Pass exactly one of `price` and `price_data`.", param)
    if given.get("price_data"):
        return inline_price(desk, given["price_data"])
    return desk.get("price", given["price"], f"{param}[price]")


def inline_price(desk: Desk, data: Doc) -> Doc:
    """The price that `price_data` describes: stored, but not active, and nobody is told."""
    price = _price(desk, data)
    price["active"] = False
    return desk.save(price)


def _price(desk: Desk, params: Doc) -> Doc:
    amount = _amount(params)
    recurring = params.get("recurring")
    if recurring and not 1 <= recurring.get("interval_count", 1) <= _MOST_INTERVALS:
        message = f"Invalid interval_count: must be within 1 and {_MOST_INTERVALS}"
        raise invalid(message, "recurring[interval_count]")
    return desk.new(
        "price",
        active=params.get("active", True), billing_scheme="per_unit",
        currency=currency(params["currency"]), custom_unit_amount=None,
        lookup_key=params.get("lookup_key"), metadata=merged(None, params.get("metadata")),
        nickname=params.get("nickname"), product=_product_of(desk, params),
        recurring=recurring and {
            "interval": recurring["interval"], "interval_count": recurring.get("interval_count", 1),
            "meter": None, "trial_period_days": None, "usage_type": "licensed",
        },
        tax_behavior=params.get("tax_behavior") or "unspecified", tiers_mode=None,
        transform_quantity=None, type="recurring" if recurring else "one_time",
        unit_amount=amount, unit_amount_decimal=str(amount),
    )  # fmt: skip


def _product_of(desk: Desk, params: Doc) -> str:
    if params.get("product"):
        return str(desk.get("product", params["product"], "product")["id"])
    if not params.get("product_data"):
        raise required("product")
    return str(create_product(desk, params["product_data"])["id"])


def _amount(params: Doc) -> int:
    text = params.get("unit_amount_decimal")
    if params.get("unit_amount") is None and text is not None:
        if not re.fullmatch(r"\d+(\.0+)?", text):
            raise invalid("The sandbox knows whole cents only.", "unit_amount_decimal")
        return int(text.partition(".")[0])
    amount = params.get("unit_amount")
    if amount is None:
        raise required("unit_amount")
    if amount < 0:
        raise invalid("This value must be greater than or equal to 0.", "unit_amount",
                      "parameter_invalid_integer")  # fmt: skip
    return int(amount)


def currency(text: str) -> str:
    """The code in small letters. Raises Refused."""
    if not re.fullmatch(r"[A-Za-z]{3}", text):
        raise invalid(f"Invalid currency: {text}", "currency")
    return text.lower()


def _take_lookup_key(desk: Desk, price: Doc, params: Doc) -> None:
    key = params.get("lookup_key")
    if not key:
        return
    for other in desk.store.find("price", ("lookup_key", "=", key)):
        if other["id"] == price["id"]:
            continue
        if not params.get("transfer_lookup_key"):
            message = (
                f"A price (`{other['id']}`) already uses that lookup key. Set "
                "`transfer_lookup_key=true` if you'd like to transfer the lookup key."
            )
            raise invalid(message, "lookup_key", "resource_already_exists")
        other["lookup_key"] = None
        desk.save(other, "price.updated")


def update_price(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/prices/:id: an amount never changes."""
    price = desk.get("price", name, in_path=True)
    _take_lookup_key(desk, price, params)
    _dress(price, params, skip=("transfer_lookup_key",))
    return desk.save(price, "price.updated")


def retrieve_price(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/prices/:id."""
    return desk.get("price", name, in_path=True)


def list_prices(desk: Desk, params: Doc) -> Doc:
    """GET /v1/prices."""
    tests: list[Test] = equal(params, "active", "currency", "product", "type")
    if params.get("lookup_keys"):
        tests.append(("lookup_key", "IN", params["lookup_keys"]))
    interval = (params.get("recurring") or {}).get("interval")
    if interval:
        tests.append(("recurring.interval", "=", interval))
    return listed(desk, "price", params, tests, url="/v1/prices")


def plan_of(price: Doc) -> Doc:
    """The price as the older plan object, which subscription items still have."""
    recurring = price["recurring"]
    return {
        "id": price["id"], "object": "plan", "active": price["active"],
        "amount": price["unit_amount"], "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": "per_unit", "created": price["created"], "currency": price["currency"],
        "interval": recurring["interval"], "interval_count": recurring["interval_count"],
        "livemode": False, "metadata": price["metadata"], "meter": None,
        "nickname": price["nickname"], "product": price["product"], "tiers_mode": None,
        "transform_usage": None, "trial_period_days": None, "usage_type": "licensed",
    }  # fmt: skip
