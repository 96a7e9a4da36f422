"""What is answered: objects without the sandbox's own fields, `expand[]`, lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from billing.sandbox.desk import Desk, public
from billing.sandbox.errors import invalid, missing
from billing.sandbox.store import Doc, Test

_MOST = 100
_DEEPEST = 4


def _transaction(desk: Desk, doc: Doc) -> Doc:
    return {"status": "available" if doc["available_on"] <= desk.now() else "pending"}


def _coupon(desk: Desk, doc: Doc) -> Doc:
    return {"valid": _redeemable(desk, doc, doc["redeem_by"])}


def _promotion_code(desk: Desk, doc: Doc) -> Doc:
    coupon = desk.store.get(doc["promotion"]["coupon"])
    valid = coupon is not None and not coupon.get("deleted") and _coupon(desk, coupon)["valid"]
    return {"active": doc["active"] and valid and _redeemable(desk, doc, doc["expires_at"])}


def _redeemable(desk: Desk, doc: Doc, until: int | None) -> bool:
    spent = doc["max_redemptions"] is not None and doc["times_redeemed"] >= doc["max_redemptions"]
    return not spent and (until is None or until > desk.now())


def _event(desk: Desk, doc: Doc) -> Doc:
    return {"pending_webhooks": desk.store.undelivered(doc["id"])}


def _dispute(desk: Desk, doc: Doc) -> Doc:
    details = doc["evidence_details"]
    past_due = details["due_by"] is not None and details["due_by"] <= desk.now()
    return {"evidence_details": {**details, "past_due": past_due}}


# What of an object follows from the clock and from other objects.
_LIVE: dict[str, Callable[[Desk, Doc], Doc]] = {
    "balance_transaction": _transaction,
    "coupon": _coupon,
    "promotion_code": _promotion_code,
    "event": _event,
    "dispute": _dispute,
}


def _of(kind: str, path: str) -> Callable[[Desk, Doc], Doc]:
    def find(desk: Desk, doc: Doc) -> Doc:
        found = desk.store.find(kind, (path, "=", doc["id"]), newest_first=True)
        over = ("canceled", "incomplete_expired") if kind == "subscription" else ()
        alive = [
            render(desk, one)
            for one in found
            if not one.get("deleted") and one.get("status") not in over
        ]
        return envelope(alive[:10], f"/v1/{_plural(kind)}", more=len(alive) > 10)

    return find


def _plural(kind: str) -> str:
    return kind.replace(".", "/") + "s"


def _line_items(desk: Desk, doc: Doc) -> Doc:
    items = [public(item) for item in doc["_items"]]
    return envelope(items, f"/v1/checkout/sessions/{doc['id']}/line_items")


def _confirmation(desk: Desk, doc: Doc) -> Doc | None:
    intent = desk.store.get(doc["_intent"]) if doc.get("_intent") else None
    return intent and {"client_secret": intent["client_secret"], "type": "payment_intent"}


# What is only answered when it is asked for by `expand[]`.
_ON_REQUEST: dict[tuple[str, str], Callable[[Desk, Doc], Any]] = {
    ("customer", "subscriptions"): _of("subscription", "customer"),
    ("customer", "tax_ids"): _of("tax_id", "customer"),
    ("charge", "refunds"): _of("refund", "charge"),
    ("checkout.session", "line_items"): _line_items,
    ("invoice", "payments"): _of("invoice_payment", "invoice"),
    ("invoice", "confirmation_secret"): _confirmation,
}


def render(desk: Desk, doc: Doc, expand: Iterable[str] = ()) -> Doc:
    """The object as it is answered, with what `expand` names in place of its id. Raises Refused."""
    found: Doc = public(doc)
    live = _LIVE.get(doc["object"])
    if live is not None and not doc.get("deleted"):
        found.update(live(desk, doc))
    for path in expand:
        steps = path.split(".")
        if len(steps) > _DEEPEST:
            message = f"You cannot expand more than {_DEEPEST} levels of a property."
            raise invalid(message, "expand")
        _expand(desk, found, steps, path)
    return found


def _expand(desk: Desk, holder: Any, steps: list[str], path: str) -> None:
    if isinstance(holder, list):
        for one in holder:
            _expand(desk, one, steps, path)
        return
    if not steps or not isinstance(holder, dict):
        return
    name, rest = steps[0], steps[1:]
    on_request = _ON_REQUEST.get((holder.get("object", ""), name))
    if on_request is not None and name not in holder:
        stored = desk.store.get(holder["id"])
        holder[name] = on_request(desk, stored) if stored else None
    if name not in holder:
        raise invalid(f"This property cannot be expanded ({path}).", "expand")
    holder[name] = _opened(desk, holder[name], path)
    _expand(desk, holder[name], rest, path)


def _opened(desk: Desk, value: Any, path: str) -> Any:
    if isinstance(value, list):
        return [_opened(desk, one, path) for one in value]
    if not isinstance(value, str):
        return value
    found = desk.store.get(value)
    if found is None:
        raise invalid(f"This property cannot be expanded ({path}).", "expand")
    return render(desk, found)


def envelope(data: list[Any], url: str, *, more: bool = False) -> Doc:
    """A list as it is answered."""
    return {"object": "list", "data": data, "has_more": more, "url": url}


def listed(
    desk: Desk, kind: str, params: Doc, tests: Iterable[Test] = (), *, url: str, label: str = ""
) -> Doc:
    """A page of the objects that pass the tests and the time asked for. Raises Refused.

    A page's `expand` begins with `data.`.
    """
    limit = params.get("limit", 10)
    if limit is None or not 1 <= limit <= _MOST:
        raise invalid(f"Invalid limit: must be between 1 and {_MOST}", "limit")
    after, before = params.get("starting_after"), params.get("ending_before")
    if after and before:
        raise invalid("You cannot parameterize both `ending_before` and `starting_after`.")
    for param, name in (("starting_after", after), ("ending_before", before)):
        if name and desk.store.get(name) is None:
            raise missing(label or kind.replace(".", " "), name, param)
    when: list[Test] = [("created", sign, at) for sign, at in params.get("created") or []]
    tests = [*when, *tests, ("deleted", "IS", None)]
    found, more = desk.store.page(kind, tests, limit=limit, after=after, before=before)
    return envelope([render(desk, doc) for doc in found], url, more=more)


def expanded_list(desk: Desk, answer: Doc, expand: Iterable[str]) -> Doc:
    """The list with what `expand` names below `data.`. Raises Refused."""
    for path in expand:
        steps = path.split(".")
        if steps[0] != "data":
            raise invalid(
                f"This property cannot be expanded ({path}). You may want data.", "expand"
            )
        _expand(desk, answer["data"], steps[1:], path)
    return answer


def equal(params: Doc, *names: str) -> list[Test]:
    """The tests that fields equal the parameters of the same names."""
    return [(name, "=", params[name]) for name in names if params.get(name) is not None]
