"""Setup intents: a card is saved for later, nothing is paid."""

from __future__ import annotations

from billing.sandbox import cards, methods
from billing.sandbox.desk import Desk, public
from billing.sandbox.errors import Declined, invalid
from billing.sandbox.forms import listing
from billing.sandbox.store import Doc
from billing.sandbox.views import equal, listed
from kling_saas.lib.ids import random_base62

LIST = listing(customer=str, payment_method=str)


def new(desk: Desk, customer: str | None, metadata: Doc, description: str | None) -> Doc:
    """A new one, stored and told."""
    intent = desk.new(
        "setup_intent", allowed_payment_method_types=None, application=None,
        automatic_payment_methods=None, cancellation_reason=None, customer=customer,
        description=description, flow_directions=None, last_setup_error=None, latest_attempt=None,
        mandate=None, metadata=metadata, next_action=None, on_behalf_of=None, payment_method=None,
        payment_method_options={"card": {"mandate_options": None, "network": None,
                                         "request_three_d_secure": "automatic"}},
        payment_method_types=["card"], single_use_mandate=None,
        status="requires_payment_method", usage="off_session",
    )  # fmt: skip
    intent["client_secret"] = f"{intent['id']}_secret_{random_base62(25)}"
    return desk.save(intent, "setup_intent.created")


def attempt(desk: Desk, intent: Doc, method: Doc) -> None:
    """Save the card, or ask its holder to confirm. Raises Declined, on record."""
    intent.update(payment_method=method["id"], last_setup_error=None, next_action=None)
    if method["_decline"] and not method["_attaches"]:
        raise _fail(desk, intent, method, cards.refusal(method["_decline"]))
    if method["_asks"]:
        url = f"{desk.settings.public_url}/3ds/{intent['id']}"
        sdk = {"type": "three_d_secure_redirect", "stripe_js": url, "source": intent["id"]}
        intent.update(
            status="requires_action",
            next_action={"type": "use_stripe_sdk", "use_stripe_sdk": sdk},
        )
        desk.store.put(intent)
        desk.emit("setup_intent.requires_action", intent)
        return
    _succeed(desk, intent, method)


def authenticate(desk: Desk, intent: Doc, *, passed: bool) -> None:
    """The holder's answer. Raises Declined, on record, when it is no."""
    if intent["status"] != "requires_action":
        raise invalid("This SetupIntent does not wait for its customer.", None,
                      "setup_intent_unexpected_state")  # fmt: skip
    method = desk.get("payment_method", intent["payment_method"])
    intent["next_action"] = None
    if passed:
        method["_set_up"] = True
        _succeed(desk, intent, method)
        return
    message = (
        "We are unable to authenticate your payment method. Please choose a different payment "
        "method and try again."
    )
    raise _fail(desk, intent, method, Declined(message, "setup_intent_authentication_failure"))


def _succeed(desk: Desk, intent: Doc, method: Doc) -> None:
    desk.store.put(method)
    if intent["customer"]:
        methods.give(desk, method, intent["customer"])
    intent["status"] = "succeeded"
    desk.save(intent, "setup_intent.succeeded")


def _fail(desk: Desk, intent: Doc, method: Doc, refusal: Declined) -> Declined:
    refusal.fields["payment_method"] = public(method)
    intent.update(
        status="requires_payment_method", payment_method=None, next_action=None,
        last_setup_error=refusal.facts(),
    )  # fmt: skip
    desk.save(intent, "setup_intent.setup_failed")
    refusal.fields["setup_intent"] = public(intent)
    return refusal


def retrieve(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/setup_intents/:id."""
    return desk.get("setup_intent", name, in_path=True)


def listing_of(desk: Desk, params: Doc) -> Doc:
    """GET /v1/setup_intents."""
    tests = equal(params, "customer", "payment_method")
    return listed(desk, "setup_intent", params, tests, url="/v1/setup_intents")
