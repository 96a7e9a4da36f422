"""Lists page by page, expansion, keys, and how Stripe says no."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import stripe

from tests.payments_sandbox.service import KEY, Payments, unknown_fields


def test_a_list_is_read_page_by_page(payments: Payments) -> None:
    email = "pages@example.org"
    made = [payments.customer(email=email).id for _ in range(5)]
    first = payments.v1.customers.list({"email": email, "limit": 2})
    assert ([one.id for one in first], first.has_more) == ([made[4], made[3]], True)
    second = payments.v1.customers.list(
        {"email": email, "limit": 2, "starting_after": first.data[-1].id}
    )
    assert [one.id for one in second] == [made[2], made[1]]
    back = payments.v1.customers.list(
        {"email": email, "limit": 2, "ending_before": second.data[-1].id}
    )
    assert ([one.id for one in back], back.has_more) == ([made[3], made[2]], True)
    everyone = payments.v1.customers.list({"email": email, "limit": 2}).auto_paging_iter()
    assert [one.id for one in everyone] == made[::-1]


@pytest.mark.parametrize(
    ("act", "code", "param", "status"),
    [
        (lambda v1: v1.customers.retrieve("cus_none"), "resource_missing", "id", 404),
        (lambda v1: v1.customers.create({"nme": "x"}), "parameter_unknown", "nme", 400),
        (
            lambda v1: v1.customers.create({"address": {"town": "x"}}),
            "parameter_unknown", "address[town]", 400,
        ),
        (lambda v1: v1.products.create({}), "parameter_missing", "name", 400),
        (lambda v1: v1.products.create({"name": ""}), "parameter_invalid_empty", "name", 400),
        (
            lambda v1: v1.payment_intents.create({"amount": "ten", "currency": "usd"}),
            "parameter_invalid_integer", "amount", 400,
        ),
        (
            lambda v1: v1.payment_intents.create({"amount": 49, "currency": "usd"}),
            "amount_too_small", "amount", 400,
        ),
        (lambda v1: v1.customers.list({"limit": 101}), None, "limit", 400),
        (
            lambda v1: v1.customers.list({"starting_after": "cus_none"}),
            "resource_missing", "starting_after", 400,
        ),
        (lambda v1: v1.customers.list({"expand": ["data.nothing"]}), None, "expand", 400),
        (lambda v1: v1.refunds.create({"charge": "ch_none"}), "resource_missing", "charge", 400),
        (
            lambda v1: v1.checkout.sessions.create({"mode": "gift", "success_url": "x"}),
            None, "mode", 400,
        ),
    ],
)  # fmt: skip
def test_a_wrong_request_is_told_why(
    payments: Payments, act: Any, code: str | None, param: str, status: int
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        act(payments.v1)
    error = refused.value
    assert (error.http_status, error.code, error.param) == (status, code, param)
    assert str(error.request_id).startswith("req_")


def test_a_key_is_needed(payments: Payments) -> None:
    assert payments.http.get("/v1/customers").status_code == 401
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
        payments.client("sk_live_0123456789abcdef").v1.customers.list()
    unknown = payments.http.get("/v1/nothing", headers={"Authorization": f"Bearer {KEY}"})
    assert unknown.status_code == 404
    assert "Unrecognized request URL (GET: /v1/nothing)" in unknown.json()["error"]["message"]


def test_one_key_only_where_one_is_set(tmp_path: Path) -> None:
    own = Payments(tmp_path, PAYMENTS_SECRET_KEY="sk_test_ours")
    try:
        with pytest.raises(stripe.AuthenticationError):
            own.v1.customers.list()
        assert own.client("sk_test_ours").v1.customers.list().data == []
    finally:
        own.stop()


def test_a_setting_that_makes_no_sense_is_told() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "billing.sandbox"],
        env={"PAYMENTS_SECRET_KEY": "sk_live_x"},
        capture_output=True,
        text=True,
    )
    assert (told.returncode, "sk_test_" in told.stderr) == (2, True)


def test_the_version_is_echoed_and_the_sandbox_says_what_it_is(payments: Payments) -> None:
    answer = payments.http.get(
        "/v1/customers", headers={"Authorization": f"Bearer {KEY}", "Stripe-Version": "2020-08-27"}
    )
    assert answer.headers["stripe-version"] == "2020-08-27"
    about = payments.http.get("/").json()
    assert about["sandbox"] is True
    assert "POST /_sandbox/advance" in about["controls"]
    assert payments.http.post("/_sandbox/advance", json={"to": 1}).status_code == 400
    assert payments.http.post("/_sandbox/weather", json={"rain": 1}).status_code == 400


def test_products_and_prices_are_kept(payments: Payments) -> None:
    product = payments.v1.products.create(
        {
            "name": "Studio",
            "default_price_data": {
                "currency": "usd",
                "unit_amount": 9900,
                "recurring": {"interval": "year"},
            },
        }
    )
    price = payments.v1.prices.retrieve(str(product.default_price), {"expand": ["product"]})
    assert isinstance(price.product, stripe.Product)
    assert (price.product.name, price.unit_amount, price.type) == ("Studio", 9900, "recurring")
    assert unknown_fields(price) == []
    payments.v1.prices.update(price.id, {"lookup_key": "studio", "metadata": {"credits": "990"}})
    (found,) = payments.v1.prices.list({"lookup_keys": ["studio"], "active": True})
    assert found.metadata["credits"] == "990"
    payments.v1.prices.update(price.id, {"active": False, "metadata": {"credits": ""}})
    assert payments.v1.prices.list({"lookup_keys": ["studio"], "active": True}).data == []
    assert payments.v1.prices.retrieve(price.id).metadata.to_dict() == {}


def test_a_customer_has_its_particulars(payments: Payments) -> None:
    made = payments.v1.customers.create(
        {
            "name": "Zuse KG",
            "address": {"country": "DE", "city": "Berlin"},
            "tax_id_data": [{"type": "eu_vat", "value": "DE123456789"}],
            "expand": ["tax_ids", "subscriptions"],
        }
    )
    assert unknown_fields(made) == []
    assert made.tax_ids is not None
    assert [one.value for one in made.tax_ids.data] == ["DE123456789"]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        payments.v1.customers.tax_ids.create(made.id, {"type": "eu_vat", "value": "nonsense"})
    assert refused.value.code == "tax_id_invalid"
    payments.v1.customers.tax_ids.delete(made.id, made.tax_ids.data[0].id)
    assert payments.v1.customers.tax_ids.list(made.id).data == []
    payments.v1.payment_methods.attach("pm_card_visa", {"customer": made.id})
    begun = payments.subscribe(made, payments.price(2000), payment_behavior="default_incomplete")
    payments.v1.customers.delete(made.id)
    assert payments.v1.customers.retrieve(made.id).to_dict()["deleted"] is True
    assert payments.v1.subscriptions.retrieve(begun.id).status == "canceled"


def test_every_kind_of_thing_is_known_to_the_sdk(payments: Payments) -> None:
    """What the other tests made is listed and looked at, field by field."""
    ada = payments.customer("pm_card_createDispute")
    payments.subscribe(ada, payments.price(2000))
    v1: Any = payments.v1
    payments.session()
    lists = [
        v1.customers, v1.products, v1.prices, v1.coupons, v1.promotion_codes, v1.checkout.sessions,
        v1.payment_intents, v1.setup_intents, v1.charges, v1.balance_transactions, v1.invoices,
        v1.invoice_payments, v1.refunds, v1.disputes, v1.radar.early_fraud_warnings, v1.events,
        v1.webhook_endpoints, v1.credit_notes, v1.billing_portal.configurations,
    ]  # fmt: skip
    for service in lists:
        assert unknown_fields(service.list({"limit": 100}).data) == [], service
    assert unknown_fields(v1.subscriptions.list({"status": "all", "limit": 100}).data) == []
    assert unknown_fields(v1.payment_methods.list({"customer": ada.id}).data) == []
    known = get_args(get_type_hints(stripe.Event)["type"])
    assert payments.audit()["events"].keys() - set(known) == set()
