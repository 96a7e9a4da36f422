"""Changes of a running subscription: other prices with proration, cancelling at its end."""

from __future__ import annotations

import copy
from typing import Any

from billing.sandbox import catalogue, collecting, coupons, invoices, methods, subscriptions
from billing.sandbox.desk import Desk
from billing.sandbox.errors import invalid, required
from billing.sandbox.forms import ANY, MAP, merged, shape
from billing.sandbox.periods import day, end_of, share
from billing.sandbox.store import Doc

_PENDING = "pending_if_incomplete"
# What may be pending, and how.
_PENDABLE = {"items", "proration_behavior", "proration_date", "payment_behavior", "off_session"}
_PENDING_SECONDS = 23 * 3600
PRORATIONS = ("create_prorations", "always_invoice", "none")
ITEM = shape(
    id=str, price=str, price_data=catalogue.PRICE_DATA, quantity=int, deleted=bool, metadata=MAP
)
UPDATE = shape(
    items=[ITEM], proration_behavior=PRORATIONS, proration_date=int, cancel_at_period_end=bool,
    cancellation_details=shape(comment=str, feedback=str), metadata=MAP,
    default_payment_method=str, description=str, off_session=bool,
    payment_behavior=(*subscriptions.BEHAVIORS, _PENDING), discounts=[coupons.GIVEN],
    automatic_tax=shape("enabled", enabled=bool), payment_settings=ANY,
)  # fmt: skip


