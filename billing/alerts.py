"""What is noticed about wallets before it hurts: credits that expire soon, and that run low."""

from __future__ import annotations

from django.db import connection

from accounts import tenancy
from billing import notices
from billing.models import Lot, LotSource

_EXPIRY_DAYS = (14, 3)
_AT_ONCE = 500
_SOURCES = {source.value: source.label for source in LotSource}

# Of lots that are warned of for the first time: nothing is read twice.
_EXPIRING = """
SELECT lot.id FROM billing_lot lot
 WHERE lot.open AND lot.livemode AND lot.expires_at > now()
   AND lot.expires_at <= now() + make_interval(days => %(days)s)
   AND lot.expires_at > now() + make_interval(days => %(later)s)
   AND NOT (lot.source = 'plan' AND %(days)s > 3)
   AND NOT EXISTS (SELECT FROM billing_notice n
                    WHERE n.organisation_id = lot.organisation_id AND n.livemode
                      AND n.key = 'lot:' || lot.public_id || ':' || %(days)s)
 ORDER BY lot.expires_at LIMIT %(most)s
"""


def expiring() -> int:
    """Warn of bought and given credits 14 and 3 days before they expire, of a plan's month 3 days
    before; how many notices.
    """
    told = 0
    with tenancy.system("credits of every tenant expire"):
        for days, later in zip(_EXPIRY_DAYS, (*_EXPIRY_DAYS[1:], 0), strict=True):
            found = {"days": days, "later": later, "most": _AT_ONCE}
            with connection.cursor() as cursor:
                cursor.execute(_EXPIRING, found)
                ids = [row[0] for row in cursor.fetchall()]
            for lot in Lot.objects.filter(pk__in=ids).order_by("expires_at"):
                told += notices.add(
                    lot.organisation_id, lot.livemode, "lot_expires",
                    f"lot:{lot.public_id}:{days}", credits=lot.remaining, days=days,
                    on=f"{lot.expires_at:%Y-%m-%d}", what=lot.reason or _SOURCES[lot.source],
                )  # fmt: skip
    return told
