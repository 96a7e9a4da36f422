"""What is noticed about wallets before it hurts: credits that expire soon, and that run low."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection

from accounts import tenancy
from accounts.actors import Actor
from billing import notices, pace, wallets
from billing.models import Lot, LotSource, Subscription
from billing.models.wallet import MOST_CREDITS
from kling_saas.lib.refusals import Refusal

_EXPIRY_DAYS = (14, 3)
_AT_ONCE = 500
_SOURCES = {source.value: source.label for source in LotSource}

MOST_DAYS = 90

# Of lots that are warned of for the first time: nothing is read twice.
_EXPIRING = """
SELECT lot.id FROM billing_lot lot
 WHERE lot.open AND lot.livemode AND lot.expires_at > now()
   AND lot.expires_at <= now() + make_interval(days => %(days)s)
   AND lot.expires_at > now() + make_interval(days => %(later)s)
   AND NOT (lot.source = 'plan' AND (%(days)s > 3 OR EXISTS (
        SELECT FROM billing_subscription s
         WHERE s.organisation_id = lot.organisation_id AND s.vendor = %(vendor)s
           AND s.ended_at IS NULL AND s.cancels_at IS NULL)))
   AND NOT EXISTS (SELECT FROM billing_notice n
                    WHERE n.organisation_id = lot.organisation_id AND n.livemode
                      AND n.key = 'lot:' || lot.public_id || ':' || %(days)s || ':'
                        || to_char(lot.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'))
 ORDER BY lot.expires_at LIMIT %(most)s
"""
# Plans that renew soon, with what their months left unspent; what is kept is `Plan.keeps_before`.
_RENEWING = """
SELECT s.id, sum(lot.remaining)::bigint
  FROM billing_subscription s
  JOIN billing_plan plan ON plan.id = s.plan_id
  LEFT JOIN billing_plan later ON later.id = s.next_plan_id
  JOIN billing_lot lot ON lot.organisation_id = s.organisation_id AND lot.livemode
   AND lot.open AND lot.source = 'plan' AND lot.expires_at > now()
 WHERE s.vendor = %(vendor)s AND s.ended_at IS NULL AND s.cancels_at IS NULL
   AND s.period_ends_at > now() AND s.period_ends_at <= now() + make_interval(days => %(days)s)
   AND NOT EXISTS (SELECT FROM billing_notice n
                    WHERE n.organisation_id = s.organisation_id AND n.livemode
                      AND n.key = 'renewal:' || s.stripe_id || ':'
                        || to_char(s.period_ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'))
 GROUP BY s.id, plan.id, later.id
HAVING sum(lot.remaining) > greatest(plan.rollover_credits, later.rollover_credits)
 ORDER BY s.period_ends_at LIMIT %(most)s
"""
# Live wallets whose newest credits were not told of; days are whole, as `pace.after` counts them.
_LOW = """
SELECT wallet.organisation_id, wallet.available, coalesce(lately.spent, 0)::bigint,
    coalesce(chosen.low_days, %(days)s), 'low:' || newest.public_id
  FROM billing_wallet wallet
  LEFT JOIN (
    SELECT wallet_id, sum(captured) AS spent FROM billing_spending
     WHERE livemode AND day >= %(since)s GROUP BY wallet_id
  ) AS lately ON lately.wallet_id = wallet.id
  LEFT JOIN billing_walletsettings chosen ON chosen.wallet_id = wallet.id
 CROSS JOIN LATERAL (
    SELECT public_id FROM billing_lot lot
     WHERE lot.organisation_id = wallet.organisation_id AND lot.livemode ORDER BY id DESC LIMIT 1
 ) AS newest
 WHERE wallet.livemode
   AND (wallet.available < chosen.low_credits
        OR coalesce(chosen.low_days, %(days)s) > 0 AND lately.spent > 0
        AND wallet.available * %(pace)s < (coalesce(chosen.low_days, %(days)s) + 1) * lately.spent)
   AND NOT EXISTS (SELECT FROM billing_notice told
                    WHERE told.organisation_id = wallet.organisation_id AND told.livemode
                      AND told.key = 'low:' || newest.public_id)
 LIMIT %(most)s
"""


def expiring() -> int:
    """Warn of bought and given credits 14 and 3 days before they expire, of a plan's 3 days before
    they do, or before a renewal that does not keep them; how many notices.
    """
    told = 0
    with tenancy.system("credits of every tenant expire"):
        for days, later in zip(_EXPIRY_DAYS, (*_EXPIRY_DAYS[1:], 0), strict=True):
            ids = [row[0] for row in _soon(_EXPIRING, days=days, later=later)]
            for lot in Lot.objects.filter(pk__in=ids).order_by("expires_at"):
                on = f"{lot.expires_at:%Y-%m-%d}"
                told += notices.add(
                    lot.organisation_id, lot.livemode, "lot_expires",
                    f"lot:{lot.public_id}:{days}:{on}", credits=lot.remaining, days=days,
                    on=on, what=lot.reason or _SOURCES[lot.source],
                )  # fmt: skip
        days = _EXPIRY_DAYS[-1]
        unspent = dict(_soon(_RENEWING, days=days))
        plans = Subscription.objects.select_related("plan", "next_plan")
        for running in plans.filter(pk__in=unspent, period_ends_at__isnull=False):
            on = f"{running.period_ends_at:%Y-%m-%d}"
            told += notices.add(
                running.organisation_id, True, "lot_expires", f"renewal:{running.stripe_id}:{on}",
                credits=unspent[running.pk] - running.keeps, days=days, on=on,
                what=f"{running.plan.name}: more than the {running.keeps:,} that its renewal keeps",
            )  # fmt: skip
    return told


def _soon(query: str, **figures: int) -> list[Any]:
    with connection.cursor() as cursor:
        found = {"vendor": settings.PAYMENTS_VENDOR, "most": _AT_ONCE, **figures}
        cursor.execute(query, found)
        rows: list[Any] = cursor.fetchall()
        return rows


def low_balances() -> int:
    """Tell of wallets that last only days at their pace, or are below what their owners chose;
    once until credits come again. How many notices.
    """
    told = 0
    asked: dict[str, Any] = {
        "days": settings.LOW_BALANCE_DAYS, "since": pace.since(), "pace": pace.DAYS,
        "most": _AT_ONCE,
    }  # fmt: skip
    with tenancy.system("credits of every tenant run low"):
        with connection.cursor() as cursor:
            cursor.execute(_LOW, asked)
            found = cursor.fetchall()
        for organisation_id, available, spent, days, key in found:
            its = pace.after(spent, available)
            hurries = its.days_left is not None and its.days_left <= days
            told += notices.add(
                organisation_id, True, "low_balance", key, available=available,
                a_day=round(its.a_day), days=its.days_left if hurries else None,
            )  # fmt: skip
    return told


class BadLimit(Refusal):
    """A limit that makes no sense; `field` is what is wrong with it."""

    code, status, title = "invalid_limit", 422, "Invalid limit"


def choose(actor: Actor, *, low_credits: int | None, low_days: int | None) -> None:
    """Tell below so many credits (None: never), and when they last so many days (0: never; None:
    LOW_BALANCE_DAYS). Raises Forbidden, and BadLimit naming the field.
    """
    actor.must_buy("change this")
    if low_credits is not None and low_credits > MOST_CREDITS:
        raise BadLimit(f"At most {MOST_CREDITS:,} credits.", field="low_credits")
    if low_days is not None and low_days > MOST_DAYS:
        raise BadLimit(f"At most {MOST_DAYS} days.", field="low_days")
    chosen = {"low_credits": low_credits, "low_days": low_days}
    wallets.choose(actor, "low_balance.set", chosen)
