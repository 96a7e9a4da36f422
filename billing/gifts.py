"""Gifts: packs that are paid by one organisation and redeemed by whoever has the code, once.

What decides is a compare-and-set on the gift's row, under the lock of its purchase: a code is
redeemed, or taken back for a refund or a dispute that was lost, never both. Until one of these it
is owed, and stands in no wallet. Codes are money: they are kept sealed, found by their digest, and
never written to logs, the audit or what programs are told.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from billing import codes, freezes, ledger, notices
from billing.errors import BillingRefusal, VoucherNotUsable
from billing.models import MOST_LETTERS, Gift, GiftStatus, Purchase, PurchaseKind

_GROUPS = 5  # of four letters: with its last ones known there is as much left to guess as in a key
_NOT_USABLE = {
    GiftStatus.REDEEMED: "This gift was redeemed before: each can be once.",
    GiftStatus.VOID: "This gift was taken back: ask whoever gave it to you.",
    "stopped": "This gift cannot be redeemed at the moment: ask whoever gave it to you.",
}


class BadWords(BillingRefusal):
    """Too long a name or message; `field` is `from_name` or `message`."""

    code, status, title = "invalid_gift", 422, "Invalid gift"


@dataclass(frozen=True, slots=True)
class Words:
    """What whoever redeems it reads: from whom it is, and what they say. Both may be empty."""

    from_name: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What a gift gave: `credits` with those on top, until when they last, and its words."""

    credits: int
    expires_at: datetime | None
    words: Words


def words(from_name: str, message: str) -> Words:
    """As they are kept, on one line each. Raises BadWords."""
    typed = {"from_name": from_name, "message": message}
    for field, text in typed.items():
        typed[field] = "".join(filter(str.isprintable, " ".join(text.split())))
        if len(typed[field]) > MOST_LETTERS:
            raise BadWords(f"Write at most {MOST_LETTERS} letters.", field=field)
    return Words(**typed)


def prepare(purchase: Purchase, said: Words) -> None:
    """The row of a gift that is about to be paid. In the purchase's scope."""
    Gift.objects.create(
        organisation_id=purchase.organisation_id, livemode=purchase.livemode, purchase=purchase,
        from_name=said.from_name, message=said.message,
    )  # fmt: skip


def make(purchase: Purchase) -> None:
    """The code of a gift that is paid, once; whoever bought it is told. Under its lock."""
    gift, code = _of(purchase, GiftStatus.UNPAID).get(), codes.new(_GROUPS)
    gift.status, gift.code_hash, gift.last4 = GiftStatus.OPEN, _digest(code), code[-4:]
    gift.code_sealed = gift.sealed(code)
    gift.save()
    whom = {"to": purchase.asked_by_id} if purchase.asked_by_id else {}
    notices.add(
        purchase.organisation_id, purchase.livemode, "gift_bought", reference(purchase),
        gift=purchase.public_id, credits=purchase.gives, **whom,
    )  # fmt: skip


def reference(purchase: Purchase) -> str:
    """The ledger's reference of the lot that it gives; its bonus has `:bonus` behind it."""
    return f"gift:{purchase.public_id}"


def of(actor: Actor, purchase: Purchase) -> Gift | None:
    """The gift that was bought by it, or is to be."""
    with tenancy.scope(actor.organisation_id):
        found: Gift | None = Gift.objects.filter(purchase_id=purchase.pk).first()
    return found


def is_open(purchase: Purchase) -> bool:
    """Whether its code can be redeemed, or taken back. In its scope."""
    return _of(purchase, GiftStatus.OPEN).exists()


def why_kept(purchase: Purchase) -> str:
    """Why nothing of it can be paid back (any more): a sentence, or empty. In its scope."""
    if purchase.kind == PurchaseKind.GIFT and _of(purchase, GiftStatus.REDEEMED).exists():
        return "This gift was redeemed: what was given away cannot be paid back."
    return ""


def take_back(purchase: Purchase, why: str) -> bool:
    """Its code gives nothing any more, for the refund or dispute `why`. False: it is not open.

    Under the purchase's lock, in its scope.
    """
    taken = {"status": GiftStatus.VOID, "void_for": why, "ended_at": timezone.now()}
    return _of(purchase, GiftStatus.OPEN).update(**taken) == 1


def taken_for(purchase: Purchase, why: str) -> bool:
    """Whether this refund or dispute took it back. In its scope."""
    return _of(purchase, GiftStatus.VOID).filter(void_for=why).exists()


def open_again(purchase: Purchase, why: str) -> bool:
    """The refund failed, or the dispute was won. False: it was not for `why` that it ended.

    Under the purchase's lock, in its scope.
    """
    again = {"status": GiftStatus.OPEN, "void_for": "", "ended_at": None}
    return _of(purchase, GiftStatus.VOID).filter(void_for=why).update(**again) == 1


def redeem(actor: Actor, code: str) -> Given | None:
    """Give the actor's organisation its credits, as bought ones, in the open scope. None: no gift
    has this code.

    Raises VoucherNotUsable for one that was redeemed or taken back, or is stopped: its payment is
    in doubt, or whoever bought it may not spend anything themselves, or owes credits.
    """
    state, gave, expires_at, from_name, message = ledger.redeem_gift(
        actor.organisation_id,
        actor.livemode,
        code_hash=_digest(code),
        vendor=settings.PAYMENTS_VENDOR,
        actor=actor.name,
    )
    if state is None:
        return None
    if state != GiftStatus.OPEN:
        raise VoucherNotUsable(state, _NOT_USABLE[state])
    freezes.thaw_settled(actor.organisation_id, actor.livemode)
    return Given(gave, expires_at, Words(from_name, message))


def bought(actor: Actor) -> list[tuple[Gift, bool]]:
    """The gifts that the organisation has paid for, newest first, at most 200; each with whether
    its code is stopped for now. Raises Forbidden: their codes are money.
    """
    actor.must_buy("see the codes of gifts")
    with tenancy.scope(actor.organisation_id), connection.cursor() as cursor:
        paid = _paid_by(actor).select_related("purchase__pack")
        found = list(paid.order_by("-created_at")[:200])
        cursor.execute(
            "SELECT id FROM billing_purchase bought "
            "WHERE id = ANY(%s) AND billing_gift_stopped(bought)",
            [[gift.purchase_id for gift in found]],
        )
        stopped = {number for (number,) in cursor.fetchall()}
    return [(g, g.status == GiftStatus.OPEN and g.purchase_id in stopped) for g in found]


def any_of(actor: Actor) -> bool:
    """Whether the organisation has paid for one."""
    with tenancy.scope(actor.organisation_id):
        return bool(_paid_by(actor).exists())


def _digest(code: str) -> str:
    """However it was typed. About 99 bits of chance need no salt."""
    plain = "".join(filter(str.isalnum, code)).upper()
    return hashlib.sha256(f"gift:{plain}".encode()).hexdigest()


def _paid_by(actor: Actor) -> QuerySet[Gift]:
    """Redeemed and taken back ones, too. In the actor's scope."""
    mine = Gift.objects.filter(organisation_id=actor.organisation_id)
    paid: QuerySet[Gift] = mine.exclude(status=GiftStatus.UNPAID)
    return paid


def _of(purchase: Purchase, status: GiftStatus) -> QuerySet[Gift]:
    mine: QuerySet[Gift] = Gift.objects.filter(purchase_id=purchase.pk, status=status)
    return mine
