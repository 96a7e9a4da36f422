"""Payment intents: one payment from the first try to its end."""

from __future__ import annotations

from typing import Any

from billing.sandbox import cards, charges, disputes, methods
from billing.sandbox.catalogue import currency
from billing.sandbox.desk import Desk, public
from billing.sandbox.errors import Declined, Refused, invalid
from billing.sandbox.forms import ANY, MAP, listing, merged, shape
from billing.sandbox.store import Doc
from billing.sandbox.views import equal, listed
from kling_saas.lib.ids import random_base62

LEAST = 50  # cents
MOST = 99_999_999
USAGES = ("off_session", "on_session")
_COMMON: dict[str, Any] = {
    "customer": str, "description": str, "metadata": MAP, "payment_method": str,
    "receipt_email": str, "setup_future_usage": USAGES, "allowed_payment_method_types": [str],
    "payment_method_options": ANY, "statement_descriptor": str,
    "statement_descriptor_suffix": str,
}  # fmt: skip
CREATE = shape(
    "amount", "currency", **_COMMON, amount=int, currency=str, confirm=bool, off_session=bool,
    return_url=str, error_on_requires_action=bool, capture_method=("automatic", "automatic_async"),
    confirmation_method=("automatic",), use_stripe_sdk=bool,
    automatic_payment_methods=shape("enabled", enabled=bool, allow_redirects=("always", "never")),
)  # fmt: skip
UPDATE = shape(**_COMMON, amount=int, currency=str)
CONFIRM = shape(
    payment_method=str, off_session=bool, return_url=str, receipt_email=str,
    setup_future_usage=USAGES, error_on_requires_action=bool, use_stripe_sdk=bool,
    payment_method_options=ANY, mandate_data=ANY,
)  # fmt: skip
CANCEL = shape(
    cancellation_reason=("abandoned", "duplicate", "fraudulent", "requested_by_customer")
)
LIST = listing(customer=str)
_WAITING = ("requires_payment_method", "requires_confirmation", "requires_action")


def new(desk: Desk, amount: int, money: str, **fields: Any) -> Doc:
    """A new intent, stored and told. Names with an underscore say what it pays for."""
    intent = desk.new(
        "payment_intent",
        amount=amount, amount_capturable=0, amount_details={"tip": {}}, amount_received=0,
        allowed_payment_method_types=None, application=None, application_fee_amount=None,
        automatic_payment_methods={"allow_redirects": "always", "enabled": True},
        canceled_at=None, cancellation_reason=None, capture_method="automatic_async",
        confirmation_method="automatic", currency=money, customer=None, description=None,
        last_payment_error=None, latest_charge=None, metadata={}, next_action=None,
        on_behalf_of=None, payment_method=None, payment_method_options={"card": {
            "installments": None, "mandate_options": None, "network": None,
            "request_three_d_secure": "automatic"}},
        payment_method_types=["card"], processing=None, receipt_email=None, review=None,
        setup_future_usage=None, shipping=None, source=None, statement_descriptor=None,
        statement_descriptor_suffix=None, status="requires_payment_method", transfer_data=None,
        transfer_group=None,
    )  # fmt: skip
    intent["client_secret"] = f"{intent['id']}_secret_{random_base62(25)}"
    intent.update(fields)
    return desk.save(intent, "payment_intent.created")


def create(desk: Desk, params: Doc) -> Doc:
    """POST /v1/payment_intents. Raises Declined when it is confirmed as well and refused."""
    amount, money = params["amount"], currency(params["currency"])
    _check_amount(amount)
    if params.get("off_session") and not params.get("confirm"):
        raise invalid("off_session can only be used with confirm=true.", "off_session")
    if params.get("customer"):
        desk.get("customer", params["customer"], "customer")
    copied = ("customer", "description", "receipt_email", "setup_future_usage",
              "statement_descriptor", "statement_descriptor_suffix")  # fmt: skip
    method = params.get("payment_method")
    if method:
        method = _usable(desk, method, params.get("customer"))["id"]
    intent = new(
        desk, amount, money,
        **{name: params.get(name) for name in copied},
        capture_method=params.get("capture_method") or "automatic_async",
        metadata=merged(None, params.get("metadata")), payment_method=method,
        status="requires_confirmation" if method else "requires_payment_method",
    )  # fmt: skip
    return _confirm(desk, intent, params) if params.get("confirm") else intent


