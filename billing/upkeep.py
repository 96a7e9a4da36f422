"""What wallets need done from time to time. Each is safe to run at any time, by any number."""

from __future__ import annotations

import logging

from accounts import tenancy
from billing import alerts, caps, closing, freezes, ledger, notices, quotes, referrals
from billing.payments import inbox, pulling, refilling
from kling_saas.lib.database import DATABASE_GONE

log = logging.getLogger(__name__)


def run() -> None:
    """All of it once; one's trouble does not keep the others."""
    for each in (
        expire_lots, quotes.forget_expired, caps.tell_alerts, alerts.expiring,
        alerts.low_balances, notices.mail_due, pulling.when_due, refilling.run,
        inbox.forget_old, closing.when_due, freezes.thaw_what_is_settled, referrals.settle_due,
    ):  # fmt: skip
        try:
            each()
        except DATABASE_GONE:
            raise
        except Exception:
            log.exception("%s failed", each.__name__)


def expire_lots() -> int:
    """Expire what is due, in a transaction of its own: orders wait for the wallets it locks."""
    with tenancy.system("expiry is the same for every tenant"):
        return ledger.expire_lots()
