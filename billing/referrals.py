"""Customers invite others: both are given credits when a newcomer has bought some.

Both wait until that purchase can hardly go back any more, and are given only if nothing of it did:
so nothing is ever taken away again, and nobody gains by a purchase that was none.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from accounts import organisations, tenancy
from accounts.models import Role
from billing import freezes, ledger, months, notices
from billing.models import (
    Dispute,
    LotSource,
    Purchase,
    Referral,
    ReferralCode,
    ReferralState,
    Refund,
    RefundStatus,
)
from billing.vouchers import new_code
from kling_saas.lib.database import DATABASE_GONE

log = logging.getLogger(__name__)
_AT_ONCE = 100
_SHOWN = 200
_LOOK_AGAIN = timedelta(days=1)  # at a purchase of which it is open whether it goes back


@dataclass(frozen=True, slots=True)
class Came:
    """Somebody who came by an invitation, without a word of who that is."""

    at: datetime
    state: str
    credits: int
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Invitations:
    """What an organisation's invitations brought: the latest who came, newest first, and the
    credits earned by all of them; `own` is what waits for it, if it came by one itself.
    """

    code: str
    own: Referral | None
    came: list[Came]
    earned: int
    rewards_this_month: int


def is_on() -> bool:
    """Whether invitations are rewarded here at all."""
    return bool(settings.REFERRAL_CREDITS)


def wait_days() -> int:
    """For how long a purchase must stand: not shorter than customers may take their money back."""
    return int(max(settings.REFERRAL_WAIT_DAYS, settings.REFUND_DAYS))


def known(code: str) -> bool:
    """Whether somebody invites by this code now."""
    return is_on() and _inviter(code) is not None


def signed_up(user_id: int, code: str) -> None:
    """Write down that the person's new organisation came by `code`; an unknown one says nothing."""
    inviter = _inviter(code) if is_on() else None
    own = organisations.memberships_of(user_id)
    if inviter is None or len(own) != 1:
        return
    ((newcomer, role),) = own
    if newcomer == inviter or role != Role.OWNER:
        return
    with tenancy.scope(newcomer):
        Referral.objects.bulk_create(
            [Referral(organisation_id=newcomer, livemode=True, inviter_id=inviter)],
            ignore_conflicts=True,
        )


def bought(purchase: Purchase) -> None:
    """A purchase is paid. The first that counts of somebody who came by an invitation brings both
    their credits later.

    In the transaction that gives its own.
    """
    net = (purchase.paid_cents or 0) - purchase.tax_cents
    if not is_on() or not purchase.livemode or net < settings.REFERRAL_LEAST_CENTS:
        return
    mine = (
        Referral.objects.select_for_update()
        .filter(organisation_id=purchase.organisation_id, state=ReferralState.SIGNED_UP)
        .first()
    )
    if mine is None:
        return
    mine.state, mine.purchase = ReferralState.WAITING, purchase
    mine.credits, mine.gift = settings.REFERRAL_CREDITS, settings.REFERRED_CREDITS
    mine.due_at = timezone.now() + timedelta(days=wait_days())
    mine.save(update_fields=["state", "purchase", "credits", "gift", "due_at"])


def settle_due() -> int:
    """Give the rewards and gifts that have waited long enough, a batch; how many were looked at.

    Of what may still go back it is asked again a day later. What was promised is given though
    invitations were switched off meanwhile.
    """
    with tenancy.system("rewards fall due for every tenant"):
        due = Referral.objects.filter(due_at__lte=Now()).order_by("due_at")
        found = list(due.values_list("pk", flat=True)[:_AT_ONCE])
    for one in found:
        try:
            _settle(one)
        except DATABASE_GONE:
            raise
        except Exception:
            log.exception("referral %s was not settled", one)
    return len(found)


