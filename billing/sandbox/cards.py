"""Stripe's documented test cards, by number and by token, and what each of them does.

Source: docs.stripe.com/testing. Numbers are kept nowhere: a payment method remembers its behaviour.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from billing.sandbox.errors import Declined


@dataclass(frozen=True, slots=True)
class Card:
    """`decline`: refused with this code or decline code; `attaches`: it can be saved, and is
    declined only when charged; `asks`: 3-D Secure `once` (not again after it was set up) or
    `always`; `after`: what follows a success.
    """

    number: str
    token: str
    decline: str = ""
    attaches: bool = False
    asks: str = ""
    after: str = ""
    country: str = "US"
    funding: str = "credit"


CARDS = (
    Card("4242424242424242", "pm_card_visa"),
    Card("4000056655665556", "pm_card_visa_debit", funding="debit"),
    Card("5555555555554444", "pm_card_mastercard"),
    Card("378282246310005", "pm_card_amex"),
    Card("4000002760000016", "pm_card_de", country="DE"),
    Card("4000000000000077", "pm_card_bypassPending", after="available"),
    Card("4000000000000002", "pm_card_chargeDeclined", "generic_decline"),
    Card("4000000000009995", "pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    Card("4000000000009987", "pm_card_chargeDeclinedLostCard", "lost_card"),
    Card("4000000000009979", "pm_card_chargeDeclinedStolenCard", "stolen_card"),
    Card("4000000000000069", "pm_card_chargeDeclinedExpiredCard", "expired_card"),
    Card("4000000000000127", "pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc"),
    Card("4000000000000119", "pm_card_chargeDeclinedProcessingError", "processing_error"),
    Card("4000000000000341", "pm_card_chargeCustomerFail", "generic_decline", attaches=True),
    Card("4000002500003155", "pm_card_authenticationRequiredOnSetup", asks="once"),
    Card("4000002760003184", "pm_card_authenticationRequired", asks="always"),
    Card("4000000000000259", "pm_card_createDispute", after="fraudulent"),
    Card("4000000000002685", "pm_card_createDisputeProductNotReceived",
         after="product_not_received"),
    Card("4000000000005423", "pm_card_createIssuerFraudRecord", after="warning"),
    Card("4000000000005126", "pm_card_refundFail", after="refund_fails"),
)  # fmt: skip
_BY_NUMBER = {card.number: card for card in CARDS}
_BY_TOKEN = {card.token: card for card in CARDS}
_MESSAGES = {
    "generic_decline": ("Your card was declined.", "card_declined"),
    "insufficient_funds": ("Your card has insufficient funds.", "card_declined"),
    "lost_card": ("Your card was declined.", "card_declined"),
    "stolen_card": ("Your card was declined.", "card_declined"),
    "expired_card": ("Your card has expired.", "expired_card"),
    "incorrect_cvc": ("Your card's security code is incorrect.", "incorrect_cvc"),
    "processing_error": (
        "An error occurred while processing your card. Try again in a little bit.",
        "processing_error",
    ),
}


def by_token(token: str) -> Card | None:
    """The card of `pm_card_…`; declines are documented with and without `visa_` in their names."""
    return _BY_TOKEN.get(token.replace("pm_card_visa_charge", "pm_card_charge"))


def by_number(number: str) -> Card:
    """The card of a number as typed. Raises Declined for what is no test card."""
    digits = re.sub(r"[\s-]", "", number)
    if not re.fullmatch(r"[0-9]{12,19}", digits) or not _luhn(digits):
        raise Declined("Your card number is incorrect.", "incorrect_number")
    found = _BY_NUMBER.get(digits)
    if found is None:
        message = (
            "Your card was declined. Your request was in test mode, but used a non test card. "
            "For a list of valid test cards, visit: https://stripe.com/docs/testing."
        )
        raise Declined(message, "card_declined", "test_mode_live_card")
    return found


def expiry(text: str, now_year: int, now_month: int) -> tuple[int, int]:
    """Month and year of `MM/YY` as typed. Raises Declined for what is no date or is over."""
    match = re.fullmatch(r"\s*(\d{1,2})\s*[/-]?\s*(\d{2}|20\d{2})\s*", text)
    if match is None or not 1 <= int(match[1]) <= 12:
        raise Declined("Your card's expiration month is invalid.", "invalid_expiry_month")
    month, year = int(match[1]), int(match[2][-2:]) + 2000
    if (year, month) < (now_year, now_month):
        raise Declined("Your card's expiration year is invalid.", "invalid_expiry_year")
    return month, year


def check_cvc(card: Card, cvc: str) -> None:
    """Raises Declined for a security code of a wrong form."""
    digits = 4 if brand(card) == "amex" else 3
    if not re.fullmatch(rf"[0-9]{{{digits}}}", cvc.strip()):
        raise Declined("Your card's security code is invalid.", "invalid_cvc")


def refusal(decline: str) -> Declined:
    """The refusal of a card by its decline code, as the error says it."""
    message, code = _MESSAGES[decline]
    return Declined(message, code, decline if code == "card_declined" else None)


def wants_authentication() -> Declined:
    """The refusal of an off-session payment that its bank wants the customer to confirm."""
    message = "Your card was declined. This transaction requires authentication."
    return Declined(message, "authentication_required", "authentication_required")


def brand(card: Card) -> str:
    """The network by its first digit."""
    return {"3": "amex", "5": "mastercard"}.get(card.number[0], "visa")


def fingerprint(card: Card) -> str:
    """The same for equal numbers."""
    return hashlib.sha256(card.number.encode()).hexdigest()[:16]


def _luhn(digits: str) -> bool:
    total = 0
    for at, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + at % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
