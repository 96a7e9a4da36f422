"""Coupons, promotion codes, and what they take off."""

from __future__ import annotations

from typing import Any

from billing.sandbox.catalogue import currency
from billing.sandbox.desk import Desk
from billing.sandbox.errors import Refused, invalid, required
from billing.sandbox.forms import MAP, listing, merged, shape
from billing.sandbox.periods import months_later
from billing.sandbox.store import Doc
from billing.sandbox.views import equal, listed, render
from kling_saas.lib.ids import random_base62

COUPON_CREATE = shape(
    amount_off=int, applies_to=shape(products=[str]), currency=str,
    duration=("forever", "once", "repeating"), duration_in_months=int, id=str,
    max_redemptions=int, metadata=MAP, name=str, percent_off=float, redeem_by=int,
)  # fmt: skip
COUPON_UPDATE = shape(metadata=MAP, name=str)
COUPON_LIST = listing()
CODE_CREATE = shape(
    "promotion", active=bool, code=str, customer=str, expires_at=int, max_redemptions=int,
    metadata=MAP, promotion=shape("type", type=("coupon",), coupon=str),
    restrictions=shape(first_time_transaction=bool, minimum_amount=int,
                       minimum_amount_currency=str),
)  # fmt: skip
CODE_UPDATE = shape(active=bool, metadata=MAP)
CODE_LIST = listing(active=bool, code=str, coupon=str, customer=str)
GIVEN = shape(coupon=str, promotion_code=str)  # an entry of `discounts`


def create_coupon(desk: Desk, params: Doc) -> Doc:
    """POST /v1/coupons."""
    percent, amount = params.get("percent_off"), params.get("amount_off")
    if (percent is None) == (amount is None):
        raise invalid("Received both percent_off and amount_off, or neither: pass exactly one.")
    if percent is not None and not 0 < percent <= 100:
        raise invalid("Invalid percent_off: must be within 0 and 100", "percent_off")
    if amount is not None and amount < 1:
        raise invalid("Invalid positive integer", "amount_off", "parameter_invalid_integer")
    if amount is not None and not params.get("currency"):
        raise required("currency")
    duration = params.get("duration") or "once"
    if (duration == "repeating") != (params.get("duration_in_months") is not None):
        raise invalid("duration_in_months goes with duration `repeating`.", "duration_in_months")
    coupon = desk.new(
        "coupon", amount_off=amount, currency=currency(params["currency"]) if amount else None,
        duration=duration, duration_in_months=params.get("duration_in_months"),
        max_redemptions=params.get("max_redemptions"),
        metadata=merged(None, params.get("metadata")), name=params.get("name"),
        percent_off=percent, redeem_by=params.get("redeem_by"),
        times_redeemed=0, valid=True, _products=(params.get("applies_to") or {}).get("products"),
    )  # fmt: skip
    coupon["id"] = params.get("id") or coupon["id"]
    if desk.store.get(coupon["id"]):
        raise invalid("Coupon already exists.", "id", "resource_already_exists")
    return desk.save(coupon, "coupon.created")


