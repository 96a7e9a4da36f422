"""Checkout sessions: what they are asked to be, until somebody pays or their time is over."""

from __future__ import annotations

from billing.sandbox import amounts, catalogue, coupons, intents, invoices, setups, subscriptions
from billing.sandbox.desk import DAY, Desk
from billing.sandbox.errors import Refused, invalid, required
from billing.sandbox.forms import ANY, MAP, Shape, listing, merged, shape
from billing.sandbox.store import Doc, Test
from billing.sandbox.views import envelope, equal, listed

MODES = ("payment", "setup", "subscription")
_LINE = shape(
    price=str, price_data=catalogue.PRICE_DATA, quantity=int, metadata=MAP,
    adjustable_quantity=ANY, tax_rates=[str],
)  # fmt: skip
CREATE: Shape = shape(
    allow_promotion_codes=bool, automatic_tax=shape("enabled", enabled=bool),
    billing_address_collection=("auto", "required"), cancel_url=str, client_reference_id=str,
    currency=str, customer=str, customer_email=str,
    customer_creation=("always", "if_required"), consent_collection=ANY, custom_text=ANY,
    customer_update=shape(address=("auto", "never"), name=("auto", "never"),
                          shipping=("auto", "never")),
    discounts=[coupons.GIVEN], expires_at=int,
    invoice_creation=shape("enabled", enabled=bool, invoice_data=shape(
        description=str, footer=str, metadata=MAP)),
    line_items=[_LINE], locale=str, metadata=MAP, mode=MODES,
    payment_intent_data=shape(setup_future_usage=intents.USAGES, metadata=MAP, description=str,
                              receipt_email=str, statement_descriptor=str),
    payment_method_collection=("always", "if_required"), phone_number_collection=ANY,
    allowed_payment_method_types=[str], saved_payment_method_options=ANY,
    setup_intent_data=shape(metadata=MAP, description=str),
    subscription_data=shape(metadata=MAP, description=str, billing_mode=ANY,
                            proration_behavior=str),
    submit_type=("auto", "book", "donate", "pay", "subscribe"), success_url=str,
    tax_id_collection=shape("enabled", enabled=bool, required=("if_supported", "never")),
    ui_mode=("hosted_page",),
)  # fmt: skip
UPDATE = shape(metadata=MAP)
EXPIRE = shape()
LIST = listing(
    customer=str, payment_intent=str, subscription=str, status=("complete", "expired", "open"),
    customer_details=shape("email", email=str),
)  # fmt: skip
LINE_LIST = listing()
_SHORTEST = 1800


def create(desk: Desk, params: Doc) -> Doc:
    """POST /v1/checkout/sessions."""
    mode = params.get("mode")
    if mode is None:
        raise required("mode")
    if not params.get("success_url"):
        raise required("success_url")
    _check(params, mode)
    customer = None
    if params.get("customer"):
        customer = desk.get("customer", params["customer"], "customer")
        _check_customer(customer, params)
    items = [_item(desk, one, at, mode) for at, one in enumerate(params.get("line_items") or [])]
    _check_items(items, mode)
    session = _new(desk, params, mode, items)
    subtotal = sum(item["amount_subtotal"] for item in items)
    session["discounts"] = coupons.of_request(
        desk, params.get("discounts") or [], params.get("customer"), subtotal,
        session["currency"] or "",
    )  # fmt: skip
    reckon(desk, session, (customer and (customer["address"] or {}).get("country")) or None)
    if mode == "setup":
        data = params.get("setup_intent_data") or {}
        intent = setups.new(
            desk,
            params.get("customer"),
            merged(None, data.get("metadata")),
            data.get("description"),
        )
        desk.store.put({**intent, "_session": session["id"]})
        session["setup_intent"] = intent["id"]
    return desk.save(session)


def _check(params: Doc, mode: str) -> None:
    if params.get("customer") and params.get("customer_email"):
        message = "You may only specify one of these parameters: customer, customer_email."
        raise invalid(message, "customer")
    if params.get("allow_promotion_codes") and params.get("discounts"):
        message = "You may only specify one of these parameters: allow_promotion_codes, discounts."
        raise invalid(message, "allow_promotion_codes")
    if mode != "setup" and not params.get("line_items"):
        raise required("line_items")
    if (
        mode == "setup"
        and not params.get("currency")
        and not params.get("allowed_payment_method_types")
    ):
        raise required("currency")
    only = {"payment_intent_data": "payment", "subscription_data": "subscription",
            "setup_intent_data": "setup", "invoice_creation": "payment",
            "customer_creation": "payment"}  # fmt: skip
    for param, its in only.items():
        if params.get(param) is not None and mode != its:
            message = f"You can not pass `{param}` in `{mode}` mode."
            raise invalid(message, param)


