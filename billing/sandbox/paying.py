"""What the hosted page does when somebody pays: customer, card, payment, the end of the session."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from billing.sandbox import (
    cards,
    checkout,
    collecting,
    coupons,
    customers,
    intents,
    invoices,
    methods,
    portal,
    setups,
    subscriptions,
)  # fmt: skip
from billing.sandbox.desk import Desk
from billing.sandbox.errors import Declined, invalid
from billing.sandbox.forms import merged
from billing.sandbox.store import Doc


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """What somebody typed, without the card."""

    email: str | None
    name: str
    country: str
    company: str | None
    vat: str | None

    @property
    def address(self) -> Doc:
        """As far as the page asks for one."""
        return {"city": None, "country": self.country, "line1": None, "line2": None,
                "postal_code": None, "state": None}  # fmt: skip


def submit(desk: Desk, session: Doc, form: Mapping[str, str]) -> str:
    """Pay a session as the form says; where to go next. Raises Refused with words for the page."""
    if session["status"] != "open":
        raise checkout.not_open(session)
    payer = _payer(desk, session, form)
    reckon(desk, session, form)
    method = _card(desk, form, payer) if _needs_card(session) else None
    customer = _customer(desk, session, payer)
    if session["mode"] == "subscription":
        done = _subscribe(desk, session, customer, payer, method)
    elif session["mode"] == "setup":
        done = _save_card(desk, session, customer, method)
    else:
        done = _pay(desk, session, customer, method)
    return complete(desk, session) if done else _challenge(desk, session)


def look(desk: Desk, session: Doc, form: Mapping[str, str]) -> str:
    """Only see what it comes to: nowhere to go next. Raises Refused with words for the page."""
    reckon(desk, session, form)
    return ""


def reckon(desk: Desk, session: Doc, form: Mapping[str, str]) -> None:
    """The session's amounts by the code, country and VAT id as typed. Raises Refused.

    What is kept of a customer counts, unless what was typed replaces it.
    """
    code = form.get("promotion_code", "").strip()
    if session["allow_promotion_codes"]:
        session["discounts"] = []
        if code:
            found = coupons.by_code(
                desk, code, session["customer"], session["amount_subtotal"], session["currency"]
            )
            session["discounts"] = [found]
    country, has_vat_id = form.get("country") or None, bool(form.get("vat", "").strip())
    if session["customer"]:
        customer = desk.get("customer", session["customer"])
        kept = (customer["address"] or {}).get("country")
        replaced = (session["_asked"]["customer_update"] or {}).get("address") == "auto"
        country = kept if kept and not replaced else country
        has_vat_id = has_vat_id or customers.has_vat_id(desk, customer)
    checkout.reckon(desk, session, country, has_vat_id=has_vat_id)
    desk.store.put(session)


def _needs_card(session: Doc) -> bool:
    return bool(session["mode"] != "payment" or session["amount_total"] > 0)


def _payer(desk: Desk, session: Doc, form: Mapping[str, str]) -> Payer:
    def text(name: str) -> str:
        return form.get(name, "").strip()

    email = session["customer_email"] or text("email") or None
    if session["customer"]:
        email = desk.get("customer", session["customer"])["email"] or email
    if not email or not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        raise invalid("Your email is incomplete.", "email")
    if not text("name"):
        raise invalid("Enter the name on the card.", "name")
    if not re.fullmatch(r"[A-Z]{2}", text("country")):
        raise invalid("Choose a country.", "country")
    vat = text("vat").replace(" ", "").upper() if session["tax_id_collection"]["enabled"] else ""
    return Payer(
        email=email, name=text("name"), country=text("country"),
        company=(text("company") or None) if session["tax_id_collection"]["enabled"] else None,
        vat=vat or None,
    )  # fmt: skip


def _card(desk: Desk, form: Mapping[str, str], payer: Payer) -> Doc:
    billing = {"address": payer.address, "email": payer.email, "name": payer.name}
    return methods.typed(desk, form, billing)


def _customer(desk: Desk, session: Doc, payer: Payer) -> Doc | None:
    """The session's customer, with what may be updated; a new one where the mode needs one."""
    tax_kind = "gb_vat" if (payer.vat or "").startswith("GB") else "eu_vat"
    name = session["customer"] or session.get("_customer")
    if name:
        customer = desk.get("customer", name)
        updates = session["_asked"]["customer_update"] or {}
        if updates.get("name") == "auto":
            customer["name"] = payer.company or payer.name
            customer["business_name"] = payer.company
        if updates.get("address") == "auto":
            customer["address"] = payer.address
        desk.save(customer, "customer.updated")
    elif _needs_customer(session):
        customer = customers.create(
            desk, {"email": payer.email, "name": payer.company or payer.name,
                   "business_name": payer.company, "address": payer.address},
        )  # fmt: skip
        session["_customer"] = customer["id"]
    else:
        customer = None
    if customer is not None and payer.vat:
        customers.add_tax_id(desk, customer, {"type": tax_kind, "value": payer.vat})
    session["_details"] = {
        "address": payer.address, "business_name": payer.company, "email": payer.email,
        "individual_name": None, "name": payer.company or payer.name, "phone": None,
        "tax_exempt": "none",
        "tax_ids": [{"type": tax_kind, "value": payer.vat}] if payer.vat else [],
    }  # fmt: skip
    desk.store.put(session)
    return customer