def update_coupon(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/coupons/:id."""
    coupon = desk.get("coupon", name, in_path=True)
    coupon["metadata"] = merged(coupon["metadata"], params.get("metadata"))
    coupon["name"] = params.get("name", coupon["name"])
    return desk.save(coupon, "coupon.updated")


def retrieve_coupon(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/coupons/:id."""
    return desk.get("coupon", name, in_path=True)


def delete_coupon(desk: Desk, params: Doc, name: str) -> Doc:
    """DELETE /v1/coupons/:id: who has the discount keeps it."""
    coupon = desk.get("coupon", name, in_path=True)
    desk.emit("coupon.deleted", coupon)
    desk.store.put({**coupon, "deleted": True})
    return {"id": name, "object": "coupon", "deleted": True}


def list_coupons(desk: Desk, params: Doc) -> Doc:
    """GET /v1/coupons."""
    return listed(desk, "coupon", params, url="/v1/coupons")


def create_code(desk: Desk, params: Doc) -> Doc:
    """POST /v1/promotion_codes."""
    coupon = desk.get("coupon", params["promotion"].get("coupon"), "promotion[coupon]")
    code = params.get("code") or random_base62(8).upper()
    for other in desk.store.find("promotion_code", ("_upper", "=", code.upper())):
        if render(desk, other)["active"]:
            raise invalid(f"An active promotion code with `code: {code}` already exists.",
                          "code", "resource_already_exists")  # fmt: skip
    if params.get("customer"):
        desk.get("customer", params["customer"], "customer")
    limits = params.get("restrictions") or {}
    doc = desk.new(
        "promotion_code", active=params.get("active", True), code=code,
        customer=params.get("customer"), expires_at=params.get("expires_at"),
        max_redemptions=params.get("max_redemptions"),
        metadata=merged(None, params.get("metadata")),
        promotion={"coupon": coupon["id"], "type": "coupon"},
        restrictions={"first_time_transaction": limits.get("first_time_transaction", False),
                      "minimum_amount": limits.get("minimum_amount"),
                      "minimum_amount_currency": limits.get("minimum_amount_currency")},
        times_redeemed=0, _upper=code.upper(),
    )  # fmt: skip
    return desk.save(doc, "promotion_code.created")


def update_code(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/promotion_codes/:id."""
    doc = desk.get("promotion_code", name, in_path=True)
    doc["metadata"] = merged(doc["metadata"], params.get("metadata"))
    doc["active"] = params.get("active", doc["active"])
    return desk.save(doc, "promotion_code.updated")


def retrieve_code(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/promotion_codes/:id."""
    return desk.get("promotion_code", name, in_path=True)


def list_codes(desk: Desk, params: Doc) -> Doc:
    """GET /v1/promotion_codes: codes know no small and capital letters."""
    tests = equal(params, "customer", "active")
    if params.get("code"):
        tests.append(("_upper", "=", params["code"].upper()))
    if params.get("coupon"):
        tests.append(("promotion.coupon", "=", params["coupon"]))
    return listed(desk, "promotion_code", params, tests, url="/v1/promotion_codes")


def of_request(
    desk: Desk, given: list[Doc], customer: str | None, subtotal: int, money: str
) -> list[Doc]:
    """The `discounts` of a session from those of a request. Raises Refused."""
    found = []
    for at, one in enumerate(given):
        if bool(one.get("coupon")) == bool(one.get("promotion_code")):
            raise invalid("Pass a coupon or a promotion code.", f"discounts[{at}]")
        code = None
        if one.get("promotion_code"):
            param = f"discounts[{at}][promotion_code]"
            code = desk.get("promotion_code", one["promotion_code"], param)
        coupon = desk.get(
            "coupon",
            code["promotion"]["coupon"] if code else one["coupon"],
            f"discounts[{at}][coupon]",
        )
        check(desk, coupon, code, customer, subtotal, money)
        found.append(
            {"coupon": None if code else coupon["id"], "promotion_code": code and code["id"]}
        )
    return found


def by_code(desk: Desk, text: str, customer: str | None, subtotal: int, money: str) -> Doc:
    """The entry of `discounts` for a code as typed. Raises Refused."""
    for code in desk.store.find("promotion_code", ("_upper", "=", text.strip().upper())):
        if render(desk, code)["active"]:
            coupon = desk.get("coupon", code["promotion"]["coupon"])
            check(desk, coupon, code, customer, subtotal, money)
            return {"coupon": None, "promotion_code": code["id"]}
    raise invalid("This code is invalid.", "promotion_code")


def check(
    desk: Desk, coupon: Doc, code: Doc | None, customer: str | None, subtotal: int, money: str
) -> None:
    """Whether it may be redeemed now, by this customer, for so much. Raises Refused."""
    if not render(desk, coupon)["valid"]:
        raise _refused(f"Coupon {coupon['id']} is used up or expired.", "coupon_expired")
    if coupon["currency"] not in (None, money):
        raise _refused(f"The coupon is in {coupon['currency']}, not in {money}.", None)
    if code is None:
        return
    if not render(desk, code)["active"]:
        raise _refused("This promotion code is inactive, used up or expired.", None)
    limits = code["restrictions"]
    if code["customer"] not in (None, customer):
        raise _refused("This promotion code cannot be redeemed by this customer.", None)
    if limits["minimum_amount"] is not None and subtotal < limits["minimum_amount"]:
        raise _refused("This code needs a larger amount.", None)
    if limits["first_time_transaction"] and customer and _has_paid(desk, customer):
        message = (
            "This promotion code cannot be redeemed because the associated customer has prior "
            "transactions."
        )
        raise _refused(message, "customer_has_prior_transactions")


def _refused(message: str, code: str | None) -> Refused:
    return invalid(message, "discounts", code)


def _has_paid(desk: Desk, customer: str) -> bool:
    tests: tuple[Any, ...] = (("customer", "=", customer), ("status", "=", "succeeded"))
    return bool(desk.store.find("charge", *tests))


def coupon_of(desk: Desk, entry: Doc) -> Doc:
    """The coupon of an entry of `discounts`, also one that was deleted since."""
    name = entry["coupon"]
    if entry["promotion_code"]:
        name = desk.get("promotion_code", entry["promotion_code"])["promotion"]["coupon"]
    return desk.store.get(name) or {}


def off(coupon: Doc, amount: int) -> int:
    """How much it takes off an amount, in cents, half a cent up."""
    if coupon["amount_off"] is not None:
        return min(int(coupon["amount_off"]), max(amount, 0))
    hundredths: int = round(coupon["percent_off"] * 100)
    return (max(amount, 0) * hundredths + 5000) // 10000


def redeem(desk: Desk, entry: Doc, **of: Any) -> Doc:
    """Count it, and make the discount object of an entry; `of` says whose it is."""
    coupon = coupon_of(desk, entry)
    counted = [coupon["id"], *([entry["promotion_code"]] if entry["promotion_code"] else [])]
    for name in counted:
        doc = desk.store.get(name)
        if doc is not None:
            desk.store.put({**doc, "times_redeemed": doc["times_redeemed"] + 1})
    months = coupon["duration_in_months"]
    discount = desk.new(
        "discount", checkout_session=None, customer=None, end=None, invoice=None,
        invoice_item=None, promotion_code=entry["promotion_code"],
        source={"coupon": coupon["id"], "type": "coupon"}, start=desk.now(), subscription=None,
        subscription_item=None, _duration=coupon["duration"],
    )  # fmt: skip
    del discount["livemode"]
    discount.update(of)
    if months:
        discount["end"] = months_later(desk.now(), months)
    return desk.save(discount)
