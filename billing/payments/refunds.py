"""Money back: the credits leave the wallet first, then the payment service is asked for the money.

A refund of ours is a row before anybody is asked, and is asked for until there is an answer. One
that was made in the payment service's dashboard comes the other way round: it is told, and takes
its share of the credits, as a debt where they are spent. The subscription of a plan's purchase
ends only for customers who take their own month back (`returning`): after the credits are taken,
before the money is asked for. Its credit note is written once it went through: that of an invoice
that is paid cannot be taken back.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, Sum
from django.db.models.functions import Now
from django.utils import timezone

from accounts import outbox, tenancy
from accounts.models import AuditEvent
from billing import freezes, gifts, ledger, notices
from billing.models import Purchase, PurchaseKind, Refund, RefundStatus, Transfer, TransferType
from billing.payments import (
    chargebacks,
    credit_notes,
    gateway,
    origins,
    sessions,
    shares,
    subscriptions,
    topups,
)
from billing.payments.errors import Declined, NotUnderstood, PaymentServiceDown
from kling_saas.lib.database import DATABASE_GONE
from kling_saas.lib.logs import kept
from kling_saas.lib.refusals import Refusal

log = logging.getLogger(__name__)
OURS = "refund"  # in the metadata of a refund that we have asked for: its public id
_LEASE = timedelta(seconds=100)  # longer than one question that is asked in vain
_AT_ONCE = 20
_PAID_BACK = "Money was paid back."
_ELSEWHERE = "Paid back by us."
_RANK = {RefundStatus.ASKED: 0, RefundStatus.SUCCEEDED: 1, RefundStatus.FAILED: 2}
_STATUS = {
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}  # every other one of theirs is on its way


def ask(
    purchase: Purchase, amount: int | None, reason: str, *, asked_by: int | None = None,
    seen: int | None = None, ends_plan: bool = False,
) -> Refund:  # fmt: skip
    """Pay so many of the credits bought back, or all that can be; as it stands after the first
    try. The service that does not answer is asked again by the workers.

    `seen` is how many could be, when it was asked for: pressed twice, it is one refund. With
    `ends_plan` the purchase's subscription ends before.
    Outside of transactions. Raises Conflict when nothing can be paid back, or not as many as were
    `seen`, LotSpent for more than can; and as `subscriptions.end` does. Then nothing moved, or the
    credits are back.
    """
    with tenancy.scope(purchase.organisation_id):
        refund = _begin(purchase, amount, reason, asked_by, seen, ends_plan=ends_plan)
    try:
        _end_plan(refund)
    except Refusal:
        if _called_off(refund):
            raise
    else:
        _attempt(refund, again=False)
    with tenancy.scope(purchase.organisation_id):
        done: Refund = Refund.objects.select_related("purchase").get(pk=refund.pk)
    return done


def _begin(
    purchase: Purchase, amount: int | None, reason: str, asked_by: int | None, seen: int | None,
    *, ends_plan: bool,
) -> Refund:  # fmt: skip
    purchase = Purchase.objects.select_for_update().get(pk=purchase.pk)
    part = shares.part(purchase, amount, seen)
    refund: Refund = Refund.objects.create(
        organisation_id=purchase.organisation_id, livemode=purchase.livemode, purchase=purchase,
        credits=part.credits, amount_cents=part.cents, reason=reason[:300], ends_plan=ends_plan,
        asked_by_id=asked_by,
        attempts=1, next_attempt_at=timezone.now() + _LEASE,  # whoever asks tries it at once
    )  # fmt: skip
    if purchase.kind == PurchaseKind.GIFT:
        taken = gifts.take_back(purchase, of(refund))
        assert taken, "only an open one can be paid back"
    else:
        _take(purchase, refund, part.credits, part.on_top)
        topups.stop(purchase.organisation_id, _PAID_BACK)  # or it would buy them anew
    _count(purchase)
    _tell(refund, "refund.asked")
    return refund


def _take(purchase: Purchase, refund: Refund, bought: int, on_top: int) -> None:
    """Where too few of one kind are left, the other one stands in."""
    bought_left, bonus_left = shares.unspent(purchase)
    from_bonus = max(min(on_top, bonus_left), bought + on_top - bought_left)
    lot, reference = sessions.of(purchase), of(refund)
    actor = f"user:{refund.asked_by_id}" if refund.asked_by_id else ""
    for amount, end in ((bought + on_top - from_bonus, ""), (from_bonus, ":bonus")):
        if amount:
            ledger.refund(
                purchase.organisation_id, purchase.livemode, amount, lot=lot + end,
                reference=reference + end, reason=refund.reason, actor=actor,
            )  # fmt: skip


def on_top(refund: Refund) -> int:
    """Credits given on top that went with it; 0 when it was made elsewhere. In its scope."""
    if gifts.taken_for(refund.purchase, of(refund)):
        return int(refund.purchase.bonus_credits)
    took = Transfer.objects.filter(
        organisation_id=refund.organisation_id, livemode=refund.livemode,
        type=TransferType.REFUND, reference__in=[of(refund), f"{of(refund)}:bonus"],
    )  # fmt: skip
    return max(0, (took.aggregate(sum=Sum("amount"))["sum"] or 0) - refund.credits)


def _end_plan(refund: Refund) -> None:
    """Harmless to repeat. Raises as `subscriptions.end` does."""
    if refund.ends_plan:
        subscriptions.end(refund.organisation_id, refund.purchase.subscription_id)


def _called_off(refund: Refund) -> bool:
    """Its plan could not be ended: nothing is paid back. False when somebody else has taken it on
    meanwhile, who may have asked for the money by now.
    """
    with tenancy.scope(refund.organisation_id):
        purchase = Purchase.objects.select_for_update().get(pk=refund.purchase_id)
        row = Refund.objects.select_for_update().get(pk=refund.pk)
        untouched = row.attempts == refund.attempts
        return untouched and _become(purchase, row, RefundStatus.FAILED)


def of(refund: Refund) -> str:
    """The ledger's reference of what a refund took; of the bonus with `:bonus` behind it."""
    return f"refund:{refund.public_id}"


