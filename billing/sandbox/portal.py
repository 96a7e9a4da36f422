"""The billing portal: its sessions, its configuration, and what a customer may do there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billing.sandbox import changing, customers, methods, setups, subscriptions
from billing.sandbox.desk import Desk
from billing.sandbox.errors import invalid, missing
from billing.sandbox.forms import ANY, MAP, listing, merged, shape
from billing.sandbox.store import Doc
from billing.sandbox.views import equal, listed
from kling_saas.lib.ids import random_base62

_FLOWS = ("customer_update", "payment_method_update", "subscription_cancel", "subscription_update")
_AFTER = shape(
    "type", type=("hosted_confirmation", "portal_homepage", "redirect"),
    redirect=shape("return_url", return_url=str), hosted_confirmation=shape(custom_message=str),
)  # fmt: skip
CREATE = shape(
    "customer", customer=str, configuration=str, locale=str, return_url=str,
    flow_data=shape("type", type=_FLOWS, after_completion=_AFTER,
                    subscription_cancel=shape("subscription", subscription=str),
                    subscription_update=shape("subscription", subscription=str)),
)  # fmt: skip
_UPDATE_FEATURE = shape(
    enabled=bool, default_allowed_updates=[str], proration_behavior=changing.PRORATIONS,
    products=[shape("product", "prices", product=str, prices=[str])],
)  # fmt: skip
_CANCEL_FEATURE = shape(
    enabled=bool, mode=("at_period_end", "immediately"), proration_behavior=changing.PRORATIONS,
    cancellation_reason=ANY,
)  # fmt: skip
_FEATURES = shape(
    customer_update=shape(enabled=bool, allowed_updates=[str]),
    invoice_history=shape(enabled=bool), payment_method_update=shape(enabled=bool),
    subscription_cancel=_CANCEL_FEATURE, subscription_update=_UPDATE_FEATURE,
)  # fmt: skip
_CONFIGURATION: dict[str, Any] = {
    "features": _FEATURES, "default_return_url": str, "metadata": MAP, "name": str,
    "business_profile": shape(headline=str, privacy_policy_url=str, terms_of_service_url=str),
}  # fmt: skip
CONFIGURATION_CREATE = shape("features", **_CONFIGURATION)
CONFIGURATION_UPDATE = shape(**_CONFIGURATION, active=bool)
CONFIGURATION_LIST = listing(active=bool, is_default=bool)


def create(desk: Desk, params: Doc) -> Doc:
    """POST /v1/billing_portal/sessions."""
    desk.get("customer", params["customer"], "customer")
    configuration = (
        desk.get("billing_portal.configuration", params["configuration"], "configuration")
        if params.get("configuration")
        else _default(desk)
    )
    flow = params.get("flow_data")
    secret = random_base62(40)
    session = desk.new(
        "billing_portal.session", after_expiration=None, configuration=configuration["id"],
        customer=params["customer"], flow=flow and _flow(desk, flow), locale=params.get("locale"),
        on_behalf_of=None,
        return_url=params.get("return_url") or configuration["default_return_url"],
        url=f"{desk.settings.public_url}/portal/{secret}",
    )  # fmt: skip
    session["_key"] = secret
    return desk.save(session, "billing_portal.session.created")


def _flow(desk: Desk, given: Doc) -> Doc:
    for kind in ("subscription_cancel", "subscription_update"):
        if given.get(kind):
            param = f"flow_data[{kind}][subscription]"
            desk.get("subscription", given[kind]["subscription"], param)
    after = {"hosted_confirmation": None, "redirect": None, "type": "portal_homepage"}
    return {
        "after_completion": {**after, **(given.get("after_completion") or {})},
        "subscription_cancel": given.get("subscription_cancel"),
        "subscription_update": given.get("subscription_update"),
        "subscription_update_confirm": None, "type": given["type"],
    }  # fmt: skip


def _default(desk: Desk) -> Doc:
    """The configuration of who never made one: everything is on, without plans to switch to."""
    found = desk.store.find("billing_portal.configuration", ("is_default", "=", True))
    if found:
        return found[0]
    on = {"enabled": True}
    return create_configuration(
        desk, {"features": {"customer_update": on, "invoice_history": on,
                            "payment_method_update": on, "subscription_cancel": on}},
    )  # fmt: skip


def create_configuration(desk: Desk, params: Doc) -> Doc:
    """POST /v1/billing_portal/configurations: the first one is the default."""
    first = not desk.store.find("billing_portal.configuration", ("is_default", "=", True))
    doc = desk.new(
        "billing_portal.configuration", active=True, application=None,
        business_profile={"headline": None, "privacy_policy_url": None,
                          "terms_of_service_url": None},
        default_return_url=None, features=_all_off(), is_default=first,
        login_page={"enabled": False, "url": None}, metadata={}, name=None, updated=desk.now(),
    )  # fmt: skip
    _configure(desk, doc, params)
    return desk.save(doc, "billing_portal.configuration.created")


def _all_off() -> Doc:
    return {
        "customer_update": {"allowed_updates": [], "enabled": False},
        "invoice_history": {"enabled": False},
        "payment_method_update": {"enabled": False, "payment_method_configuration": None},
        "subscription_cancel": {
            "cancellation_reason": {"enabled": False, "options": []}, "enabled": False,
            "mode": "at_period_end", "proration_behavior": "none"},
        "subscription_update": {
            "billing_cycle_anchor": None, "default_allowed_updates": [], "enabled": False,
            "products": [], "proration_behavior": "none",
            "schedule_at_period_end": {"conditions": []}, "trial_update_behavior": "end_trial"},
    }  # fmt: skip


def _configure(desk: Desk, doc: Doc, params: Doc) -> None:
    for name, given in (params.get("features") or {}).items():
        doc["features"][name].update(given or {})
    for product in doc["features"]["subscription_update"]["products"]:
        desk.get("product", product["product"], "features[subscription_update][products]")
        product.setdefault("adjustable_quantity", {"enabled": False, "maximum": None, "minimum": 1})
        for name in product["prices"]:
            desk.get("price", name, "features[subscription_update][products]")
    doc["business_profile"].update(params.get("business_profile") or {})
    doc["metadata"] = merged(doc["metadata"], params.get("metadata"))
    for name in ("default_return_url", "name", "active"):
        doc[name] = params.get(name, doc[name])
    doc["updated"] = desk.now()


def update_configuration(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/billing_portal/configurations/:id."""
    doc = desk.get("billing_portal.configuration", name, in_path=True)
    _configure(desk, doc, params)
    return desk.save(doc, "billing_portal.configuration.updated")


