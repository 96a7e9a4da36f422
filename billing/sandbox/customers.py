"""Customers and their tax ids."""

from __future__ import annotations

import re
from typing import Any

from billing.sandbox import methods
from billing.sandbox.desk import Desk
from billing.sandbox.errors import invalid
from billing.sandbox.forms import ANY, MAP, listing, merged, shape
from billing.sandbox.store import Doc
from billing.sandbox.views import equal, listed

ADDRESS = shape(city=str, country=str, line1=str, line2=str, postal_code=str, state=str)
TAX_ID = shape("type", "value", type=str, value=str)
_SETTINGS = shape(default_payment_method=str, footer=str, custom_fields=ANY, rendering_options=ANY)
_COMMON: dict[str, Any] = {
    "address": ADDRESS, "business_name": str, "description": str, "email": str,
    "individual_name": str, "invoice_prefix": str, "invoice_settings": _SETTINGS,
    "metadata": MAP, "name": str, "phone": str, "preferred_locales": [str],
    "tax_exempt": ("none", "exempt", "reverse"), "balance": int,
}  # fmt: skip
CREATE = shape(**_COMMON, payment_method=str, tax_id_data=[TAX_ID])
UPDATE = shape(**_COMMON)
LIST = listing(email=str)
TAX_ID_LIST = listing()
_EU_VAT = re.compile(
    r"(AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK)"
    r"[A-Z0-9]{8,12}"
)


def address(given: Doc | None) -> Doc | None:
    """An address with all its fields."""
    return None if given is None else {name: given.get(name) for name in ADDRESS.fields}


def create(desk: Desk, params: Doc) -> Doc:
    """POST /v1/customers."""
    customer = desk.new(
        "customer",
        balance=0, business_name=None, currency=None, default_source=None, delinquent=False,
        description=None, discount=None, email=None, individual_name=None, name=None, phone=None,
        invoice_prefix=None, metadata={}, next_invoice_sequence=1, preferred_locales=[],
        shipping=None, tax_exempt="none", address=None,
        invoice_settings={"custom_fields": None, "default_payment_method": None, "footer": None,
                          "rendering_options": None},
    )  # fmt: skip
    customer["invoice_prefix"] = customer["id"][-8:].upper()
    desk.store.put(customer)
    if params.get("payment_method"):
        methods.attach(desk, params["payment_method"], customer)
    _fill(desk, customer, params)
    desk.store.put(customer)
    desk.emit("customer.created", customer)
    for given in params.get("tax_id_data") or []:
        add_tax_id(desk, customer, given)
    return customer


def retrieve(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/customers/:id: a deleted one is still told as deleted."""
    found = desk.store.get(name)
    if found is not None and found["object"] == "customer" and found.get("deleted"):
        return {"id": name, "object": "customer", "deleted": True}
    return desk.get("customer", name, in_path=True)


def update(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/customers/:id."""
    customer = desk.get("customer", name, in_path=True)
    _fill(desk, customer, params)
    return desk.save(customer, "customer.updated")


def delete(desk: Desk, customer: Doc) -> Doc:
    """It is gone, and told as deleted from now on."""
    desk.emit("customer.deleted", customer)
    desk.store.put({**customer, "deleted": True})
    return {"id": customer["id"], "object": "customer", "deleted": True}


def listing_of(desk: Desk, params: Doc) -> Doc:
    """GET /v1/customers."""
    return listed(desk, "customer", params, equal(params, "email"), url="/v1/customers")


def _fill(desk: Desk, customer: Doc, params: Doc) -> None:
    for name, value in params.items():
        if name in ("tax_id_data", "payment_method"):
            continue
        if name == "metadata":
            customer[name] = merged(customer[name], value)
        elif name == "address":
            customer[name] = address(value)
        elif name == "invoice_settings":
            customer[name] = {**customer[name], **(value or {})}
            _check_default(desk, customer)
        elif name == "email" and value is not None and "@" not in value:
            raise invalid(f"Invalid email address: {value}", "email", "email_invalid")
        else:
            customer[name] = value


def _check_default(desk: Desk, customer: Doc) -> None:
    """A default must be attached to this very customer."""
    param = "invoice_settings[default_payment_method]"
    name = customer["invoice_settings"]["default_payment_method"]
    if name is not None:
        methods.owned(desk, name, customer["id"], param)


def add_tax_id(desk: Desk, customer: Doc, given: Doc) -> Doc:
    """A tax id of the customer; the form of an EU VAT id is looked at. Raises Refused."""
    kind, value = given["type"], given["value"].replace(" ", "").upper()
    if kind == "eu_vat" and not _EU_VAT.fullmatch(value):
        raise invalid(f"Invalid value for {kind}.", "value", "tax_id_invalid")
    for other in desk.store.find("tax_id", ("customer", "=", customer["id"])):
        if (other["type"], other["value"], other.get("deleted")) == (kind, value, None):
            return other
    tax_id = desk.new(
        "tax_id", country=value[:2] if kind == "eu_vat" else None, customer=customer["id"],
        owner={"type": "customer", "customer": customer["id"]}, type=kind, value=value,
        verification={"status": "pending" if kind == "eu_vat" else "unavailable",
                      "verified_address": None, "verified_name": None},
    )  # fmt: skip
    return desk.save(tax_id, "customer.tax_id.created")


def tax_ids(desk: Desk, customer: Doc) -> list[Doc]:
    """The tax ids of a customer, oldest first."""
    found = desk.store.find("tax_id", ("customer", "=", customer["id"]))
    return [tax_id for tax_id in found if not tax_id.get("deleted")]


def has_vat_id(desk: Desk, customer: Doc) -> bool:
    """Whether a European tax is the customer's own business."""
    kinds = [tax_id["type"] for tax_id in tax_ids(desk, customer)]
    return customer["tax_exempt"] != "none" or "eu_vat" in kinds or "gb_vat" in kinds


def create_tax_id(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/customers/:id/tax_ids."""
    return add_tax_id(desk, desk.get("customer", name, in_path=True), params)


def list_tax_ids(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/customers/:id/tax_ids."""
    desk.get("customer", name, in_path=True)
    tests = [("customer", "=", name)]
    return listed(desk, "tax_id", params, tests, url=f"/v1/customers/{name}/tax_ids")


def delete_tax_id(desk: Desk, params: Doc, name: str, tax_id: str) -> Doc:
    """DELETE /v1/customers/:id/tax_ids/:id."""
    found = desk.get("tax_id", tax_id, in_path=True)
    desk.emit("customer.tax_id.deleted", found)
    desk.store.put({**found, "deleted": True})
    return {"id": tax_id, "object": "tax_id", "deleted": True}