def _check_customer(customer: Doc, params: Doc) -> None:
    """What Stripe wants to be allowed to change of a customer that is there."""
    updates = params.get("customer_update") or {}
    if (params.get("tax_id_collection") or {}).get("enabled") and updates.get("name") != "auto":
        message = (
            "Tax ID collection requires updating business name on the customer. To enable tax ID "
            "collection for an existing customer, please set `customer_update[name]` to `auto`."
        )
        raise invalid(message, "tax_id_collection")
    taxed = (params.get("automatic_tax") or {}).get("enabled")
    placed = (customer["address"] or {}).get("country")
    if taxed and not placed and updates.get("address") != "auto":
        message = (
            "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a "
            "valid address to the Customer or set either `customer_update[address]` to 'auto' or "
            "`customer_update[shipping]` to 'auto' to save the address entered in Checkout."
        )
        raise invalid(message, "automatic_tax", "customer_tax_location_invalid")


def _item(desk: Desk, given: Doc, at: int, mode: str) -> Doc:
    param = f"line_items[{at}]"
    price = catalogue.of_request(desk, given, param)
    if given.get("price") and not price["active"]:
        raise invalid(f"The price specified is inactive: {price['id']}", f"{param}[price]")
    quantity = given.get("quantity")
    if quantity is None:
        message = f"Quantity is required. Add `quantity` to `{param}`"
        raise invalid(message, f"{param}[quantity]", "parameter_missing")
    if quantity < 1:
        raise invalid("Invalid positive integer", f"{param}[quantity]", "parameter_invalid_integer")
    product = desk.get("product", price["product"])
    doc = desk.new(
        "item", adjustable_quantity=None, amount_discount=0,
        amount_subtotal=price["unit_amount"] * quantity, amount_tax=0, amount_total=0,
        currency=price["currency"], description=product["name"],
        metadata=merged(None, given.get("metadata")), price=price, quantity=quantity,
    )  # fmt: skip
    del doc["created"], doc["livemode"]
    return doc


def _check_items(items: list[Doc], mode: str) -> None:
    recurring = [item for item in items if item["price"]["type"] == "recurring"]
    if mode == "payment" and recurring:
        message = (
            "You specified `payment` mode but passed a recurring price. Either switch to "
            "`subscription` mode or use only one-time prices."
        )
        raise invalid(message, "line_items")
    if mode == "subscription" and not recurring:
        message = (
            "You must provide at least one recurring price in `subscription` mode when using "
            "prices."
        )
        raise invalid(message, "mode")
    if len({item["currency"] for item in items}) > 1:
        raise invalid("All line items must have one currency.", "line_items")


def _new(desk: Desk, params: Doc, mode: str, items: list[Doc]) -> Doc:
    currency = items[0]["currency"] if items else params.get("currency")
    taxed = bool((params.get("automatic_tax") or {}).get("enabled"))
    copied = ("allow_promotion_codes", "billing_address_collection", "cancel_url", "locale",
              "client_reference_id", "customer", "customer_email", "submit_type", "success_url",
              "allowed_payment_method_types")  # fmt: skip
    session = desk.new(
        "checkout.session",
        adaptive_pricing=None, after_expiration=None, amount_subtotal=None, amount_total=None,
        automatic_tax={"enabled": taxed, "liability": {"type": "self"} if taxed else None,
                       "provider": "stripe" if taxed else None, "status": None},
        client_secret=None, collected_information=None, consent=None, consent_collection=None,
        currency=currency, currency_conversion=None, custom_fields=[],
        custom_text={"after_submit": None, "shipping_address": None, "submit": None,
                     "terms_of_service_acceptance": None},
        customer_creation=params.get("customer_creation") or _creation(params, mode),
        customer_details=None, discounts=[], expires_at=_expiry(desk, params), invoice=None,
        invoice_creation=_invoice_creation(params) if mode == "payment" else None,
        metadata=merged(None, params.get("metadata")), mode=mode, origin_context=None,
        payment_intent=None, payment_link=None, payment_method_collection="always"
        if mode != "payment" else "if_required",
        payment_method_configuration_details=None, payment_method_options={},
        payment_method_types=["card"], payment_status="unpaid" if mode != "setup"
        else "no_payment_required", permissions=None, phone_number_collection={"enabled": False},
        recovered_from=None, saved_payment_method_options=None, setup_intent=None,
        shipping_address_collection=None, shipping_cost=None, shipping_options=[], status="open",
        subscription=None,
        tax_id_collection={"enabled": False, "required": "never"},
        total_details=None, ui_mode="hosted_page", wallet_options=None,
        _items=items, _asked={name: params.get(name) for name in (
            "payment_intent_data", "subscription_data", "invoice_creation", "customer_update")},
        **{name: params.get(name) for name in copied},
    )  # fmt: skip
    session["id"] = session["id"].replace("cs_test_", "cs_test_a1")
    session["tax_id_collection"].update(params.get("tax_id_collection") or {})
    session["url"] = f"{desk.settings.public_url}/pay/{session['id']}"
    return session