def retrieve_configuration(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/billing_portal/configurations/:id."""
    return desk.get("billing_portal.configuration", name, in_path=True)


def list_configurations(desk: Desk, params: Doc) -> Doc:
    """GET /v1/billing_portal/configurations."""
    tests = equal(params, "active", "is_default")
    kind = "billing_portal.configuration"
    return listed(desk, kind, params, tests, url="/v1/billing_portal/configurations")


def opened(desk: Desk, key: str) -> tuple[Doc, Doc, Doc]:
    """Session, customer and configuration behind the address of a portal. Raises Refused."""
    found = desk.store.find("billing_portal.session", ("_key", "=", key))
    if not found:
        raise missing("portal session", key, in_path=True)
    session = found[0]
    configuration = desk.get("billing_portal.configuration", session["configuration"])
    return session, desk.get("customer", session["customer"]), configuration


def plans(desk: Desk, configuration: Doc) -> list[Doc]:
    """The prices that a subscription may be switched to."""
    feature = configuration["features"]["subscription_update"]
    if not feature["enabled"]:
        return []
    names = [name for product in feature["products"] for name in product["prices"]]
    return [desk.get("price", name) for name in names]


def act(desk: Desk, key: str, form: Mapping[str, str]) -> str:
    """Do what the customer pressed; where to go next, "" for the portal. Raises Refused."""
    _, customer, configuration = opened(desk, key)
    wanted = form.get("act", "")
    does = {
        "cancel": _cancel, "resume": _resume, "switch": _switch,
        "card": _add_card, "remove": _remove_card, "default": _use_card,
    }.get(wanted)  # fmt: skip
    feature = {
        "cancel": "subscription_cancel", "resume": "subscription_cancel",
        "switch": "subscription_update",
    }.get(wanted, "payment_method_update")  # fmt: skip
    if does is None or not configuration["features"][feature]["enabled"]:
        raise invalid("This cannot be done here.")
    return does(desk, customer, configuration, form) or ""


def _own(desk: Desk, customer: Doc, kind: str, name: str) -> Doc:
    found = desk.get(kind, name)
    if found["customer"] != customer["id"]:
        raise missing(kind.replace("_", " "), name)
    return found


def _cancel(desk: Desk, customer: Doc, configuration: Doc, form: Mapping[str, str]) -> None:
    subscription = _own(desk, customer, "subscription", form.get("subscription", ""))
    if configuration["features"]["subscription_cancel"]["mode"] == "immediately":
        subscriptions.end(desk, subscription, "cancellation_requested")
    else:
        changing.update(desk, {"cancel_at_period_end": True}, subscription["id"])


def _resume(desk: Desk, customer: Doc, configuration: Doc, form: Mapping[str, str]) -> None:
    subscription = _own(desk, customer, "subscription", form.get("subscription", ""))
    changing.update(desk, {"cancel_at_period_end": False}, subscription["id"])


def _switch(desk: Desk, customer: Doc, configuration: Doc, form: Mapping[str, str]) -> None:
    subscription = _own(desk, customer, "subscription", form.get("subscription", ""))
    price = form.get("price", "")
    if price not in [plan["id"] for plan in plans(desk, configuration)]:
        raise invalid("This plan cannot be chosen.")
    item = subscription["items"]["data"][0]
    change = {
        "items": [{"id": item["id"], "price": price}],
        "proration_behavior":
            configuration["features"]["subscription_update"]["proration_behavior"],
        "payment_behavior": "error_if_incomplete",
    }  # fmt: skip
    changing.update(desk, change, subscription["id"])


def _add_card(desk: Desk, customer: Doc, configuration: Doc, form: Mapping[str, str]) -> str:
    """A new card, which everything is paid with from then on; maybe the bank asks first."""
    method = cards_from(desk, form, customer)
    intent = setups.new(desk, customer["id"], {}, None)
    intent["_portal"] = form.get("key", "")
    setups.attempt(desk, intent, method)
    if intent["status"] == "requires_action":
        return f"{desk.settings.public_url}/3ds/{intent['id']}"
    use(desk, desk.get("customer", customer["id"]), method["id"])
    return ""


def cards_from(desk: Desk, form: Mapping[str, str], customer: Doc) -> Doc:
    """The card as typed. Raises Declined."""
    from_page = {"email": customer["email"], "name": form.get("name") or customer["name"],
                 "address": customers.address({"country": form.get("country")})}  # fmt: skip
    return methods.typed(desk, form, from_page)


def _use_card(desk: Desk, customer: Doc, configuration: Doc, form: Mapping[str, str]) -> None:
    use(desk, customer, _own(desk, customer, "payment_method", form.get("method", ""))["id"])


def use(desk: Desk, customer: Doc, method: str) -> None:
    """Invoices of the customer and of each subscription are paid with this card from now on."""
    customer["invoice_settings"]["default_payment_method"] = method
    desk.save(customer, "customer.updated")
    for one in desk.store.find("subscription", ("customer", "=", customer["id"])):
        if one["status"] not in subscriptions.OVER:
            one["default_payment_method"] = method
            desk.save(one, "customer.subscription.updated")


def _remove_card(desk: Desk, customer: Doc, configuration: Doc, form: Mapping[str, str]) -> None:
    method = _own(desk, customer, "payment_method", form.get("method", ""))
    methods.detach(desk, {}, method["id"])
