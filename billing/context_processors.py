"""The wallet as templates see it, read only by pages that show it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from billing import gifts, referrals, wallets


def wallet(request: HttpRequest) -> dict[str, Any]:
    """`wallet.available`, `.reserved`, `.pending`, `.livemode` of who is signed in, or nothing; and
    whether invitations are rewarded, packs sold as gifts, and gifts shown to them.
    """
    actor = getattr(request, "actor", None)
    if actor is None:
        return {}
    return {
        "referral_on": referrals.is_on(),
        "gifts_on": settings.GIFTS,
        "gifts_shown": settings.GIFTS or SimpleLazyObject(lambda: gifts.any_of(actor)),
        "wallet": SimpleLazyObject(lambda: wallets.balance(actor.organisation_id, actor.livemode)),
    }
