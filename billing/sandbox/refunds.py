"""Refunds: all of a charge or a part of it."""

from __future__ import annotations

from billing.sandbox import charges
from billing.sandbox.desk import Desk
from billing.sandbox.errors import invalid, required
from billing.sandbox.forms import MAP, listing, merged, shape
from billing.sandbox.store import Doc
from billing.sandbox.views import equal, listed

REASONS = ("duplicate", "fraudulent", "requested_by_customer")
CREATE = shape(
    amount=int, charge=str, payment_intent=str, reason=REASONS, metadata=MAP,
    instructions_email=str,
)  # fmt: skip
UPDATE = shape(metadata=MAP)
LIST = listing(charge=str, payment_intent=str)


def create(desk: Desk, params: Doc) -> Doc:
    """POST /v1/refunds. Raises Refused when so much is not left, or the charge is disputed."""
    if not params.get("charge") and not params.get("payment_intent"):
        raise required("charge")
    charge = charges.of_request(desk, params)
    amount = _amount(charge, params.get("amount"))
    refund = desk.new(
        "refund", amount=amount, balance_transaction=None, charge=charge["id"],
        currency=charge["currency"], customer=charge["customer"],
        destination_details={"card": {"reference_status": "pending", "reference_type":
                             "acquirer_reference_number", "type": "refund"}, "type": "card"},
        failure_reason=None, metadata=merged(None, params.get("metadata")),
        payment_intent=charge["payment_intent"], payment_method=charge["payment_method"],
        reason=params.get("reason"), receipt_number=None, source_transfer_reversal=None,
        status="succeeded", transfer_reversal=None,
    )  # fmt: skip
    del refund["livemode"]
    entry = charges.transaction(desk, refund, -amount, fee=0, kind="refund", category="refund")
    refund["balance_transaction"] = entry["id"]
    desk.store.put(refund)
    before = {key: charge[key] for key in ("amount_refunded", "refunded")}
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    desk.store.put(charge)
    desk.emit("charge.refunded", charge, before)
    desk.emit("refund.created", refund)
    _calm(desk, charge)
    if desk.get("payment_method", charge["payment_method"])["_after"] == "refund_fails":
        return _fail(desk, charge, dict(refund))
    return refund


def _fail(desk: Desk, charge: Doc, refund: Doc) -> Doc:
    """The bank does not take it, which turns out after it was told as succeeded."""
    entry = charges.transaction(
        desk, refund, refund["amount"], fee=0, kind="refund_failure", category="refund_failure"
    )
    answered = dict(refund)
    refund.update(status="failed", failure_reason="expired_or_canceled_card",
                  failure_balance_transaction=entry["id"])  # fmt: skip
    desk.save(refund, "refund.updated")
    desk.emit("refund.failed", refund)
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    desk.save(charge, "charge.updated")
    return answered


def _amount(charge: Doc, asked: int | None) -> int:
    if charge["status"] != "succeeded":
        raise invalid(f"Charge {charge['id']} was not successful: there is nothing to refund.",
                      "charge")  # fmt: skip
    if charge.get("_charged_back"):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise invalid(message, "charge", "charge_disputed")
    left: int = charge["amount"] - charge["amount_refunded"]
    if left == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise invalid(message, "charge", "charge_already_refunded")
    if asked is None:
        return left
    if asked < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    if asked > left:
        of = "unrefunded amount on charge" if charge["amount_refunded"] else "charge amount"
        message = f"Refund amount ({money(asked)}) is greater than {of} ({money(left)})"
        raise invalid(message, "amount")
    return asked


def money(cents: int) -> str:
    """An amount as Stripe's messages say it."""
    return f"${cents // 100:,}.{cents % 100:02}"


def _calm(desk: Desk, charge: Doc) -> None:
    """A fraud warning of a charge that was paid back asks for nothing any more."""
    for warning in desk.store.find("radar.early_fraud_warning", ("charge", "=", charge["id"])):
        if charge["refunded"] and warning["actionable"]:
            warning["actionable"] = False
            desk.save(warning, "radar.early_fraud_warning.updated")


def update(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/refunds/:id."""
    refund = desk.get("refund", name, in_path=True)
    refund["metadata"] = merged(refund["metadata"], params.get("metadata"))
    return desk.save(refund, "refund.updated")


def retrieve(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/refunds/:id."""
    return desk.get("refund", name, in_path=True)


def listing_of(desk: Desk, params: Doc) -> Doc:
    """GET /v1/refunds."""
    return listed(
        desk, "refund", params, equal(params, "charge", "payment_intent"), url="/v1/refunds"
    )
