"""Codes that give credits: made by operators, used by an organisation once.

What limits a code is decided by the database: its row is locked while it is used, and a unique
constraint says whether this organisation used it before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts import audit, tenancy
from accounts.actors import Actor
from accounts.models import AuditEvent
from billing import codes, gifts, ledger
from billing.errors import TooManyCodes, UnknownVoucher, VoucherNotUsable
from billing.models import LotSource, Purchase, PurchaseStatus, Voucher, VoucherUse
from kling_saas.lib.postgresql import locks
from kling_saas.lib.refusals import Forbidden, Refusal

WRONG_CODES_AN_HOUR = 10
CODE_MAX = 40  # characters
_HOUR = timedelta(hours=1)
_WRONG, _REDEEMED, _GIFT = "voucher.wrong_code", "voucher.redeemed", "gift.redeemed"
_LONG = "(a long code)"
_SHORT = 9  # letters: what is longer may be a gift's code but for one of them


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a code gave; `expires_at` is the end of these credits, None for never. What a gift says
    is in `gift`, and its code is masked.
    """

    code: str
    credits: int
    expires_at: datetime | None
    gift: gifts.Words | None = None


def new_code() -> str:
    """`XXXX-XXXX`, about 40 bits."""
    return codes.new(2)


def redeem(actor: Actor, code: str) -> Redeemed:
    """Give the actor's organisation the credits of `code`, into its live wallet, all or nothing.

    Ten wrong codes within an hour are the last of an organisation, whatever it tries next. Raises
    Forbidden for a role that may not buy and in test mode, UnknownVoucher, VoucherNotUsable,
    TooManyCodes.
    """
    if not actor.may_buy:
        raise Forbidden(
            f"Your role ({actor.role}) does not add credits: ask an owner, an admin or somebody "
            "with the billing role."
        )
    if not actor.livemode:
        raise Forbidden(
            "A voucher gives live credits: switch to live mode, or use a key that begins with "
            "ksk_live_."
        )
    with tenancy.scope(actor.organisation_id):
        outcome = _tried(actor, "".join(filter(str.isprintable, code)).strip()[:CODE_MAX])
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def _tried(actor: Actor, code: str) -> Redeemed | Refusal:
    """What came of it. A refusal is returned: what is noted about it must not be undone by it."""
    # One try at a time, or ten at once would count as one.
    locks.hold(f"voucher tries of {actor.organisation_id}")
    if (limit := _too_many(actor.organisation_id)) is not None:
        return limit
    try:
        with transaction.atomic():
            return _used(actor, code)
    except UnknownVoucher as refusal:
        audit.note(actor, _WRONG, code if len(code) <= _SHORT else _LONG)
        return refusal
    except VoucherNotUsable as refusal:
        return refusal


def _too_many(organisation_id: int) -> TooManyCodes | None:
    wrong = list(
        AuditEvent.objects.filter(
            organisation_id=organisation_id, action=_WRONG, at__gt=timezone.now() - _HOUR
        )
        .order_by("-at")
        .values_list("at", flat=True)[:WRONG_CODES_AN_HOUR]
    )
    if len(wrong) < WRONG_CODES_AN_HOUR:
        return None
    return TooManyCodes(wrong[-1] + _HOUR, timezone.now())


def _used(actor: Actor, code: str) -> Redeemed:
    voucher = Voucher.objects.select_for_update().filter(code__iexact=code).first()
    now = timezone.now()
    # What is over is told like what never was: a guess must not learn that it came near.
    if voucher is None or not voucher.active or (voucher.ends_at and voucher.ends_at <= now):
        return _gift(actor, code)
    _take_use(actor, voucher)
    expires_at = now + timedelta(days=voucher.valid_days) if voucher.valid_days else None
    ledger.grant(
        actor.organisation_id,
        True,
        voucher.credits,
        LotSource.PROMO,
        reference=f"voucher:{voucher.pk}",
        expires_at=expires_at,
        reason=f"Voucher {voucher.code}",
        actor=actor.name,
    )
    audit.note(actor, _REDEEMED, voucher.code, credits=voucher.credits)
    return Redeemed(voucher.code, voucher.credits, expires_at)


def _gift(actor: Actor, code: str) -> Redeemed:
    given = gifts.redeem(actor, code)
    if given is None:
        raise UnknownVoucher
    audit.note(actor, _GIFT, _masked(code), credits=given.credits)
    return Redeemed(_masked(code), given.credits, given.expires_at, given.words)


def _masked(code: str) -> str:
    """A gift's, which gives nothing any more."""
    return f"{code[:4]}…"


def _take_use(actor: Actor, voucher: Voucher) -> None:
    try:
        with transaction.atomic():
            VoucherUse.objects.create(
                organisation_id=actor.organisation_id,
                livemode=True,
                voucher=voucher,
                used_by_id=actor.user_id,
            )
    except IntegrityError:
        raise VoucherNotUsable(
            "used",
            "Your organisation has used this voucher: its credits are on your statement. Each "
            "organisation uses a voucher once.",
        ) from None
    if voucher.most_uses is not None and voucher.uses >= voucher.most_uses:
        raise VoucherNotUsable(
            "used_up",
            f"All {voucher.most_uses} uses of this voucher are taken: ask whoever gave it to you "
            "for another.",
        )
    bought = Purchase.objects.filter(
        organisation_id=actor.organisation_id, status=PurchaseStatus.PAID
    )
    if voucher.newcomers_only and bought.exists():
        raise VoucherNotUsable(
            "newcomers_only",
            "This voucher is for organisations that have bought nothing yet, and yours has. A "
            "pack or a plan adds credits at once.",
        )
    Voucher.objects.filter(pk=voucher.pk).update(uses=F("uses") + 1)
