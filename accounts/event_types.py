"""Everything customers are told of, in one table: the word of each event, and what happened.

An endpoint asks for `*`, for a whole kind (`generation.*`) or for single words. What is told under
a word that is not here only wakes who waits, and is no event.
"""

from __future__ import annotations

EVENTS = {
    "generation.queued": "An order was accepted, and waits for its turn.",
    "generation.processing": "An upstream has taken it, and works on it.",
    "generation.succeeded": "What was ordered is there, and its credits are spent.",
    "generation.failed": "It was given up, and every credit came back.",
    "generation.cancelled": "It was cancelled while queued, and every credit came back.",
    "generation.late_film": "A film of a generation that had failed came after all, free.",
    "purchase.paid": "A purchase of credits was paid.",
    "purchase.failed": "A purchase was not paid, and cannot be any more.",
    "purchase.expired": "A purchase was not paid in time.",
    "refund.asked": "Money for unspent credits was asked back.",
    "refund.recorded": "A payment was paid back in part or in whole.",
    "refund.succeeded": "A refund was paid out.",
    "refund.failed": "A refund could not be paid out, and its credits are back.",
    "subscription.begun": "A plan began.",
    "subscription.ended": "A plan ended.",
    "wallet.approval_asked": "A member asks for credits beyond a limit.",
    "wallet.approval_decided": "What a member asked for beyond a limit was decided.",
    "wallet.cap_reached": "A spending limit is nearly, or wholly, used.",
    "wallet.dispute": "A bank disputes a payment, or has decided on a dispute.",
    "wallet.gift_bought": "A gift was paid, and its code can be given away.",
    "wallet.lot_expires": "Credits expire soon.",
    "wallet.low_balance": "The credits last only days, or are fewer than was chosen.",
    "wallet.payment_failed": "An invoice of a plan was not paid.",
    "wallet.referral_rewarded": "An invitation brought a buyer, and credits.",
    "wallet.referral_welcome": "The credits for who came by an invitation were given.",
    "wallet.refund_failed": "The owners were written to about a refund that could not be paid out.",
    "wallet.top_up_asks": "The bank asks for a confirmation of an automatic top-up.",
    "wallet.top_up_failed": "An automatic top-up was declined.",
    "wallet.top_up_maximum": "Automatic top-ups have reached the month's maximum.",
    "webhook.disabled": "An endpoint gets nothing any more, for the reason that is told.",
    "webhook.test": "Somebody asked for it, to see whether an endpoint works.",
}
TEST = "webhook.test"
PATTERNS = frozenset({"*", *EVENTS, *(f"{word.partition('.')[0]}.*" for word in EVENTS)})


def words_of(pattern: str) -> list[str]:
    """The words a pattern stands for; none for one that is not in PATTERNS."""
    if pattern not in PATTERNS:
        return []
    return [word for word in EVENTS if pattern in {"*", word, f"{word.partition('.')[0]}.*"}]
