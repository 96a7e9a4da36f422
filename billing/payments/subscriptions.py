"""Make our subscription agree with the payment service's, as that is now.

It grants nothing: a month's credits come with its paid invoice (`invoices`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import outbox, tenancy
from accounts.models import AuditEvent
from billing import plans
from billing.models import Plan, Subscription
from billing.payments import customers, gateway, tariffs
from billing.payments.errors import NotOurs
from kling_saas.lib.refusals import Unavailable

_PAID = {"active", "trialing"}
_BEGUN = {"active", "trialing", "past_due", "unpaid", "paused"}
_OVER = {"canceled", "incomplete_expired"}
_LOOKS = 5
_BUSY = "Others write this subscription all the time."


def sync(subscription_id: str) -> None:
    """Ask for the subscription and write what follows from it; harmless to repeat.

    Outside of transactions. Raises NotOurs, PaymentServiceDown, NotUnderstood, Unavailable.
    """
    for _look in range(_LOOKS):
        version = _version(subscription_id)
        thing = _retrieve(subscription_id)
        owner = customers.owner_of(thing["customer"])
        plan = tariffs.plan_of(thing["items"]["data"][0]["price"])
        if plan is None:
            raise NotOurs("its price is of no plan of ours")
        other = of(owner.organisation_id)
        if other is not None and other.stripe_id != thing["id"] and thing["status"] in _BEGUN:
            thing = _one_of_two(other, thing)
        if _write(owner.organisation_id, thing, plan, version):
            plans.apply(owner.organisation_id)
            return
    raise Unavailable(_BUSY)


def of(organisation_id: int) -> Subscription | None:
    """The organisation's running subscription."""
    with tenancy.scope(organisation_id):
        found: Subscription | None = (
            Subscription.objects.filter(
                organisation_id=organisation_id, vendor=settings.PAYMENTS_VENDOR, ended_at=None
            )
            .select_related("plan", "next_plan")
            .first()
        )
    return found


def end(organisation_id: int, subscription_id: str) -> None:
    """It ends now, unprorated, if it runs; what it granted stays. Harmless to repeat.

    Outside of transactions. Raises PaymentServiceDown, NotUnderstood, Unavailable.
    """
    for _look in range(_LOOKS):
        running = of(organisation_id)
        if running is None or running.stripe_id != subscription_id:
            return
        if _end(running, _retrieve(subscription_id)):
            plans.apply(organisation_id)
            return
    raise Unavailable(_BUSY)


def moment(seconds: int | None) -> datetime | None:
    """A Unix time of theirs."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _retrieve(subscription_id: str) -> gateway.Doc:
    return gateway.ask(lambda v1: v1.subscriptions.retrieve(subscription_id))


def _version(subscription_id: str) -> int | None:
    with tenancy.system("the payment service names a subscription, not a tenant"):
        known: int | None = (
            Subscription.objects.filter(stripe_id=subscription_id)
            .values_list("version", flat=True)
            .first()
        )
    return known


def _one_of_two(other: Subscription, thing: gateway.Doc) -> gateway.Doc:
    """Whoever chose another plan has paid for that: of `other`, which runs, and `thing`, the older
    ends now, unprorated, and what it granted, or is to grant, stays. `thing` as it is then.
    """
    known = _retrieve(other.stripe_id)
    if known["created"] > thing["created"] and known["status"] not in _OVER:
        return _cancelled(thing)
    if thing["status"] in _PAID:
        _end(other, known)
    return thing


def _end(running: Subscription, thing: gateway.Doc) -> bool:
    """False when somebody else has written it meanwhile: then look again."""
    return _write(running.organisation_id, _cancelled(thing), running.plan, running.version)


def _cancelled(thing: gateway.Doc) -> gateway.Doc:
    name = thing["id"]
    if thing["status"] in _OVER:
        return thing
    return gateway.order(
        f"{name}:ended",
        lambda v1, once: v1.subscriptions.cancel(
            name, {"prorate": False, "invoice_now": False}, once
        ),
    )


def _write(organisation_id: int, thing: gateway.Doc, plan: Plan, version: int | None) -> bool:
    """False when somebody else has written it since `version`: then look again."""
    over = thing["status"] in _OVER
    item = thing["items"]["data"][0]
    ends = moment(item["current_period_end"])
    facts: dict[str, Any] = {
        "status": thing["status"],
        "period_ends_at": ends,
        "cancels_at": moment(thing["cancel_at"])
        or (ends if thing["cancel_at_period_end"] else None),
        "ended_at": moment(thing["ended_at"]) if over else None,
    }
    with tenancy.scope(organisation_id):
        if version is None:
            return _begin(organisation_id, thing, plan, facts)
        row = Subscription.objects.select_for_update().get(stripe_id=thing["id"])
        if row.version != version:
            return False
        was_over = row.ended_at is not None
        for name, value in facts.items():
            setattr(row, name, value)
        row.next_plan = plan if plan.pk != row.plan_id and not over else None
        if over or thing["status"] == "active":
            row.pay_url = ""
        row.version += 1
        row.save()
        if over and not was_over:
            _tell(row, "subscription.ended")
    return True


def _begin(organisation_id: int, thing: gateway.Doc, plan: Plan, facts: dict[str, Any]) -> bool:
    if thing["status"] not in _BEGUN:
        return True  # never paid: nothing has begun
    row = Subscription(
        organisation_id=organisation_id, livemode=True, vendor=settings.PAYMENTS_VENDOR,
        stripe_id=thing["id"], plan=plan, **facts,
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:  # another worker wrote it, or another one of the organisation's runs
        return False
    _tell(row, "subscription.begun")
    return True


def _tell(row: Subscription, topic: str) -> None:
    outbox.emit(
        organisation_id=row.organisation_id, livemode=row.livemode, topic=topic,
        subject=row.stripe_id[:60], payload={"plan": row.plan.slug},
    )  # fmt: skip
    AuditEvent.objects.create(
        organisation_id=row.organisation_id, action=topic, subject=row.plan.slug,
        detail={"subscription": row.stripe_id},
    )  # fmt: skip