def _count(purchase: Purchase) -> None:
    """What was paid back by refunds that have not failed."""
    mine = purchase.refunds.exclude(status=RefundStatus.FAILED)
    cents = mine.aggregate(sum=Sum("amount_cents"))["sum"] or 0
    purchase.refunded_cents = min(purchase.paid_cents or 0, cents)
    purchase.save(update_fields=["refunded_cents"])


def run_due() -> int:
    """Ask the payment service for a batch of what is due, money or paper; how many refunds."""
    claimed = _claim()
    away = False
    for refund in claimed:
        if away:  # who does not answer is not asked about the others either
            _put_off(refund, PaymentServiceDown().detail)
        else:
            away = _attempt(refund, again=True)
    return len(claimed)


def _claim() -> list[Refund]:
    with tenancy.system("refunds of every tenant are asked for"):
        due = Refund.objects.filter(next_attempt_at__lte=Now()).order_by("next_attempt_at")
        claimed = list(
            due.select_related("purchase").select_for_update(skip_locked=True, of=("self",))[
                :_AT_ONCE
            ]
        )
        for refund in claimed:
            _take_on(refund)
    return claimed


def _take_on(refund: Refund) -> None:
    refund.attempts += 1
    refund.next_attempt_at = timezone.now() + _LEASE
    refund.save(update_fields=["attempts", "next_attempt_at"])


def _attempt(refund: Refund, *, again: bool) -> bool:
    """True when nobody answers."""
    if refund.purchase.vendor != settings.PAYMENTS_VENDOR:
        _put_off(refund, "the settings of today do not know whose money it is")
        return False
    try:
        if refund.status == RefundStatus.ASKED:
            _send(refund, again=again)
        else:
            credit_notes.issue(refund)
    except PaymentServiceDown as refusal:
        _put_off(refund, refusal.detail)
        return True
    except DATABASE_GONE:
        raise
    except Exception as trouble:  # one's trouble must not keep the others
        log.exception("payments: what %s needs is not done yet", refund.public_id)
        _put_off(refund, f"{type(trouble).__name__}: {trouble}")
    return False


