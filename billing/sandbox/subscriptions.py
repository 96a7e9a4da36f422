"""Subscriptions: what they are, how they begin and end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from billing.sandbox import catalogue, collecting, coupons, customers, invoices, methods
from billing.sandbox.desk import Desk
from billing.sandbox.errors import invalid
from billing.sandbox.forms import ANY, MAP, listing, merged, shape
from billing.sandbox.periods import end_of
from billing.sandbox.store import Doc, Test
from billing.sandbox.views import equal, listed

BEHAVIORS = ("allow_incomplete", "default_incomplete", "error_if_incomplete")
_ITEM = shape(price=str, price_data=catalogue.PRICE_DATA, quantity=int, metadata=MAP)
CREATE = shape(
    "customer", "items", customer=str, items=[_ITEM], metadata=MAP, default_payment_method=str,
    payment_behavior=BEHAVIORS, off_session=bool, description=str, currency=str,
    discounts=[coupons.GIVEN], automatic_tax=shape("enabled", enabled=bool),
    collection_method=("charge_automatically",), cancel_at_period_end=bool,
    payment_settings=ANY, billing_mode=ANY, proration_behavior=str,
)  # fmt: skip
CANCEL = shape(
    invoice_now=bool, prorate=bool,
    cancellation_details=shape(comment=str, feedback=str),
)  # fmt: skip
LIST = listing(
    customer=str, price=str, collection_method=str,
    status=("active", "all", "canceled", "ended", "incomplete", "incomplete_expired", "past_due",
            "paused", "trialing", "unpaid"),
)  # fmt: skip
OVER = ("canceled", "incomplete_expired")
_MOST = 999_999
RUNNING = ("active", "past_due")


def count(quantity: int) -> int:
    """A quantity as it is taken. Raises Refused."""
    if not 0 <= quantity <= _MOST:
        raise invalid(f"Invalid quantity: must be within 0 and {_MOST}", "items[0][quantity]")
    return quantity


def item(desk: Desk, price: Doc, quantity: int, start: int, end: int) -> Doc:
    """An item of a subscription for one period."""
    if price["type"] != "recurring":
        message = (
            "The price specified is set to `type=one_time` but this field only accepts prices with "
            "`type=recurring`."
        )
        raise invalid(message, "items[0][price]")
    doc = desk.new(
        "subscription_item", billed_until=None, billing_thresholds=None, current_period_end=end,
        current_period_start=start, discounts=[], metadata={}, plan=catalogue.plan_of(price),
        price=price, quantity=count(quantity), subscription="", tax_rates=[],
    )  # fmt: skip
    del doc["livemode"]
    return doc


def new(
    desk: Desk, customer: Doc, wanted: Sequence[tuple[Doc, int]], *, metadata: Doc,
    taxed: bool = False, **fields: Any,
) -> Doc:  # fmt: skip
    """A subscription from now on, incomplete until its first invoice is paid; not stored yet."""
    now = desk.now()
    recurring = wanted[0][0]["recurring"]
    end = end_of(now, now, recurring) if recurring else now
    items = [item(desk, price, quantity, now, end) for price, quantity in wanted]
    _same_interval(items)
    doc = desk.new(
        "subscription",
        application=None, application_fee_percent=None,
        automatic_tax={"disabled_reason": None, "enabled": taxed,
                       "liability": {"type": "self"} if taxed else None},
        billing_cycle_anchor=now, billing_cycle_anchor_config=None,
        billing_mode={"flexible": {"proration_discounts": "included"}, "type": "flexible"},
        billing_schedules=[], billing_thresholds=None, cancel_at=None, cancel_at_period_end=False,
        canceled_at=None,
        cancellation_details={"comment": None, "feedback": None, "reason": None},
        collection_method="charge_automatically", currency=items[0]["price"]["currency"],
        customer=customer["id"], days_until_due=None, default_payment_method=None,
        default_source=None, default_tax_rates=[], description=None, discounts=[], ended_at=None,
        invoice_settings={"account_tax_ids": None, "issuer": {"type": "self"}},
        latest_invoice=None, metadata=metadata, next_pending_invoice_item_invoice=None,
        on_behalf_of=None, pause_collection=None,
        payment_settings={"payment_method_options": None, "payment_method_types": None,
                          "save_default_payment_method": "off"},
        pending_invoice_item_interval=None, pending_setup_intent=None, pending_update=None,
        schedule=None, start_date=now, status="incomplete", test_clock=None, transfer_data=None,
        trial_end=None, trial_settings={"end_behavior": {"missing_payment_method":
                                                         "create_invoice"}},
        trial_start=None, _pending=[],
    )  # fmt: skip
    for one in items:
        one["subscription"] = doc["id"]
    doc["items"] = {"object": "list", "data": items, "has_more": False,
                    "url": f"/v1/subscription_items?subscription={doc['id']}"}  # fmt: skip
    doc.update(fields)
    return doc


def _same_interval(items: Sequence[Doc]) -> None:
    rhythms = {
        (one["price"]["recurring"]["interval"], one["price"]["recurring"]["interval_count"],
         one["price"]["currency"]) for one in items
    }  # fmt: skip
    if len(rhythms) != 1:
        raise invalid("All prices of a subscription must have one interval and currency.", "items")


def period_of(subscription: Doc) -> tuple[int, int]:
    """Beginning and end of the current period: its items'."""
    first = subscription["items"]["data"][0]
    return first["current_period_start"], first["current_period_end"]


def lines_of(desk: Desk, subscription: Doc, start: int, end: int) -> list[Doc]:
    """The invoice's lines for a whole period of all items."""
    return [
        invoices.line(
            desk, one["price"], one["quantity"], one["price"]["unit_amount"] * one["quantity"],
            period=(start, end), item=one, subscription=subscription["id"],
            description=f"{one['quantity']} × {named(desk, one['price'])}",
        )
        for one in subscription["items"]["data"]
    ]  # fmt: skip