def _creation(params: Doc, mode: str) -> str | None:
    return "if_required" if mode == "payment" and not params.get("customer") else (
        "always" if mode == "subscription" and not params.get("customer") else None
    )  # fmt: skip


def _invoice_creation(params: Doc) -> Doc:
    asked = params.get("invoice_creation") or {}
    data = asked.get("invoice_data") or {}
    return {
        "enabled": bool(asked.get("enabled")),
        "invoice_data": {
            "account_tax_ids": None, "custom_fields": None, "description": data.get("description"),
            "footer": data.get("footer"), "issuer": None,
            "metadata": merged(None, data.get("metadata")), "rendering_options": None,
        },
    }  # fmt: skip


def _expiry(desk: Desk, params: Doc) -> int:
    at = params.get("expires_at")
    if at is None:
        return desk.now() + DAY
    if at < desk.now() + _SHORTEST - 60:
        message = (
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        )
        raise invalid(message, "expires_at")
    if at > desk.now() + DAY + 60:
        message = (
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
        )
        raise invalid(message, "expires_at")
    return int(at)


def reckon(desk: Desk, session: Doc, country: str | None, *, has_vat_id: bool = False) -> None:
    """The session's amounts by its discounts and, once the country is known, its taxes."""
    if session["mode"] == "setup":
        return
    taxed = session["automatic_tax"]["enabled"]
    tax = amounts.tax_for(country, has_vat_id=has_vat_id, enabled=taxed)
    lines = amounts.reckon(
        [
            amounts.Line(
                item["amount_subtotal"], item["price"]["tax_behavior"] == "inclusive",
                True, item["price"]["product"],
            )
            for item in session["_items"]
        ],
        [coupons.coupon_of(desk, entry) for entry in session["discounts"]],
        tax,
    )  # fmt: skip
    for item, line in zip(session["_items"], lines, strict=True):
        item.update(amount_discount=sum(line.discounts), amount_tax=line.tax,
                    amount_total=line.total)  # fmt: skip
    if taxed:
        session["automatic_tax"]["status"] = "complete" if country else "requires_location_inputs"
    session.update(
        amount_subtotal=sum(line.amount for line in lines),
        amount_total=sum(line.total for line in lines),
        total_details={
            "amount_discount": sum(sum(line.discounts) for line in lines),
            "amount_shipping": 0,
            "amount_tax": sum(line.tax for line in lines),
        },
    )


def expire(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/checkout/sessions/:id/expire."""
    session = desk.get("checkout.session", name, in_path=True)
    if session["status"] != "open":
        raise not_open(session)
    return expire_now(desk, session)


def not_open(session: Doc) -> Refused:
    """The refusal to do something with a session that is over."""
    message = (
        'Only Checkout Sessions with a status in ["open"] can be expired or paid. This Checkout '
        f"Session has a status of {session['status']}."
    )
    return invalid(message)


def expire_now(desk: Desk, session: Doc) -> Doc:
    """Nobody can pay it any more; what was begun for it is canceled."""
    intent = desk.store.get(session["payment_intent"] or "")
    if intent is not None and intent["status"] not in ("succeeded", "canceled"):
        intents.void(desk, intent, "automatic")
    retire(desk, session)
    session.update(status="expired", url=None)
    return desk.save(session, "checkout.session.expired")


def retire(desk: Desk, session: Doc) -> None:
    """The subscription begun by a payment that its customer never confirmed is over."""
    subscription = desk.store.get(session.get("_subscription") or "")
    if subscription is not None and subscription["status"] == "incomplete":
        subscriptions.expire(desk, subscription)


def retrieve(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/checkout/sessions/:id."""
    return desk.get("checkout.session", name, in_path=True)


def update(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/checkout/sessions/:id."""
    session = desk.get("checkout.session", name, in_path=True)
    session["metadata"] = merged(session["metadata"], params.get("metadata"))
    return desk.save(session)


def listing_of(desk: Desk, params: Doc) -> Doc:
    """GET /v1/checkout/sessions."""
    tests: list[Test] = equal(params, "customer", "payment_intent", "subscription", "status")
    if params.get("customer_details"):
        tests.append(("customer_details.email", "=", params["customer_details"]["email"]))
    return listed(desk, "checkout.session", params, tests, url="/v1/checkout/sessions")


def line_items(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/checkout/sessions/:id/line_items."""
    session = desk.get("checkout.session", name, in_path=True)
    return envelope(session["_items"], f"/v1/checkout/sessions/{name}/line_items")


def invoice_lines(desk: Desk, items: list[Doc]) -> list[Doc]:
    """The lines of an invoice for items that are paid once."""
    now = desk.now()
    return [
        invoices.line(
            desk, item["price"], item["quantity"], item["amount_subtotal"], period=(now, now),
            description=item["description"],
        )
        for item in items
    ]  # fmt: skip
