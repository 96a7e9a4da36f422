"""Every address of Stripe's API that is answered, with its parameters and its rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from billing.sandbox import (
    catalogue,
    changing,
    charges,
    checkout,
    coupons,
    credit_notes,
    customers,
    disputes,
    intents,
    invoicing,
    methods,
    one_off,
    portal,
    refunds,
    setups,
    subscriptions,
    telling,
)  # fmt: skip
from billing.sandbox.forms import Shape, shape

_NONE = shape()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`act` is called with the desk, the parameters and the ids of the path."""

    method: str
    path: str
    act: Callable[..., dict[str, Any]]
    form: Shape = _NONE


def _get(path: str, act: Callable[..., dict[str, Any]], form: Shape = _NONE) -> Endpoint:
    return Endpoint("GET", path, act, form)


def _post(path: str, act: Callable[..., dict[str, Any]], form: Shape = _NONE) -> Endpoint:
    return Endpoint("POST", path, act, form)


def _delete(path: str, act: Callable[..., dict[str, Any]], form: Shape = _NONE) -> Endpoint:
    return Endpoint("DELETE", path, act, form)


_CUSTOMER = "/v1/customers/{a}"
_SESSION = "/v1/checkout/sessions/{a}"
_CONFIGURATION = "/v1/billing_portal/configurations"