def update(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/subscriptions/:id. Raises Declined by `error_if_incomplete`; nothing is changed."""
    subscription = desk.get("subscription", name, in_path=True)
    if subscription["status"] in subscriptions.OVER:
        message = "A canceled subscription can only update its cancellation_details and metadata."
        if set(params) - {"metadata", "cancellation_details"}:
            raise invalid(message)
    if params.get("payment_behavior") == _PENDING:
        return _pend(desk, subscription, params)
    _facts(desk, subscription, params)
    _cancelling(desk, subscription, params)
    if params.get("discounts") is not None:
        _discount(desk, subscription, params["discounts"])
    invoice = None
    if params.get("items"):
        invoice = _change(desk, subscription, params)
    desk.save(subscription, "customer.subscription.updated")
    if invoice is not None:
        _collect(desk, subscription, invoice, params)
    return desk.get("subscription", name)


def _pend(desk: Desk, subscription: Doc, params: Doc) -> Doc:
    """A change that waits until its invoice is paid, and is forgotten if it is not in time."""
    strange = sorted(set(params) - _PENDABLE)
    if strange:
        message = f"You cannot pass `{strange[0]}` when `payment_behavior` is `{_PENDING}`."
        raise invalid(message, strange[0])
    changed = copy.deepcopy(subscription)
    invoice = _change(desk, changed, params)
    if invoice is None:
        return desk.save(changed, "customer.subscription.updated")
    wanted = {name: changed[name] for name in ("items", "billing_cycle_anchor", "_pending")}
    subscription.update(latest_invoice=invoice["id"], _update={"invoice": invoice["id"], **wanted})
    desk.store.put(subscription)
    _collect(desk, subscription, invoice, params)
    found = desk.get("subscription", subscription["id"])
    if found.get("_update"):
        end = subscriptions.period_of(found)[1]
        found["pending_update"] = {
            "billing_cycle_anchor": None, "expires_at": min(desk.now() + _PENDING_SECONDS, end),
            "subscription_items": wanted["items"]["data"], "trial_end": None,
            "trial_from_plan": None,
        }  # fmt: skip
        desk.save(found, "customer.subscription.updated")
    return found


def _facts(desk: Desk, subscription: Doc, params: Doc) -> None:
    subscription["metadata"] = merged(subscription["metadata"], params.get("metadata"))
    subscription["description"] = params.get("description", subscription["description"])
    if params.get("automatic_tax"):
        subscription["automatic_tax"]["enabled"] = params["automatic_tax"]["enabled"]
    chosen = params.get("default_payment_method")
    if chosen:
        methods.owned(desk, chosen, subscription["customer"], "default_payment_method")
        subscription["default_payment_method"] = chosen


def _cancelling(desk: Desk, subscription: Doc, params: Doc) -> None:
    """`canceled_at` is when it was asked for, `cancel_at` when it comes true."""
    subscription["cancellation_details"].update(params.get("cancellation_details") or {})
    wanted = params.get("cancel_at_period_end")
    if wanted is None or wanted == subscription["cancel_at_period_end"]:
        return
    subscription.update(
        cancel_at_period_end=wanted,
        cancel_at=subscriptions.period_of(subscription)[1] if wanted else None,
        canceled_at=desk.now() if wanted else None,
    )
    subscription["cancellation_details"]["reason"] = "cancellation_requested" if wanted else None


def _discount(desk: Desk, subscription: Doc, given: list[Doc]) -> None:
    owner = subscription["customer"]
    subtotal = sum(
        one["price"]["unit_amount"] * one["quantity"] for one in subscription["items"]["data"]
    )
    entries = coupons.of_request(desk, given, owner, subtotal, subscription["currency"])
    subscription["discounts"] = [
        coupons.redeem(desk, entry, customer=owner, subscription=subscription["id"])["id"]
        for entry in entries
    ]


def _change(desk: Desk, subscription: Doc, params: Doc) -> Doc | None:
    """Other items from now on; the invoice to be paid at once, if there is any."""
    behavior = params.get("proration_behavior") or "create_prorations"
    lines, at_once = replace_items(desk, subscription, params)
    subscription["_pending"] += lines
    if behavior != "always_invoice" and not at_once:
        return None
    taken, subscription["_pending"] = subscription["_pending"], []
    if not taken:
        return None
    customer = desk.get("customer", subscription["customer"])
    invoice = change_invoice(desk, subscription, customer, taken)
    subscription["latest_invoice"] = invoice["id"]
    billed = invoices.billed(invoice)
    for one in subscription["items"]["data"]:
        if one["id"] in billed:
            one["_billed"] = billed[one["id"]]
    return invoice


def change_invoice(desk: Desk, subscription: Doc, customer: Doc, lines: list[Doc]) -> Doc:
    """The built invoice of a change."""
    return invoices.build(
        desk, customer, lines, reason="subscription_update", money=subscription["currency"],
        subscription=subscription,
        discounts=invoices.discounts_of(desk, subscription["discounts"]),
        taxed=subscription["automatic_tax"]["enabled"],
    )  # fmt: skip


def replace_items(desk: Desk, subscription: Doc, params: Doc) -> tuple[list[Doc], bool]:
    """Put the wanted items in place; the proration lines, and whether the period began anew.

    Another interval begins a new period now and is charged in full at once.
    """
    behavior = params.get("proration_behavior") or "create_prorations"
    at = params.get("proration_date") or desk.now()
    start, end = subscriptions.period_of(subscription)
    if not start <= at <= end:
        raise invalid("proration_date must be within the current period.", "proration_date")
    before = subscription["items"]["data"]
    after = _wanted(desk, subscription, params["items"])
    rhythm = [one["price"]["recurring"] for one in (before[0], after[0])]
    anew = rhythm[0] != rhythm[1]
    lines = [] if behavior == "none" else _credits(desk, before, after, at, (start, end), anew=anew)
    if anew:
        start, end = desk.now(), end_of(desk.now(), desk.now(), rhythm[1])
        subscription["billing_cycle_anchor"] = start
    for one in after:
        one.update(current_period_start=start, current_period_end=end)
    subscription["items"]["data"] = after
    if anew:
        lines += subscriptions.lines_of(desk, subscription, start, end)
    elif behavior != "none":
        lines += _debits(desk, before, after, at, (start, end))
    return lines, anew


def _wanted(desk: Desk, subscription: Doc, given: list[Doc]) -> list[Doc]:
    found = {one["id"]: copy.deepcopy(one) for one in subscription["items"]["data"]}
    start, end = subscriptions.period_of(subscription)
    for at, one in enumerate(given):
        name = one.get("id")
        if name and name not in found:
            raise invalid(f"No such subscription item: '{name}'", f"items[{at}][id]",
                          "resource_missing")  # fmt: skip
        if one.get("deleted"):
            found.pop(name or "", None)
            continue
        named = one.get("price") or one.get("price_data")
        price = catalogue.of_request(desk, one, f"items[{at}]") if named else None
        if name:
            _alter(found[name], price, one.get("quantity"))
        elif price is None:
            raise required(f"items[{at}][price]")
        else:
            fresh = subscriptions.item(desk, price, one.get("quantity", 1), start, end)
            fresh["subscription"] = subscription["id"]
            found[fresh["id"]] = fresh
    if not found:
        raise invalid("A subscription must have at least one item.", "items")
    return list(found.values())


def _alter(item: Doc, price: Doc | None, quantity: int | None) -> None:
    if price is not None:
        if price["type"] != "recurring":
            raise invalid("This field only accepts prices with `type=recurring`.", "items")
        item.update(price=price, plan=catalogue.plan_of(price))
    item["quantity"] = item["quantity"] if quantity is None else subscriptions.count(quantity)


def _worth(item: Doc) -> Any:
    return item["price"]["id"], item["quantity"]


def _changed(ones: list[Doc], others: list[Doc]) -> list[Doc]:
    """The items that the other list has not, or has with another price or quantity."""
    same = {one["id"]: _worth(one) for one in others}
    return [one for one in ones if same.get(one["id"]) != _worth(one)]


def _credits(
    desk: Desk, before: list[Doc], after: list[Doc], at: int, period: tuple[int, int], *, anew: bool
) -> list[Doc]:
    """What was paid for the rest of the period comes back, less the discount it was bought with."""
    lines = []
    for one in before if anew else _changed(before, after):
        paid = one.get("_billed", one["price"]["unit_amount"] * one["quantity"])
        amount = -share(paid, period[1] - at, period[1] - period[0])
        text = f"Unused time on {subscriptions.named(desk, one['price'])} after {day(at)}"
        lines.append(_proration(desk, one, amount, (at, period[1]), text))
    return lines


def _debits(
    desk: Desk, before: list[Doc], after: list[Doc], at: int, period: tuple[int, int]
) -> list[Doc]:
    lines = []
    for one in _changed(after, before):
        whole = one["price"]["unit_amount"] * one["quantity"]
        amount = share(whole, period[1] - at, period[1] - period[0])
        text = f"Remaining time on {subscriptions.named(desk, one['price'])} after {day(at)}"
        lines.append(_proration(desk, one, amount, (at, period[1]), text))
        one.pop("_billed", None)
    return lines


def _proration(desk: Desk, item: Doc, amount: int, period: tuple[int, int], text: str) -> Doc:
    return invoices.line(
        desk, item["price"], item["quantity"], amount, period=period, description=text, item=item,
        subscription=item["subscription"], proration=True,
    )  # fmt: skip


def _collect(desk: Desk, subscription: Doc, invoice: Doc, params: Doc) -> None:
    invoices.draft(desk, invoice)
    invoices.finalize(desk, invoice)
    behavior = params.get("payment_behavior") or "allow_incomplete"
    away = bool(params.get("off_session"))
    collecting.settle(desk, invoice, subscription, behavior, off_session=away)