def _check_amount(amount: int) -> None:
    if amount < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    if amount < LEAST:
        raise invalid("Amount must be at least $0.50 usd", "amount", "amount_too_small")
    if amount > MOST:
        raise invalid("Amount must be no more than $999,999.99", "amount", "amount_too_large")


def _usable(desk: Desk, name: str, customer: str | None) -> Doc:
    """The method, if this customer (or, of nobody yet, anybody) may pay with it. Raises Refused."""
    method = methods.resolve(desk, name)
    if method["customer"] is not None and method["customer"] != customer:
        if customer is None:
            message = (
                f"The PaymentMethod {name} belongs to the Customer {method['customer']}. Please "
                "include the Customer in the `customer` parameter on the PaymentIntent."
            )
            raise invalid(message, "payment_method")
        raise methods.not_attached(name, "payment_method")
    if method["customer"] is None and (method.get("_detached") or method.get("_spent")):
        message = (
            "This PaymentMethod was previously used without being attached to a Customer or was "
            "detached from a Customer, and may not be used again."
        )
        raise invalid(message, "payment_method", "payment_method_unactivated")
    return method


def update(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/payment_intents/:id."""
    intent = desk.get("payment_intent", name, in_path=True)
    if intent["status"] not in _WAITING:
        raise _unexpected(intent, "updated")
    if params.get("amount") is not None:
        _check_amount(params["amount"])
    for field, value in params.items():
        if field == "metadata":
            intent[field] = merged(intent[field], value)
        elif field == "payment_method" and value:
            intent[field] = _usable(desk, value, intent["customer"])["id"]
            intent["status"] = "requires_confirmation"
        elif field not in ("allowed_payment_method_types", "payment_method_options"):
            intent[field] = value
    return desk.save(intent)


def confirm(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/payment_intents/:id/confirm. Raises Declined."""
    intent = desk.get("payment_intent", name, in_path=True)
    if intent["status"] not in _WAITING:
        raise _unexpected(intent, "confirmed")
    if params.get("payment_method"):
        chosen = _usable(desk, params["payment_method"], intent["customer"])
        intent["payment_method"] = chosen["id"]
    for field in ("receipt_email", "setup_future_usage"):
        intent[field] = params.get(field, intent[field])
    return _confirm(desk, intent, params)


def _confirm(desk: Desk, intent: Doc, params: Doc) -> Doc:
    if not intent["payment_method"]:
        message = (
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can "
            "either update the PaymentIntent with a payment method and then confirm it again, or "
            "confirm it again directly with a payment method."
        )
        raise invalid(message, None, "payment_intent_unexpected_state")
    method = desk.get("payment_method", intent["payment_method"], "payment_method")
    intent["_return_url"] = params.get("return_url")
    strict = bool(params.get("error_on_requires_action"))
    attempt(desk, intent, method, off_session=bool(params.get("off_session")), strict=strict)
    return intent


def attempt(
    desk: Desk, intent: Doc, method: Doc, *, off_session: bool, strict: bool = False
) -> None:
    """Take the money, or ask the customer to confirm. Raises Declined; the failure is on record.

    `strict`: rather refuse than ask.
    """
    intent.update(payment_method=method["id"], last_payment_error=None, next_action=None)
    if method["_decline"]:
        raise fail(desk, intent, method, cards.refusal(method["_decline"]))
    if method["_asks"] == "always" or (method["_asks"] == "once" and not method["_set_up"]):
        if off_session or strict:
            raise fail(desk, intent, method, cards.wants_authentication())
        _ask(desk, intent)
        return
    _succeed(desk, intent, method, authenticated=False)


def _ask(desk: Desk, intent: Doc) -> None:
    url = f"{desk.settings.public_url}/3ds/{intent['id']}"
    back = intent.get("_return_url")
    if back:
        action: Doc = {"redirect_to_url": {"return_url": back, "url": url},
                       "type": "redirect_to_url"}  # fmt: skip
    else:
        sdk = {"type": "three_d_secure_redirect", "stripe_js": url, "source": intent["id"]}
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": sdk}
    intent.update(status="requires_action", next_action=action)
    desk.store.put(intent)
    desk.emit("payment_intent.requires_action", intent)


def authenticate(desk: Desk, intent: Doc, *, passed: bool) -> None:
    """The customer's answer to the bank's question. Raises Declined, on record, when it is no."""
    if intent["status"] != "requires_action":
        raise _unexpected(intent, "authenticated")
    method = desk.get("payment_method", intent["payment_method"])
    intent["next_action"] = None
    if passed:
        _succeed(desk, intent, method, authenticated=True)
        return
    message = (
        "We are unable to authenticate your payment method. Please choose a different payment "
        "method and try again."
    )
    refusal = Declined(message, "payment_intent_authentication_failure")
    raise fail(desk, intent, method, refusal, charged=False)


def _succeed(desk: Desk, intent: Doc, method: Doc, *, authenticated: bool) -> None:
    kept = intent["setup_future_usage"] and intent["customer"]
    if kept and method["customer"] is None:
        methods.give(desk, method, intent["customer"])
    method["_set_up"] = method["_set_up"] or bool(kept and authenticated)
    method["_spent"] = method["customer"] is None
    desk.store.put(method)
    charge = charges.charge(desk, intent, method, authenticated=authenticated)
    intent.update(
        status="succeeded", amount_received=intent["amount"], latest_charge=charge["id"],
        next_action=None, last_payment_error=None,
    )  # fmt: skip
    desk.store.put(intent)
    desk.emit("charge.succeeded", charge)
    desk.emit("payment_intent.succeeded", intent)
    charges.book(desk, charge, method)
    disputes.after(desk, charge, method["_after"])


def fail(
    desk: Desk, intent: Doc, method: Doc, refusal: Declined, *, charged: bool = True
) -> Declined:
    """Put the failure on record; the refusal, now with the intent in it."""
    if charged:
        charge = charges.charge(desk, intent, method, refusal)
        refusal.fields["charge"] = intent["latest_charge"] = charge["id"]
        desk.emit("charge.failed", charge)
    refusal.fields["payment_method"] = public(method)
    intent.update(
        status="requires_payment_method", payment_method=None, next_action=None,
        last_payment_error=refusal.facts(),
    )  # fmt: skip
    desk.store.put(intent)
    desk.emit("payment_intent.payment_failed", intent)
    refusal.fields["payment_intent"] = public(intent)
    return refusal


def cancel(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/payment_intents/:id/cancel."""
    intent = desk.get("payment_intent", name, in_path=True)
    if intent["status"] not in _WAITING:
        raise _unexpected(intent, "canceled")
    return void(desk, intent, params.get("cancellation_reason"))


def void(desk: Desk, intent: Doc, reason: str | None) -> Doc:
    """It is not to be paid any more."""
    intent.update(
        status="canceled", canceled_at=desk.now(), cancellation_reason=reason, next_action=None
    )
    return desk.save(intent, "payment_intent.canceled")


def _unexpected(intent: Doc, verb: str) -> Refused:
    message = (
        f"This PaymentIntent's status is {intent['status']}: it could not be {verb}. "
        f"A PaymentIntent must be in one of {', '.join(_WAITING)}."
    )
    refusal = invalid(message, None, "payment_intent_unexpected_state")
    refusal.fields["payment_intent"] = public(intent)
    return refusal


def retrieve(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/payment_intents/:id."""
    return desk.get("payment_intent", name, in_path=True)


def listing_of(desk: Desk, params: Doc) -> Doc:
    """GET /v1/payment_intents."""
    tests = equal(params, "customer")
    return listed(desk, "payment_intent", params, tests, url="/v1/payment_intents")