def named(desk: Desk, price: Doc) -> str:
    """The price in words: Pro (at $20.00 / month)."""
    product = desk.store.get(price["product"]) or {"name": price["product"]}
    amount = f"{price['unit_amount'] // 100}.{price['unit_amount'] % 100:02}"
    sign = "$" if price["currency"] == "usd" else f"{price['currency'].upper()} "
    return f"{product['name']} (at {sign}{amount} / {price['recurring']['interval']})"


def first_invoice(desk: Desk, subscription: Doc, customer: Doc, extra: Sequence[Doc] = ()) -> Doc:
    """The built invoice that a subscription begins with; `extra` lines are paid once."""
    start, end = period_of(subscription)
    lines = [*lines_of(desk, subscription, start, end), *extra]
    return invoices.build(
        desk, customer, lines, reason="subscription_create",
        money=subscription["currency"], subscription=subscription,
        discounts=invoices.discounts_of(desk, subscription["discounts"]),
        taxed=subscription["automatic_tax"]["enabled"],
    )  # fmt: skip


def begin(desk: Desk, subscription: Doc, customer: Doc, extra: Sequence[Doc] = ()) -> Doc:
    """Store it, tell, and make its first invoice, which is finalized and returned."""
    invoice = first_invoice(desk, subscription, customer, extra)
    subscription["latest_invoice"] = invoice["id"]
    for one in subscription["items"]["data"]:
        one["_billed"] = invoices.billed(invoice)[one["id"]]
    desk.store.put(subscription)
    desk.emit("customer.subscription.created", subscription)
    invoices.draft(desk, invoice)
    return invoices.finalize(desk, invoice)


def create(desk: Desk, params: Doc) -> Doc:
    """POST /v1/subscriptions. Raises Declined by `error_if_incomplete`; then nothing was done."""
    customer = desk.get("customer", params["customer"], "customer")
    if params.get("default_payment_method"):
        chosen = params["default_payment_method"]
        methods.owned(desk, chosen, customer["id"], "default_payment_method")
    wanted = [
        (catalogue.of_request(desk, one, f"items[{at}]"), one.get("quantity", 1))
        for at, one in enumerate(params["items"])
    ]
    subscription = new(
        desk, customer, wanted, metadata=merged(None, params.get("metadata")),
        taxed=bool((params.get("automatic_tax") or {}).get("enabled")),
        default_payment_method=params.get("default_payment_method"),
        description=params.get("description"),
        cancel_at_period_end=bool(params.get("cancel_at_period_end")),
    )  # fmt: skip
    subtotal = sum(price["unit_amount"] * quantity for price, quantity in wanted)
    given = params.get("discounts") or []
    for entry in coupons.of_request(
        desk, given, customer["id"], subtotal, subscription["currency"]
    ):
        discount = coupons.redeem(
            desk, entry, customer=customer["id"], subscription=subscription["id"]
        )
        subscription["discounts"].append(discount["id"])
    invoice = begin(desk, subscription, customer)
    behavior = params.get("payment_behavior") or "allow_incomplete"
    collecting.settle(desk, invoice, subscription, behavior)
    return desk.get("subscription", subscription["id"])


def cancel(desk: Desk, params: Doc, name: str) -> Doc:
    """DELETE /v1/subscriptions/:id: at once."""
    subscription = desk.get("subscription", name, in_path=True)
    if subscription["status"] in OVER:
        raise invalid(f"No such subscription: '{name}'", "id", "resource_missing")
    details = params.get("cancellation_details") or {}
    subscription["cancellation_details"].update(details)
    return end(desk, subscription, "cancellation_requested")


def end(desk: Desk, subscription: Doc, reason: str) -> Doc:
    """It is over now."""
    subscription["cancellation_details"]["reason"] = (
        subscription["cancellation_details"]["reason"] or reason
    )
    subscription.update(
        status="canceled", ended_at=desk.now(),
        canceled_at=subscription["canceled_at"] or desk.now(), _pending=[],
    )  # fmt: skip
    desk.store.put(subscription)
    desk.emit("customer.subscription.deleted", subscription)
    return subscription


def delete_customer(desk: Desk, params: Doc, name: str) -> Doc:
    """DELETE /v1/customers/:id: what it subscribes to ends at once."""
    customer = desk.get("customer", name, in_path=True)
    for subscription in desk.store.find("subscription", ("customer", "=", name)):
        if subscription["status"] not in OVER:
            end(desk, subscription, "cancellation_requested")
    return customers.delete(desk, customer)


def expire(desk: Desk, subscription: Doc) -> None:
    """Its first invoice was never paid."""
    invoice = desk.get("invoice", subscription["latest_invoice"])
    if invoice["status"] == "open":
        invoices.void(desk, invoice)
    subscription.update(status="incomplete_expired", ended_at=desk.now())
    desk.save(subscription, "customer.subscription.updated")


def retrieve(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/subscriptions/:id."""
    return desk.get("subscription", name, in_path=True)


def listing_of(desk: Desk, params: Doc) -> Doc:
    """GET /v1/subscriptions: those that are canceled only when asked for."""
    tests: list[Test] = equal(params, "customer", "collection_method")
    status = params.get("status")
    if status == "ended":
        tests.append(("status", "IN", OVER))
    elif status is None:
        tests.append(("status", "!=", "canceled"))
    elif status != "all":
        tests.append(("status", "=", status))
    if params.get("price"):
        tests.append(("items.data[0].price.id", "=", params["price"]))
    return listed(desk, "subscription", params, tests, url="/v1/subscriptions")