def _needs_customer(session: Doc) -> bool:
    data = session["_asked"]["payment_intent_data"] or {}
    return (
        session["mode"] == "subscription"
        or session["customer_creation"] == "always"
        or bool(data.get("setup_future_usage"))
        or bool((session["invoice_creation"] or {}).get("enabled"))
    )


def _pay(desk: Desk, session: Doc, customer: Doc | None, method: Doc | None) -> bool:
    """Mode `payment`; whether it is done, else the bank asks. Raises Declined."""
    if method is None:
        return True
    data = session["_asked"]["payment_intent_data"] or {}
    intent = desk.store.get(session["payment_intent"] or "")
    if intent is None:
        intent = intents.new(
            desk, session["amount_total"], session["currency"],
            customer=customer and customer["id"], description=data.get("description"),
            metadata=merged(None, data.get("metadata")), receipt_email=data.get("receipt_email"),
            setup_future_usage=data.get("setup_future_usage"), _session=session["id"],
        )  # fmt: skip
        session["payment_intent"] = intent["id"]
        desk.store.put(session)
    intent["amount"] = session["amount_total"]  # a code may have come since the last try
    intents.attempt(desk, intent, method, off_session=False)
    return bool(intent["status"] == "succeeded")


def _save_card(desk: Desk, session: Doc, customer: Doc | None, method: Doc | None) -> bool:
    """Mode `setup`. Raises Declined."""
    intent = desk.get("setup_intent", session["setup_intent"])
    if customer is not None:
        intent["customer"] = customer["id"]
    setups.attempt(desk, intent, method or {})
    return bool(intent["status"] == "succeeded")


def _subscribe(
    desk: Desk, session: Doc, customer: Doc | None, payer: Payer, method: Doc | None
) -> bool:
    """Mode `subscription`. A refused card leaves no subscription behind. Raises Declined."""
    if customer is None or method is None:
        raise invalid("A subscription needs a customer and a card.")
    checkout.retire(desk, session)
    if method["_decline"]:
        intent = intents.new(
            desk, session["amount_total"], session["currency"], customer=customer["id"],
            description="Subscription creation", _session=session["id"],
        )  # fmt: skip
        raise intents.fail(desk, intent, method, cards.refusal(method["_decline"]))
    subscription, invoice = _begin(desk, session, customer)
    if invoice["status"] == "paid":
        methods.give(desk, method, customer["id"])
        collecting.after_payment(desk, invoice)
        done = True
    else:
        intent = desk.get("payment_intent", invoice["_intent"])
        desk.store.put({**intent, "_session": session["id"]})
        done = collecting.collect(desk, invoice, method)
    session.update(_subscription=subscription["id"], _method=method["id"])
    desk.store.put(session)
    return done


def _begin(desk: Desk, session: Doc, customer: Doc) -> tuple[Doc, Doc]:
    data = session["_asked"]["subscription_data"] or {}
    items = session["_items"]
    recurring = [item for item in items if item["price"]["recurring"]]
    once = [item for item in items if not item["price"]["recurring"]]
    subscription = subscriptions.new(
        desk, customer, [(item["price"], item["quantity"]) for item in recurring],
        metadata=merged(None, data.get("metadata")), description=data.get("description"),
        taxed=session["automatic_tax"]["enabled"],
    )  # fmt: skip
    for entry in session["discounts"]:
        discount = coupons.redeem(
            desk, entry, customer=customer["id"], subscription=subscription["id"]
        )
        subscription["discounts"].append(discount["id"])
    extra = checkout.invoice_lines(desk, once)
    return subscription, subscriptions.begin(desk, subscription, customer, extra)


