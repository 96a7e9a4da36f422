"""Charges, and the balance that they and their undoing move."""

from __future__ import annotations

from billing.sandbox.desk import DAY, Desk
from billing.sandbox.errors import Declined
from billing.sandbox.forms import MAP, listing, merged, shape
from billing.sandbox.store import Doc
from billing.sandbox.views import equal, listed
from kling_saas.lib.ids import random_base62

UPDATE = shape(description=str, metadata=MAP, receipt_email=str)
LIST = listing(customer=str, payment_intent=str)
TRANSACTION_LIST = listing(source=str, type=str, currency=str, payout=str)
DISPUTE_FEE = 1500
_FEE_PER_MILLE, _FEE_FIXED = 29, 30  # 2.9 % and 30 cents
_DAYS_UNTIL_AVAILABLE = 2


def fee_of(amount: int) -> int:
    """Stripe's fee of a charge, in cents, half a cent up."""
    return (amount * _FEE_PER_MILLE + 500) // 1000 + _FEE_FIXED


def transaction(
    desk: Desk, source: Doc, amount: int, *, fee: int, kind: str, category: str, days: int = 0
) -> Doc:
    """An entry of the balance, stored; negative when money leaves."""
    label = {"charge": "Stripe processing fees", "adjustment": "Dispute fee"}.get(kind)
    details = [{"amount": fee, "application": None, "currency": source["currency"],
                "description": label, "type": "stripe_fee"}]  # fmt: skip
    doc = desk.new(
        "balance_transaction", amount=amount, available_on=desk.now() + days * DAY,
        balance_type="payments", currency=source["currency"],
        description=source.get("description"), exchange_rate=None, fee=fee,
        fee_details=details if fee else [], net=amount - fee, reporting_category=category,
        source=source["id"], status="pending", type=kind,
    )  # fmt: skip
    del doc["livemode"]
    return desk.save(doc)


def charge(
    desk: Desk,
    intent: Doc,
    method: Doc,
    failure: Declined | None = None,
    *,
    authenticated: bool = False,
) -> Doc:
    """The try of an intent: taken, or refused for `failure`. Tells nobody: the caller does."""
    done = failure is None
    doc = desk.new(
        "charge",
        amount=intent["amount"], amount_captured=intent["amount"] if done else 0,
        amount_refunded=0, application=None, application_fee=None, application_fee_amount=None,
        balance_transaction=None, billing_details=method["billing_details"],
        calculated_statement_descriptor="SANDBOX", captured=done, currency=intent["currency"],
        customer=intent["customer"], description=intent["description"], disputed=False,
        failure_balance_transaction=None,
        failure_code=failure and failure.fields["code"],
        failure_message=failure and failure.fields["message"],
        fraud_details={}, metadata=dict(intent["metadata"]), on_behalf_of=None,
        outcome=_outcome(failure), paid=done, payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details=_details(method, intent["amount"], authenticated),
        radar_options={}, receipt_email=intent["receipt_email"], receipt_number=None,
        receipt_url=None, refunded=False, review=None, shipping=None, source_transfer=None,
        statement_descriptor=None, statement_descriptor_suffix=None,
        status="succeeded" if done else "failed", transfer_data=None, transfer_group=None,
    )  # fmt: skip
    if done:
        doc["receipt_url"] = f"{desk.settings.public_url}/receipts/{doc['id']}"
    return desk.save(doc)


def book(desk: Desk, charge: Doc, method: Doc) -> None:
    """Put a charge on the balance: with `automatic_async`, after it was told as succeeded."""
    days = 0 if method["_after"] == "available" else _DAYS_UNTIL_AVAILABLE
    fee = fee_of(charge["amount"])
    entry = transaction(
        desk, charge, charge["amount"], fee=fee, kind="charge", category="charge", days=days
    )
    charge["balance_transaction"] = entry["id"]
    desk.save(charge, "charge.updated")


def _outcome(failure: Declined | None) -> Doc:
    if failure is None:
        return {
            "advice_code": None, "network_advice_code": None, "network_decline_code": None,
            "network_status": "approved_by_network", "reason": None, "risk_level": "normal",
            "risk_score": 20, "seller_message": "Payment complete.", "type": "authorized",
        }  # fmt: skip
    reason = failure.fields["decline_code"] or failure.fields["code"]
    return {
        "advice_code": "try_again_later" if reason == "insufficient_funds" else None,
        "network_advice_code": None, "network_decline_code": "05",
        "network_status": "declined_by_network", "reason": reason, "risk_level": "normal",
        "risk_score": 20, "seller_message": "The bank did not return any further details.",
        "type": "issuer_declined",
    }  # fmt: skip


def _details(method: Doc, amount: int, authenticated: bool) -> Doc:
    card = method["card"]
    proof = {
        "authentication_flow": "challenge", "electronic_commerce_indicator": "05",
        "exemption_indicator": None, "result": "authenticated", "result_reason": None,
        "transaction_id": random_base62(20), "version": "2.2.0",
    }  # fmt: skip
    kept = (
        "brand",
        "checks",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "last4",
    )
    return {
        "card": {
            **{name: card[name] for name in kept},
            "amount_authorized": amount, "authorization_code": None, "installments": None,
            "mandate": None, "network": card["brand"], "regulated_status": "unregulated",
            "three_d_secure": proof if authenticated else None, "wallet": None,
        },
        "type": "card",
    }  # fmt: skip


def retrieve(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/charges/:id."""
    return desk.get("charge", name, in_path=True)


def update(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/charges/:id."""
    doc = desk.get("charge", name, in_path=True)
    doc["metadata"] = merged(doc["metadata"], params.get("metadata"))
    for field in ("description", "receipt_email"):
        doc[field] = params.get(field, doc[field])
    return desk.save(doc, "charge.updated")


def listing_of(desk: Desk, params: Doc) -> Doc:
    """GET /v1/charges."""
    tests = equal(params, "customer", "payment_intent")
    return listed(desk, "charge", params, tests, url="/v1/charges")


def retrieve_transaction(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/balance_transactions/:id."""
    return desk.get("balance_transaction", name, in_path=True)


def list_transactions(desk: Desk, params: Doc) -> Doc:
    """GET /v1/balance_transactions."""
    tests = equal(params, "source", "type", "currency")
    return listed(desk, "balance_transaction", params, tests, url="/v1/balance_transactions")


def of_request(desk: Desk, params: Doc) -> Doc:
    """The charge that a refund names, by itself or by its intent. Raises Refused."""
    if params.get("charge"):
        return desk.get("charge", params["charge"], "charge")
    intent = desk.get("payment_intent", params.get("payment_intent"), "payment_intent")
    return desk.get("charge", intent["latest_charge"], "payment_intent")
