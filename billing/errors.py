"""Every way money says no, each with its code, its sentence and the way out.

The database raises them by SQLSTATE; `from_database` is where they become Python's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from math import ceil
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from kling_saas.lib.refusals import Conflict, Forbidden, NotFound, Refusal


class BillingRefusal(Refusal):
    """Base of what this app refuses."""


class InsufficientCredits(BillingRefusal):
    """The wallet cannot cover the order; `needed` and `available` are whole credits."""

    code, status, title = "insufficient_credits", 402, "Not enough credits"

    def __init__(self, *, needed: int, available: int) -> None:
        super().__init__(
            f"This needs {needed} credits and {available} are available: "
            f"{needed - available} are missing. Add credits at {settings.SITE_URL}/billing/buy (in "
            "test mode by POST /api/v1/wallet/refill), or choose something shorter.",
            needed=needed,
            available=available,
        )
        self.needed = needed
        self.available = available


class CapReached(BillingRefusal):
    """The order is above a spending cap.

    `cap` is its id, `scope` whose it is, `period` for how long it counts, `set_by` who set it. Of
    its `credits`, `spent` are gone and this needs `needed`; `resets_at` is the day on which it
    counts anew, null where it never does.
    """

    code, status, title = "cap_reached", 402, "Spending cap reached"

    def __init__(self, **facts: Any) -> None:
        left = max(0, facts["credits"] - facts["spent"])
        whose = {"organisation": "The cap of your organisation", "member": "Your cap",
                 "credential": "The cap of this key",
                 "end_user": "The cap of this end user"}[facts["scope"]]  # fmt: skip
        by = f", set by {facts['set_by']}," if facts["set_by"] else ""
        if facts["period"] == "call":
            room, way_out = "per order", "Choose something cheaper"
        elif facts["period"] == "total":
            room, way_out = f"in all, of which {left} are left", "Choose something cheaper"
        else:
            room = f"per {facts['period']}, of which {left} are left until {facts['resets_at']} "
            room += "00:00 UTC"
            way_out = "Wait until then, choose something cheaper"
        place = "#end-users" if facts["scope"] == "end_user" else ""
        self.standing = (
            f"This needs {facts['needed']} credits. {whose}{by} is {facts['credits']} credits "
            f"{room}."
        )
        super().__init__(
            f"{self.standing} {way_out}, or have an owner, an admin or a billing member raise it "
            f"at {settings.SITE_URL}/billing/limits{place}.",
            **facts,
        )


class LotSpent(Conflict):
    """More credits are to be refunded than are unspent; `left` is how many are."""

    code, title = "lot_spent", "Credits are spent"

    def __init__(self, *, wanted: int, left: int) -> None:
        super().__init__(
            f"{wanted} credits are to be refunded and {left} of them are unspent: refund at most "
            f"{left}.",
            wanted=wanted,
            left=left,
        )
        self.left = left


class WalletFrozen(Forbidden):
    """Spending is stopped: `detail` says why, the wallet's page what to do."""

    code, title = "wallet_frozen", "Wallet frozen"

    def __init__(self, reason: str = "") -> None:
        why = f": {reason.rstrip('.')}" if reason else ""
        super().__init__(
            f"Spending is stopped{why}. Films under way are finished; what to do is at "
            f"{settings.SITE_URL}/billing/."
        )


class OrganisationSuspended(Forbidden):
    """The organisation may look, and order nothing."""

    code, title = "organisation_suspended", "Organisation suspended"


class TestModeOnly(Forbidden):
    """A live key cannot do this: it is for test credits."""

    code, title = "test_mode_only", "Only in test mode"


class AlreadySettled(Conflict):
    """A hold ends once: it was captured and is to be released, or the other way round."""

    code = "already_settled"


class ReferenceReused(Conflict):
    """The same reference was posted with other figures."""

    code = "reference_reused"


class AmountOutOfRange(BillingRefusal):
    """Not 1 to a million million credits, more than a hold has, or credits from nowhere."""

    code, status, title = "amount_out_of_range", 422, "Amount out of range"


class UnknownHold(NotFound):
    """No such hold in the open scope."""


class UnknownOrganisation(NotFound):
    """No such organisation in the open scope."""