def _put_off(refund: Refund, why: str) -> None:
    """It is asked for until there is an answer: it may have been made."""
    pauses = gateway.RETRY_SECONDS
    if refund.attempts >= len(pauses):
        log.error("ALARM payments: what %s needs is not done yet: %s", refund.public_id, why)
    pause = timedelta(seconds=pauses[min(refund.attempts, len(pauses)) - 1])
    with tenancy.scope(refund.organisation_id):
        Refund.objects.filter(pk=refund.pk, next_attempt_at__isnull=False).update(
            next_attempt_at=Now() + pause
        )


def _send(refund: Refund, *, again: bool) -> None:
    """Ask for the money. Raises PaymentServiceDown, and as `subscriptions.end` does."""
    _end_plan(refund)
    purchase = refund.purchase
    thing = _made(refund, purchase) if again else None
    if thing is None:
        wanted: Any = {
            "payment_intent": purchase.payment_intent_id,
            "amount": refund.amount_cents,
            "metadata": {OURS: refund.public_id},
        }
        try:
            thing = gateway.order(
                refund.public_id, lambda v1, once: v1.refunds.create(wanted, once)
            )
        except (NotUnderstood, Declined) as refusal:
            log.error("ALARM payments: refund %s was refused: %s", refund, refusal.detail)
            thing = _made(refund, purchase) or {"status": "failed", "why": refusal.detail}
    with tenancy.scope(refund.organisation_id):
        purchase = Purchase.objects.select_for_update().get(pk=purchase.pk)
        _settle(purchase, Refund.objects.get(pk=refund.pk), thing)


def _made(refund: Refund, purchase: Purchase) -> gateway.Doc | None:
    """What came of an earlier try, when its answer was lost."""
    for thing in _all_of(purchase.payment_intent_id or ""):
        if _named(thing) == refund.public_id:
            return thing
    return None


def _all_of(intent_id: str) -> list[gateway.Doc]:
    wanted: Any = {"payment_intent": intent_id, "limit": 100}
    return list(gateway.ask(lambda v1: v1.refunds.list(wanted))["data"])


def _named(thing: gateway.Doc) -> str:
    return str((thing.get("metadata") or {}).get(OURS) or "")


def sync(refund_id: str) -> None:
    """Make our row agree with a refund, as that is now; harmless to repeat.

    Outside of transactions. Raises NotOurs, Disagrees, PaymentServiceDown, NotUnderstood.
    """
    _agree(gateway.ask(lambda v1: v1.refunds.retrieve(refund_id)))


def sync_charge(charge_id: str) -> None:
    """The same for every refund of a charge."""
    charge = gateway.ask(lambda v1: v1.charges.retrieve(charge_id))
    origins.purchase_of(charge["payment_intent"])
    sync_payment(charge["payment_intent"])


def sync_payment(intent_id: str) -> None:
    """The same for every refund of a payment."""
    for thing in reversed(_all_of(intent_id)):
        _agree(thing)


def _agree(thing: gateway.Doc) -> None:
    found = origins.purchase_of(thing["payment_intent"])
    named = _named(thing)
    if not named:  # made elsewhere: what we have asked for meanwhile may come to nothing by it
        _finish_ours(found)
    with tenancy.scope(found.organisation_id):
        purchase = Purchase.objects.select_for_update().get(pk=found.pk)
        mine = purchase.refunds.filter(Q(stripe_id=thing["id"]) | Q(public_id=named))
        refund = mine.first() or _record(purchase, thing)
        _settle(purchase, refund, thing)


def _finish_ours(purchase: Purchase) -> None:
    with tenancy.scope(purchase.organisation_id):
        mine = purchase.refunds.filter(status=RefundStatus.ASKED, stripe_id=None)
        open_still = list(mine.select_related("purchase").select_for_update(of=("self",)))
        for refund in open_still:
            _take_on(refund)
    for refund in open_still:
        _send(refund, again=True)


