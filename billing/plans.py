"""The plan an organisation has, and what it changes: room among others, for how long its films are
kept, prices, what it opens.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.dispatch import Signal

from accounts import tenancy
from accounts.models import AuditEvent, Organisation
from accounts.models.organisation import given_concurrency, given_weight
from billing.models import Plan, Subscription

# The payment service's words for one that is paid, or that it still tries to be paid for.
IN_FORCE = ("active", "trialing", "past_due")
CACHE_SECONDS = 1.0
_APPLIED = "plan.applied"
# Sent with `organisation_id`, in the transaction of `apply` and the organisation's scope.
applied = Signal()


def plan_of(organisation_id: int) -> Plan | None:
    """The plan as last paid, for as long as its subscription is in force; else None."""
    with tenancy.scope(organisation_id):
        found = _in_force([organisation_id]).first()
    return found.plan if found else None


def _in_force(organisations: Collection[int]) -> QuerySet[Subscription]:
    """Their subscriptions, with plans. Needs a scope of them all."""
    found: QuerySet[Subscription] = Subscription.objects.filter(
        organisation_id__in=organisations,
        vendor=settings.PAYMENTS_VENDOR,
        status__in=IN_FORCE,
        ended_at=None,
    )
    return found.select_related("plan")


def limits(plan: Plan | None) -> dict[str, Any]:
    """`dispatch_weight` and `concurrency` under a plan, or without one: the settings' defaults.

    A plan gives and never takes: where everybody has more, or no limit at all, that stays.
    """
    weight, room = given_weight(), given_concurrency()
    if plan is not None:
        weight = max(weight, plan.dispatch_weight or 0)
        room = room and max(room, plan.concurrency or 0)
    return {"dispatch_weight": weight, "concurrency": room}


def days_kept(plan: Plan | None) -> int | None:
    """For how many days films are kept under a plan, or without one; None for good.

    As with `limits`, a plan never takes: where everybody's are kept longer, that stays.
    """
    usual = int(settings.FILM_RETENTION_DAYS)
    if plan is None or not usual:
        return usual or None
    return plan.retention_days and max(usual, plan.retention_days)


def retention(organisations: Collection[int]) -> dict[int, int | None]:
    """For how many days films of each are kept now; None for good. Needs a scope of them all."""
    plans: dict[int, Plan] = {}
    if settings.FILM_RETENTION_DAYS:  # else nobody's plan says more
        plans = {each.organisation_id: each.plan for each in _in_force(organisations)}
    return {each: days_kept(plans.get(each)) for each in organisations}


def apply(organisation_id: int) -> bool:
    """Give the organisation the limits of its plan, or the defaults when it has none (any more).

    To be called whenever its subscription changed; harmless to repeat. False when nothing moved.
    The figures are ours while both are as we last wrote them (as the audit tells), or still the
    defaults if we never wrote any. Once an operator has set other ones, they are left alone until
    the operator puts those back. A plan that was changed reaches its subscribers at their next
    renewal.
    """
    with tenancy.scope(organisation_id):
        organisation = Organisation.objects.select_for_update(no_key=True).get(pk=organisation_id)
        plan = plan_of(organisation_id)
        written = (
            AuditEvent.objects.filter(organisation_id=organisation_id, action=_APPLIED)
            .order_by("-pk")
            .values_list("detail", flat=True)
            .first()
        )
        present = {
            "dispatch_weight": organisation.dispatch_weight,
            "concurrency": organisation.concurrency,
        }
        wanted = limits(plan)
        transaction.on_commit(_forget)
        applied.send(Plan, organisation_id=organisation_id)
        if present != (written or limits(None)) or present == wanted:
            return False
        Organisation.objects.filter(pk=organisation_id).update(**wanted)
        AuditEvent.objects.create(
            organisation_id=organisation_id,
            action=_APPLIED,
            subject=plan.slug if plan else "",
            detail=wanted,
        )
    return True


class _Known:
    """Who subscribes to a plan that prices or unlocks something, as this process knows it."""

    subscribers: Mapping[int, int] = {}
    read_at = float("-inf")


def telling_plan(organisation_id: int) -> int | None:
    """The id of the organisation's plan if that prices or unlocks something; at most 1 s old.

    All subscribers are read at once, so that a busy door costs one look a second and process, and
    nothing for each organisation.
    """
    if time.monotonic() - _Known.read_at > CACHE_SECONDS:
        asked = time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT organisation_id, plan_id FROM billing_subscribers(%s, %s)",
                [settings.PAYMENTS_VENDOR, list(IN_FORCE)],
            )
            _Known.subscribers = dict(cursor.fetchall())
        _Known.read_at = asked
    return _Known.subscribers.get(organisation_id)


def _forget() -> None:
    _Known.read_at = float("-inf")