ENDPOINTS = (
    _post("/v1/customers", customers.create, customers.CREATE),
    _get("/v1/customers", customers.listing_of, customers.LIST),
    _get(_CUSTOMER, customers.retrieve),
    _post(_CUSTOMER, customers.update, customers.UPDATE),
    _delete(_CUSTOMER, subscriptions.delete_customer),
    _post(f"{_CUSTOMER}/tax_ids", customers.create_tax_id, customers.TAX_ID),
    _get(f"{_CUSTOMER}/tax_ids", customers.list_tax_ids, customers.TAX_ID_LIST),
    _delete(f"{_CUSTOMER}/tax_ids/{{b}}", customers.delete_tax_id),
    _get(f"{_CUSTOMER}/payment_methods", methods.listing_of, methods.OF_CUSTOMER),
    _get(f"{_CUSTOMER}/payment_methods/{{b}}", methods.retrieve_of),
    _get("/v1/payment_methods", methods.listing_of, methods.LIST),
    _get("/v1/payment_methods/{a}", methods.retrieve),
    _post("/v1/payment_methods/{a}", methods.update, methods.UPDATE),
    _post("/v1/payment_methods/{a}/attach", methods.post_attach, methods.ATTACH),
    _post("/v1/payment_methods/{a}/detach", methods.detach),
    _post("/v1/products", catalogue.create_product, catalogue.PRODUCT_CREATE),
    _get("/v1/products", catalogue.list_products, catalogue.PRODUCT_LIST),
    _get("/v1/products/{a}", catalogue.retrieve_product),
    _post("/v1/products/{a}", catalogue.update_product, catalogue.PRODUCT_UPDATE),
    _post("/v1/prices", catalogue.create_price, catalogue.PRICE_CREATE),
    _get("/v1/prices", catalogue.list_prices, catalogue.PRICE_LIST),
    _get("/v1/prices/{a}", catalogue.retrieve_price),
    _post("/v1/prices/{a}", catalogue.update_price, catalogue.PRICE_UPDATE),
    _post("/v1/coupons", coupons.create_coupon, coupons.COUPON_CREATE),
    _get("/v1/coupons", coupons.list_coupons, coupons.COUPON_LIST),
    _get("/v1/coupons/{a}", coupons.retrieve_coupon),
    _post("/v1/coupons/{a}", coupons.update_coupon, coupons.COUPON_UPDATE),
    _delete("/v1/coupons/{a}", coupons.delete_coupon),
    _post("/v1/promotion_codes", coupons.create_code, coupons.CODE_CREATE),
    _get("/v1/promotion_codes", coupons.list_codes, coupons.CODE_LIST),
    _get("/v1/promotion_codes/{a}", coupons.retrieve_code),
    _post("/v1/promotion_codes/{a}", coupons.update_code, coupons.CODE_UPDATE),
    _post("/v1/checkout/sessions", checkout.create, checkout.CREATE),
    _get("/v1/checkout/sessions", checkout.listing_of, checkout.LIST),
    _get(_SESSION, checkout.retrieve),
    _post(_SESSION, checkout.update, checkout.UPDATE),
    _post(f"{_SESSION}/expire", checkout.expire, checkout.EXPIRE),
    _get(f"{_SESSION}/line_items", checkout.line_items, checkout.LINE_LIST),
    _post("/v1/payment_intents", intents.create, intents.CREATE),
    _get("/v1/payment_intents", intents.listing_of, intents.LIST),
    _get("/v1/payment_intents/{a}", intents.retrieve),
    _post("/v1/payment_intents/{a}", intents.update, intents.UPDATE),
    _post("/v1/payment_intents/{a}/confirm", intents.confirm, intents.CONFIRM),
    _post("/v1/payment_intents/{a}/cancel", intents.cancel, intents.CANCEL),
    _get("/v1/setup_intents", setups.listing_of, setups.LIST),
    _get("/v1/setup_intents/{a}", setups.retrieve),
    _get("/v1/charges", charges.listing_of, charges.LIST),
    _get("/v1/charges/{a}", charges.retrieve),
    _post("/v1/charges/{a}", charges.update, charges.UPDATE),
    _get("/v1/balance_transactions", charges.list_transactions, charges.TRANSACTION_LIST),
    _get("/v1/balance_transactions/{a}", charges.retrieve_transaction),
    _post("/v1/subscriptions", subscriptions.create, subscriptions.CREATE),
    _get("/v1/subscriptions", subscriptions.listing_of, subscriptions.LIST),
    _get("/v1/subscriptions/{a}", subscriptions.retrieve),
    _post("/v1/subscriptions/{a}", changing.update, changing.UPDATE),
    _delete("/v1/subscriptions/{a}", subscriptions.cancel, subscriptions.CANCEL),
    _get("/v1/invoices", invoicing.listing_of, invoicing.LIST),
    _post("/v1/invoices", one_off.create, one_off.CREATE),
    _post("/v1/invoiceitems", one_off.create_item, one_off.ITEM_CREATE),
    _post("/v1/invoices/create_preview", invoicing.preview, invoicing.PREVIEW),
    _get("/v1/invoices/{a}", invoicing.retrieve),
    _post("/v1/invoices/{a}", invoicing.update, invoicing.UPDATE),
    _get("/v1/invoices/{a}/lines", invoicing.lines, invoicing.LINES),
    _post("/v1/invoices/{a}/pay", invoicing.pay, invoicing.PAY),
    _post("/v1/invoices/{a}/finalize", one_off.finalize, one_off.FINALIZE),
    _post("/v1/invoices/{a}/void", invoicing.void),
    _get("/v1/invoice_payments", invoicing.list_payments, invoicing.PAYMENT_LIST),
    _get("/v1/invoice_payments/{a}", invoicing.retrieve_payment),
    _post("/v1/billing_portal/sessions", portal.create, portal.CREATE),
    _post(_CONFIGURATION, portal.create_configuration, portal.CONFIGURATION_CREATE),
    _get(_CONFIGURATION, portal.list_configurations, portal.CONFIGURATION_LIST),
    _get(f"{_CONFIGURATION}/{{a}}", portal.retrieve_configuration),
    _post(f"{_CONFIGURATION}/{{a}}", portal.update_configuration, portal.CONFIGURATION_UPDATE),
    _post("/v1/refunds", refunds.create, refunds.CREATE),
    _get("/v1/refunds", refunds.listing_of, refunds.LIST),
    _get("/v1/refunds/{a}", refunds.retrieve),
    _post("/v1/refunds/{a}", refunds.update, refunds.UPDATE),
    _post("/v1/credit_notes", credit_notes.create, credit_notes.CREATE),
    _get("/v1/credit_notes", credit_notes.listing_of, credit_notes.LIST),
    _get("/v1/credit_notes/{a}", credit_notes.retrieve),
    _get("/v1/disputes", disputes.listing_of, disputes.LIST),
    _get("/v1/disputes/{a}", disputes.retrieve),
    _post("/v1/disputes/{a}", disputes.update, disputes.UPDATE),
    _post("/v1/disputes/{a}/close", disputes.close),
    _get("/v1/radar/early_fraud_warnings", disputes.list_warnings, disputes.WARNING_LIST),
    _get("/v1/radar/early_fraud_warnings/{a}", disputes.retrieve_warning),
    _get("/v1/events", telling.list_events, telling.EVENT_LIST),
    _get("/v1/events/{a}", telling.retrieve_event),
    _post("/v1/webhook_endpoints", telling.create_endpoint, telling.ENDPOINT_CREATE),
    _get("/v1/webhook_endpoints", telling.list_endpoints, telling.ENDPOINT_LIST),
    _get("/v1/webhook_endpoints/{a}", telling.retrieve_endpoint),
    _post("/v1/webhook_endpoints/{a}", telling.update_endpoint, telling.ENDPOINT_UPDATE),
    _delete("/v1/webhook_endpoints/{a}", telling.delete_endpoint),
)
