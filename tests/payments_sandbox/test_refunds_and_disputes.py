"""Money that goes back: refunds, disputes, warnings, and what the balance says of each."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.payments_sandbox.service import Payments, unknown_fields


def paid(payments: Payments, card: str = "pm_card_visa", amount: int = 5000) -> stripe.Charge:
    """The charge of a payment with that card."""
    intent = payments.v1.payment_intents.create(
        {
            "amount": amount,
            "currency": "usd",
            "payment_method": card,
            "confirm": True,
            "expand": ["latest_charge"],
        }
    )
    assert isinstance(intent.latest_charge, stripe.Charge)
    return intent.latest_charge


def balance(payments: Payments, *sources: str) -> list[tuple[str, int, int]]:
    """Category, net and fee of the entries of these sources, oldest first."""
    found = [
        entry
        for source in sources
        for entry in reversed(payments.v1.balance_transactions.list({"source": source}).data)
    ]
    return [(entry.reporting_category, entry.net, entry.fee) for entry in found]


def dispute_of(payments: Payments, charge: stripe.Charge) -> stripe.Dispute:
    (found,) = payments.v1.disputes.list({"charge": charge.id})
    return found


def test_a_part_and_then_the_rest(payments: Payments) -> None:
    charge = paid(payments)
    part = payments.v1.refunds.create(
        {
            "charge": charge.id,
            "amount": 1200,
            "reason": "requested_by_customer",
            "metadata": {"ticket": "4"},
        }
    )
    assert unknown_fields(part) == []
    assert (part.status, part.payment_intent, part.reason) == (
        "succeeded", charge.payment_intent, "requested_by_customer",
    )  # fmt: skip
    with pytest.raises(stripe.InvalidRequestError, match=r"\$40\.00\) is greater than unrefunded"):
        payments.v1.refunds.create({"charge": charge.id, "amount": 4000})
    rest = payments.v1.refunds.create({"payment_intent": str(charge.payment_intent)})
    assert rest.amount == 3800
    with pytest.raises(stripe.InvalidRequestError) as refused:
        payments.v1.refunds.create({"charge": charge.id})
    assert refused.value.code == "charge_already_refunded"
    after = payments.v1.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert (after.amount_refunded, after.refunded) == (5000, True)
    assert after.refunds is not None
    assert [one.id for one in after.refunds.data] == [rest.id, part.id]
    assert balance(payments, charge.id, part.id, rest.id) == [
        ("charge", 4825, 175), ("refund", -1200, 0), ("refund", -3800, 0),
    ]  # fmt: skip
    assert payments.events(charge.id, part.id, rest.id) == [
        "charge.succeeded", "charge.updated", "charge.refunded", "refund.created",
        "charge.refunded", "refund.created",
    ]  # fmt: skip
    payments.v1.refunds.update(part.id, {"metadata": {"ticket": "5"}})
    (told,) = payments.v1.events.list({"type": "refund.updated", "limit": 1})
    assert told.data.to_dict()["previous_attributes"] == {"metadata": {"ticket": "4"}}


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_the_bank_decides_a_dispute(payments: Payments, outcome: str) -> None:
    charge = paid(payments, "pm_card_createDispute")
    dispute = dispute_of(payments, charge)
    assert unknown_fields(dispute) == []
    assert (dispute.reason, dispute.status, dispute.amount) == (
        "fraudulent",
        "needs_response",
        5000,
    )
    with pytest.raises(stripe.InvalidRequestError) as refused:
        payments.v1.refunds.create({"charge": charge.id})
    assert refused.value.code == "charge_disputed"
    evidence: dict[str, Any] = {"evidence": {"product_description": "Films"}}
    kept = payments.v1.disputes.update(dispute.id, {**evidence, "submit": False})
    assert (kept.status, kept.evidence_details.has_evidence) == ("needs_response", True)
    sent = payments.v1.disputes.update(dispute.id, evidence)
    assert (sent.status, sent.evidence_details.submission_count) == ("under_review", 1)

    assert payments.control(f"disputes/{dispute.id}", outcome=outcome)["status"] == outcome
    again = payments.http.post(f"/_sandbox/disputes/{dispute.id}", json={"outcome": outcome})
    assert again.status_code == 400
    back = [("dispute_reversal", 5000, 0)] if outcome == "won" else []
    assert balance(payments, dispute.id) == [("dispute", -6500, 1500), *back]
    end = ["charge.dispute.funds_reinstated"] if outcome == "won" else []
    assert payments.events(dispute.id) == [
        "charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated",
        "charge.dispute.updated", "charge.dispute.closed", *end,
    ]  # fmt: skip
    assert payments.v1.charges.retrieve(charge.id).disputed is True


def test_evidence_may_decide_by_itself(payments: Payments) -> None:
    dispute = dispute_of(payments, paid(payments, "pm_card_createDispute"))
    won = payments.v1.disputes.update(
        dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}}
    )
    assert won.status == "won"


def test_who_does_not_answer_loses(payments: Payments) -> None:
    charge = paid(payments, "pm_card_createDisputeProductNotReceived")
    dispute = dispute_of(payments, charge)
    assert dispute.reason == "product_not_received"
    given_in = dispute_of(payments, paid(payments, "pm_card_createDispute"))
    assert payments.v1.disputes.close(given_in.id).status == "lost"
    payments.advance(days=7.1)
    lost = payments.v1.disputes.retrieve(dispute.id)
    assert (lost.status, lost.evidence_details.past_due) == ("lost", True)


def test_a_warning_asks_for_a_refund(payments: Payments) -> None:
    charge = paid(payments, "pm_card_createIssuerFraudRecord")
    (warning,) = payments.v1.radar.early_fraud_warnings.list({"charge": charge.id})
    assert unknown_fields(warning) == []
    assert (warning.actionable, warning.payment_intent) == (True, charge.payment_intent)
    payments.v1.refunds.create({"charge": charge.id})
    assert payments.v1.radar.early_fraud_warnings.retrieve(warning.id).actionable is False
    assert payments.events(warning.id)[0] == "radar.early_fraud_warning.created"


def test_a_refund_may_fail_after_it_was_told_as_done(payments: Payments) -> None:
    charge = paid(payments, "pm_card_refundFail")
    told = payments.v1.refunds.create({"charge": charge.id, "amount": 1200})
    assert told.status == "succeeded"
    failed = payments.v1.refunds.retrieve(told.id)
    assert unknown_fields(failed) == []
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert payments.events(told.id) == ["refund.created", "refund.updated", "refund.failed"]
    after = payments.v1.charges.retrieve(charge.id)
    assert (after.amount_refunded, after.refunded) == (0, False)
    assert balance(payments, told.id) == [("refund", -1200, 0), ("refund_failure", 1200, 0)]


def test_the_bank_may_take_any_payment_back(payments: Payments) -> None:
    charge = paid(payments)
    made = payments.control("disputes", payment_intent=str(charge.payment_intent))
    assert dispute_of(payments, charge).id == made["id"]


def test_the_audit_counts_the_money(payments: Payments) -> None:
    before = payments.audit()["money"]
    charge = paid(payments, amount=10_000)
    payments.v1.refunds.create({"charge": charge.id, "amount": 4000})
    after = payments.audit()["money"]
    moved = {name: after[name] - before[name] for name in after}
    assert moved == {"charged": 10_000, "refunded": 4000, "fees": 320, "net": 5680}