def _record(purchase: Purchase, thing: gateway.Doc) -> Refund:
    """One that we have not asked for takes its share of the credits, spent or not."""
    rest, cents = shares.left(purchase), thing["amount"]
    takes_gift = shares.takes_gift(purchase, cents)
    made = _STATUS.get(thing["status"]) != RefundStatus.FAILED and not shares.charged_back(purchase)
    bought = -(-rest.credits * min(cents, rest.cents) // rest.cents) if made and rest.cents else 0
    on_top = shares.on_top_of(purchase, rest, bought)
    refund: Refund = Refund.objects.create(
        organisation_id=purchase.organisation_id, livemode=purchase.livemode, purchase=purchase,
        credits=bought, amount_cents=cents, stripe_id=thing["id"], reason=_ELSEWHERE,
    )  # fmt: skip
    if bought and takes_gift:
        gifts.take_back(purchase, of(refund))
    elif bought:
        ledger.claw_back(
            purchase.organisation_id, purchase.livemode, bought + on_top,
            purchase=sessions.of(purchase), reference=of(refund), reason=_ELSEWHERE,
        )  # fmt: skip
        topups.stop(purchase.organisation_id, _PAID_BACK)
    _count(purchase)
    _tell(refund, "refund.recorded")
    return refund


def _settle(purchase: Purchase, refund: Refund, thing: gateway.Doc) -> None:
    """Write what the payment service says of it, unless we know of something later."""
    refund.stripe_id = thing.get("id") or refund.stripe_id
    status = _STATUS.get(thing["status"], RefundStatus.ASKED)
    if _become(purchase, refund, status) and status == RefundStatus.FAILED and refund.credits:
        _say_failed(purchase, refund, thing)


def _become(purchase: Purchase, refund: Refund, status: RefundStatus) -> bool:
    """Write how it stands, and what follows. False when it stands so, or we know of something
    later.
    """
    later = _RANK[status] > _RANK[RefundStatus(refund.status)]
    if later or refund.status == RefundStatus.ASKED:
        refund.next_attempt_at = None
    if later:
        refund.status, refund.settled_at = status, timezone.now()
    if later and status == RefundStatus.SUCCEEDED and credit_notes.due(purchase, refund):
        refund.attempts, refund.next_attempt_at = 0, refund.settled_at
    refund.save()
    if later and status == RefundStatus.FAILED:
        _undo(purchase, refund)
    if later:
        _tell(refund, f"refund.{status.value}")
    return later


def _undo(purchase: Purchase, refund: Refund) -> None:
    gifts.open_again(purchase, of(refund))
    for reference in (of(refund), f"{of(refund)}:bonus"):
        ledger.reinstate(
            purchase.organisation_id, purchase.livemode, reference=reference,
            reason="The refund did not go through.",
        )  # fmt: skip
    _count(purchase)
    credit_notes.regret(refund)
    if dispute := shares.charged_back(purchase):
        chargebacks.take_also(purchase, dispute, refund)
    freezes.thaw_settled(purchase.organisation_id, purchase.livemode)


def _say_failed(purchase: Purchase, refund: Refund, thing: gateway.Doc) -> None:
    why = thing.get("why") or (thing.get("failure_reason") or "").replace("_", " ")
    ended = purchase.plan if refund.ends_plan else None
    notices.add(
        purchase.organisation_id, purchase.livemode, "refund_failed", of(refund),
        purchase=purchase.public_id, credits=refund.credits, cents=refund.amount_cents,
        currency=purchase.currency, why=kept(why, 300), plan=ended.name if ended else "",
        disputed=shares.charged_back(purchase) is not None,
        gift=purchase.kind == PurchaseKind.GIFT,
    )  # fmt: skip


def _tell(refund: Refund, topic: str) -> None:
    outbox.emit(
        organisation_id=refund.organisation_id, livemode=refund.livemode, topic=topic,
        subject=refund.public_id,
    )  # fmt: skip
    AuditEvent.objects.create(
        organisation_id=refund.organisation_id, actor_id=refund.asked_by_id, action=topic,
        subject=refund.purchase.public_id,
        detail={
            "refund": refund.public_id, "credits": refund.credits,
            "cents": refund.amount_cents, "reason": refund.reason,
        },
    )  # fmt: skip