def _challenge(desk: Desk, session: Doc) -> str:
    name = session["setup_intent"] or session["payment_intent"]
    if session["mode"] == "subscription":
        subscription = desk.get("subscription", session["_subscription"])
        name = desk.get("invoice", subscription["latest_invoice"])["_intent"]
    return f"{desk.settings.public_url}/3ds/{name}"


def complete(desk: Desk, session: Doc) -> str:
    """The session is done: tell it; the address to go on to."""
    customer = session["customer"] or session.get("_customer")
    if session["mode"] == "payment":
        _settle_payment(desk, session, customer)
    elif session["mode"] == "subscription":
        subscription = desk.get("subscription", session["_subscription"])
        if subscription["default_payment_method"] is None:
            subscription["default_payment_method"] = session["_method"]
            desk.save(subscription, "customer.subscription.updated")
        session.update(subscription=subscription["id"], invoice=subscription["latest_invoice"])
        session["payment_status"] = "paid" if session["amount_total"] else "no_payment_required"
    session.update(
        status="complete", url=None, customer=customer, customer_details=session["_details"],
        collected_information={"business_name": session["_details"]["business_name"],
                               "individual_name": None, "shipping_details": None},
    )  # fmt: skip
    desk.store.put(session)
    desk.emit("checkout.session.completed", session)
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _settle_payment(desk: Desk, session: Doc, customer: str | None) -> None:
    session["payment_status"] = "paid" if session["amount_total"] else "no_payment_required"
    for entry in session["discounts"]:
        coupons.redeem(desk, entry, customer=customer, checkout_session=session["id"])
    if (session["invoice_creation"] or {}).get("enabled") and customer:
        session["invoice"] = _invoice(desk, session, customer)["id"]


def _invoice(desk: Desk, session: Doc, customer: str) -> Doc:
    """The invoice of a payment that has already come."""
    data = session["invoice_creation"]["invoice_data"]
    discounts = desk.store.find("discount", ("checkout_session", "=", session["id"]))
    owner = desk.get("customer", customer)
    invoice = invoices.build(
        desk, {**owner, "balance": 0}, checkout.invoice_lines(desk, session["_items"]),
        reason="manual", money=session["currency"], discounts=discounts,
        taxed=session["automatic_tax"]["enabled"], description=data["description"],
        footer=data["footer"], metadata=data["metadata"],
    )  # fmt: skip
    invoice["_balance_after"] = owner["balance"]
    invoices.draft(desk, invoice)
    intent = desk.store.get(session["payment_intent"] or "")
    invoices.finalize(desk, invoice, intent)
    if intent is not None:
        invoices.mark_paid(desk, invoice)
    return invoice


def settle(desk: Desk, intent: Doc, *, passed: bool) -> str:
    """The answer to the bank's question; where to go next. The refusal itself is on record."""
    refusal = None
    try:
        act = setups if intent["object"] == "setup_intent" else intents
        act.authenticate(desk, intent, passed=passed)
    except Declined as declined:
        refusal = str(declined.fields["message"])
    invoice = desk.store.get(intent.get("_invoice") or "")
    if invoice is not None:
        collecting.authenticated(desk, invoice, paid=refusal is None)
    session = desk.store.get(intent.get("_session") or "")
    if session is not None and session["status"] == "open":
        if refusal is None:
            return complete(desk, session)
        return f"{desk.settings.public_url}/pay/{session['id']}?refused=authentication"
    if invoice is not None:
        return f"{desk.settings.public_url}/invoices/{invoice['id']}"
    if intent.get("_portal"):
        if refusal is None:
            portal.use(desk, desk.get("customer", intent["customer"]), intent["payment_method"])
        return f"{desk.settings.public_url}/portal/{intent['_portal']}"
    return _back(intent, refusal is None)


def _back(intent: Doc, done: bool) -> str:
    url = intent.get("_return_url") or ""
    if not url:
        return ""
    glue = "&" if "?" in url else "?"
    status = "succeeded" if done else "failed"
    return (
        f"{url}{glue}payment_intent={intent['id']}"
        f"&payment_intent_client_secret={intent['client_secret']}&redirect_status={status}"
    )
