"""What wallets need done from time to time. Each is safe to run at any time, by any number."""

from __future__ import annotations

from accounts import tenancy
from billing import alerts, caps, closing, freezes, ledger, notices, quotes, referrals
from billing.payments import inbox, pulling, refilling
from kling_saas.lib.forgetting import FORGET_SECONDS
from kling_saas.lib.repeating import each


def run() -> None:
    """All of it once, and what forgets while there is more, for FORGET_SECONDS each; one's trouble
    does not keep the others.
    """
    once = (
        expire_lots, caps.tell_alerts, alerts.expiring, alerts.low_balances, notices.mail_due,
        pulling.when_due, refilling.run, closing.when_due, freezes.thaw_what_is_settled,
        referrals.settle_due,
    )  # fmt: skip
    forgetting = (quotes.forget_expired, inbox.forget_old)
    each(once)
    each(forgetting, within=FORGET_SECONDS)


def expire_lots() -> int:
    """Expire what is due, in a transaction of its own: orders wait for the wallets it locks."""
    with tenancy.system("expiry is the same for every tenant"):
        return ledger.expire_lots()