def of(organisation_id: int) -> Invitations:
    """What the organisation's page says; its code is made when it is looked at first."""
    with tenancy.scope(organisation_id), connection.cursor() as cursor:
        mine, _made = ReferralCode.objects.get_or_create(
            organisation_id=organisation_id, defaults={"code": new_code()}
        )
        cursor.execute("SELECT created_at, state, credits, settled_at FROM billing_invited()")
        came = [Came(*row) for row in cursor.fetchall()]
        own = Referral.objects.filter(organisation_id=organisation_id, due_at__isnull=False)
        own = own.exclude(gift=0).first()
    given = [one for one in came if one.state == ReferralState.REWARDED]
    begin = months.begins(months.current().first)
    return Invitations(
        code=mine.code,
        own=own,
        came=came[:_SHOWN],
        earned=sum(one.credits for one in given),
        rewards_this_month=sum(
            one.settled_at is not None and one.settled_at >= begin for one in given
        ),
    )


def _inviter(code: str) -> int | None:
    with tenancy.system("a code names an organisation to whoever has its link"):
        mine = ReferralCode.objects.filter(code=code.upper())
        found: int | None = mine.values_list("organisation_id", flat=True).first()
    return found


def _settle(referral: int) -> None:
    with tenancy.system("a reward is judged by another tenant's purchase"):
        due = Referral.objects.select_for_update(skip_locked=True)
        mine = due.filter(pk=referral, due_at__lte=Now()).first()
        if mine is None:
            return
        # A refund that is asked for now comes before this, or finds it judged.
        purchase = Purchase.objects.select_for_update().get(pk=mine.purchase_id)
        if _may_go_back(purchase):
            mine.due_at = timezone.now() + _LOOK_AGAIN
        else:
            mine.state = _judged(mine)
            mine.due_at, mine.settled_at = None, timezone.now()
        mine.save(update_fields=["state", "due_at", "settled_at"])
        if mine.gift and mine.state in {ReferralState.REWARDED, ReferralState.OVER}:
            _give(
                mine.organisation_id, mine, mine.gift, "Gift for coming by an invitation",
                "referral_welcome",
            )  # fmt: skip
        if mine.state == ReferralState.REWARDED:
            _give(
                mine.inviter_id, mine, mine.credits, "Reward for an invitation",
                "referral_rewarded",
            )  # fmt: skip


def _may_go_back(purchase: Purchase) -> bool:
    """It is being paid back or disputed, and not decided yet; or the spending of whoever bought it
    is stopped, as when their card is said to be stolen.
    """
    asked = Refund.objects.filter(purchase=purchase, status=RefundStatus.ASKED)
    open_still = Dispute.objects.filter(purchase=purchase, closed_at=None)
    stopped = freezes.causes(purchase.organisation_id, purchase.livemode)
    return bool(stopped or asked.exists() or open_still.exists())


def _judged(referral: Referral) -> ReferralState:
    """What becomes of the reward. Locks the inviter's code: of two, the second counts the first."""
    back = Refund.objects.filter(purchase=referral.purchase_id, status=RefundStatus.SUCCEEDED)
    lost = Dispute.objects.filter(purchase=referral.purchase_id, status=freezes.LOST)
    if back.exists() or lost.exists():
        return ReferralState.WENT_BACK
    ReferralCode.objects.select_for_update().get(organisation_id=referral.inviter_id)
    if _rewards_this_month(referral.inviter_id) >= settings.REFERRALS_A_MONTH:
        return ReferralState.OVER
    return ReferralState.REWARDED


def _rewards_this_month(organisation_id: int) -> int:
    begin = months.begins(months.current().first)
    given = Referral.objects.filter(
        inviter_id=organisation_id, state=ReferralState.REWARDED, settled_at__gte=begin
    )
    return int(given.count())


def _give(organisation_id: int, referral: Referral, amount: int, why: str, notice: str) -> None:
    """Once for each side: the reference is one of its wallet's."""
    reference = f"referral:{referral.public_id}"
    with tenancy.scope(organisation_id):
        ledger.grant(
            organisation_id, True, amount, LotSource.PROMO, reference=reference, reason=why,
            expires_at=timezone.now() + timedelta(days=settings.REFERRAL_DAYS),
        )  # fmt: skip
        notices.add(
            organisation_id, True, notice, reference, credits=amount, days=settings.REFERRAL_DAYS
        )
