"""Disputes and early fraud warnings, from the card's bank."""

from __future__ import annotations

from billing.sandbox import charges
from billing.sandbox.desk import DAY, Desk
from billing.sandbox.errors import invalid
from billing.sandbox.forms import MAP, listing, merged, shape
from billing.sandbox.store import Doc
from billing.sandbox.views import equal, listed

TEXTS = (
    "access_activity_log", "billing_address", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_email_address", "customer_name", "customer_purchase_ip",
    "duplicate_charge_explanation", "duplicate_charge_id", "product_description",
    "refund_policy_disclosure", "refund_refusal_explanation", "service_date", "shipping_address",
    "shipping_carrier", "shipping_date", "shipping_tracking_number", "uncategorized_text",
)  # fmt: skip
FILES = (
    "cancellation_policy", "customer_communication", "customer_signature",
    "duplicate_charge_documentation", "receipt", "refund_policy", "service_documentation",
    "shipping_documentation", "uncategorized_file",
)  # fmt: skip
UPDATE = shape(evidence=shape(**dict.fromkeys((*TEXTS, *FILES), str)), metadata=MAP, submit=bool)
LIST = listing(charge=str, payment_intent=str)
WARNING_LIST = listing(charge=str, payment_intent=str)
OPEN = ("needs_response", "under_review")
_DAYS_TO_ANSWER = 7
_NETWORK_CODES = {"fraudulent": "10.4", "product_not_received": "13.1"}
# What is documented for test mode: this text as evidence decides the dispute.
_VERDICTS = {"winning_evidence": "won", "losing_evidence": "lost"}


def after(desk: Desk, charge: Doc, kind: str) -> None:
    """What a test card brings after its success."""
    if kind == "warning":
        _warn(desk, charge)
    elif kind in _NETWORK_CODES:
        open_dispute(desk, charge, kind)


def _warn(desk: Desk, charge: Doc) -> Doc:
    warning = desk.new(
        "radar.early_fraud_warning", actionable=True, charge=charge["id"], fraud_type="misc",
        payment_intent=charge["payment_intent"],
    )  # fmt: skip
    return desk.save(warning, "radar.early_fraud_warning.created")


def open_dispute(desk: Desk, charge: Doc, reason: str) -> Doc:
    """The bank takes all of the charge back; the fee of a dispute stays, however it ends."""
    dispute = desk.new(
        "dispute", amount=charge["amount"], balance_transactions=[], charge=charge["id"],
        currency=charge["currency"], enhanced_eligibility_types=[],
        evidence={**dict.fromkeys((*TEXTS, *FILES)), "enhanced_evidence": {}},
        evidence_details={"due_by": desk.now() + _DAYS_TO_ANSWER * DAY, "enhanced_eligibility": {},
                          "has_evidence": False, "past_due": False, "submission_count": 0,
                          "submission_method": "not_submitted"},
        is_charge_refundable=False, metadata={}, payment_intent=charge["payment_intent"],
        payment_method_details={"card": {"brand": charge["payment_method_details"]["card"]["brand"],
                                         "case_type": "chargeback", "network": "visa",
                                         "network_reason_code": _NETWORK_CODES[reason]},
                                "type": "card"},
        reason=reason, status="needs_response",
    )  # fmt: skip
    _move(desk, dispute, -dispute["amount"], charges.DISPUTE_FEE, "dispute")
    desk.store.put(dispute)
    charge.update(disputed=True, _charged_back=True)
    desk.save(charge, "charge.updated")
    desk.emit("charge.dispute.created", dispute)
    desk.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def _move(desk: Desk, dispute: Doc, amount: int, fee: int, category: str) -> None:
    entry = charges.transaction(
        desk, dispute, amount, fee=fee, kind="adjustment", category=category
    )
    dispute["balance_transactions"].append(entry)


def update(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/disputes/:id: evidence is submitted at once unless `submit` is false."""
    dispute = desk.get("dispute", name, in_path=True)
    dispute["metadata"] = merged(dispute["metadata"], params.get("metadata"))
    evidence = params.get("evidence")
    if evidence is not None:
        _check_open(dispute)
        dispute["evidence"].update(evidence)
        details = dispute["evidence_details"]
        details["has_evidence"] = any(dispute["evidence"][key] for key in (*TEXTS, *FILES))
        if params.get("submit", True):
            details.update(submission_count=1, submission_method="manual")
            dispute["status"] = "under_review"
    desk.save(dispute, "charge.dispute.updated")
    verdict = _VERDICTS.get(dispute["evidence"]["uncategorized_text"] or "")
    if verdict and dispute["status"] == "under_review":
        return decide(desk, dispute, verdict)
    return dispute


def _check_open(dispute: Doc) -> None:
    if dispute["status"] != "needs_response":
        message = "This dispute has already been submitted or closed and cannot be changed."
        raise invalid(message, "evidence")


def close(desk: Desk, params: Doc, name: str) -> Doc:
    """POST /v1/disputes/:id/close: accept that it is lost."""
    dispute = desk.get("dispute", name, in_path=True)
    _check_open(dispute)
    return decide(desk, dispute, "lost")


def decide(desk: Desk, dispute: Doc, outcome: str) -> Doc:
    """The bank's word: `won` gives the money back, without the fee; `lost` does not."""
    if dispute["status"] not in OPEN:
        raise invalid("This dispute is already closed.")
    dispute["status"] = outcome
    if outcome == "won":
        _move(desk, dispute, dispute["amount"], 0, "dispute_reversal")
    desk.store.put(dispute)
    desk.emit("charge.dispute.closed", dispute)
    if outcome == "won":
        desk.emit("charge.dispute.funds_reinstated", dispute)
        # `disputed` stays: it says that there ever was a dispute.
        desk.store.put({**desk.get("charge", dispute["charge"]), "_charged_back": False})
    return dispute


def due(desk: Desk) -> list[tuple[int, Doc]]:
    """The disputes that nobody answered, each with when it is lost."""
    found = desk.store.find("dispute", ("status", "=", "needs_response"))
    return [(dispute["evidence_details"]["due_by"], dispute) for dispute in found]


def retrieve(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/disputes/:id."""
    return desk.get("dispute", name, in_path=True)


def listing_of(desk: Desk, params: Doc) -> Doc:
    """GET /v1/disputes."""
    tests = equal(params, "charge", "payment_intent")
    return listed(desk, "dispute", params, tests, url="/v1/disputes")


def retrieve_warning(desk: Desk, params: Doc, name: str) -> Doc:
    """GET /v1/radar/early_fraud_warnings/:id."""
    return desk.get("radar.early_fraud_warning", name, in_path=True)


def list_warnings(desk: Desk, params: Doc) -> Doc:
    """GET /v1/radar/early_fraud_warnings."""
    tests = equal(params, "charge", "payment_intent")
    url = "/v1/radar/early_fraud_warnings"
    return listed(desk, "radar.early_fraud_warning", params, tests, url=url)
