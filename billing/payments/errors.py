"""Every way the payment service says no; no exception of its SDK leaves the room."""

from __future__ import annotations

from billing.errors import BillingRefusal
from kling_saas.lib.refusals import Unavailable


class Declined(BillingRefusal):
    """The bank refused the card. `detail` is in the bank's words, `reason` its code."""

    code, status, title = "card_declined", 402, "Card declined"

    def __init__(self, words: str, *, reason: str) -> None:
        super().__init__(words, reason=reason)
        self.reason = reason


class PaymentServiceDown(BillingRefusal):
    """The payment service does not answer, or does not let us in. Nothing was charged."""

    code, status, title = "payment_service_down", 503, "Payment service not available"
    retryable = True

    def __init__(self) -> None:
        super().__init__(
            "The payment service does not answer at the moment and nothing was charged: "
            "try again in a minute."
        )


class NotUnderstood(BillingRefusal):
    """The payment service refused what we asked: a fault of ours. `reason` is its code."""

    code, status, title = "payment_not_understood", 500, "Refused by the payment service"

    def __init__(self, words: str, *, reason: str) -> None:
        super().__init__(words, reason=reason)
        self.reason = reason


# What a customer is told to try again in a minute: also when others write the same all the time.
NOT_NOW = (PaymentServiceDown, NotUnderstood, Unavailable)


class Untrusted(BillingRefusal):
    """What came is no event of the payment service's; nothing was written."""

    code, status, title = "untrusted_event", 400, "Not an event"


class Disagrees(Exception):
    """What the payment service says cannot be about our row; nothing was moved."""


class NotOurs(Exception):
    """It is about something that was not made here."""