class BooksRefused(BillingRefusal):
    """What was to be written would not add up. A fault of ours: nothing was written."""

    code, status, title = "books_refused", 500, "Refused by the ledger"


class UnknownPrice(BillingRefusal):
    """The active price book has no row for this; nothing without a price is sold."""

    code, status, title = "unknown_price", 422, "No price"


class PlanRequired(Forbidden):
    """It comes with a plan that the organisation does not have; nothing was held.

    `sku` is what was ordered, `plans` those that unlock it.
    """

    code, title = "plan_required", "Plan required"

    def __init__(self, sku: str, name: str, by: Mapping[str, str]) -> None:
        names = " or ".join(by.values())
        self.standing = (
            f"{name} comes with the plan {names}, which your organisation does not have."
        )
        super().__init__(
            f"{self.standing} Have an owner, an admin or a billing member choose it at "
            f"{settings.SITE_URL}/billing/plan, or order another model.",
            sku=sku,
            plans=list(by),
        )


class UnknownOffer(NotFound):
    """No such pack or plan is on sale: there never was, or it was switched off."""

    def __init__(self, kind: str, slug: str) -> None:
        super().__init__(f"There is no {kind} {slug[:40]!r} on sale: choose one at /billing/buy.")


class UnknownVoucher(NotFound):
    """No such code, or it has ended: which of the two is not told."""

    code, title = "unknown_voucher", "Unknown voucher"

    def __init__(self) -> None:
        super().__init__(
            "This code gives nothing: it was mistyped, or it has ended. Check it letter by letter, "
            "or ask whoever gave it to you."
        )


class VoucherNotUsable(Conflict):
    """The code is a good one, and not for this organisation: `because` is used, used_up or
    newcomers_only.
    """

    code, title = "voucher_not_usable", "Voucher not usable"

    def __init__(self, because: str, detail: str) -> None:
        super().__init__(detail, because=because)


class TooManyCodes(BillingRefusal):
    """Too many wrong codes within an hour; `retry_after` is in seconds."""

    code, status, title, retryable = "too_many_codes", 429, "Too many wrong codes", True

    def __init__(self, until: datetime, now: datetime) -> None:
        super().__init__(
            f"Too many codes were wrong within an hour: try again after {until:%H:%M} UTC.",
            retry_after=max(1, ceil((until - now).total_seconds())),
        )


class QuoteChanged(Conflict):
    """The quote does not hold for this order: it has expired, or was made for another."""

    code, title = "quote_changed", "Quote does not apply"


class UnknownQuote(NotFound):
    """No such quote, or another tenant's."""


_OUT_OF_RANGE = "An amount of credits is out of range, 1 to 1,000,000,000,000; nothing was moved."
_WITH_SENTENCE: dict[str, tuple[type[Refusal], str]] = {
    "KB003": (OrganisationSuspended, "The organisation is suspended: write to us."),
    "KB004": (AlreadySettled, "The hold was settled the other way already; nothing was moved."),
    "KB005": (ReferenceReused, "The reference was used with other figures: take a new one."),
    "KB006": (AmountOutOfRange, _OUT_OF_RANGE),
    "22003": (AmountOutOfRange, _OUT_OF_RANGE),  # PostgreSQL's own: no bigint
    "KB007": (UnknownHold, "There is no such hold."),
    "KB008": (UnknownOrganisation, "There is no such organisation."),
    "KB009": (BooksRefused, "The ledger refused an entry that does not add up."),
}


def from_database(error: DatabaseError) -> Refusal | None:
    """The refusal behind a database error, or None when it is not one of billing's.

    For callers whose own SQL functions call billing's, e.g. `billing_reserve`.
    """
    cause: Any = error.__cause__
    state = getattr(cause, "sqlstate", None) or ""
    if state == "KB001":
        facts = json.loads(cause.diag.message_detail)
        return InsufficientCredits(needed=facts["needed"], available=facts["available"])
    if state == "KB002":
        return WalletFrozen(str(cause.diag.message_primary).partition(": ")[2])
    if state == "KB010":
        return CapReached(**json.loads(cause.diag.message_detail))
    if state == "KB011":
        return LotSpent(**json.loads(cause.diag.message_detail))
    if state not in _WITH_SENTENCE:
        return None
    refusal, sentence = _WITH_SENTENCE[state]
    return refusal(sentence)
