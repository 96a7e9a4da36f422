"""Carries out that people leave: organisations that nobody belongs to any more are closed."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from accounts import credentials, leaving, tenancy
from accounts.actors import Actor
from accounts.models import AccessKey, ApiKey, Organisation, User, WebhookEndpoint
from billing.payments import subscriptions
from generations import retention
from generations.models import Audio, Generation, Video
from generations.models.generation import TERMINAL
from kling_saas.lib.refusals import Conflict

log = logging.getLogger(__name__)
_CLOSED = "Closed organisation"
_BATCH = 500


class PlanRuns(Conflict):
    """A plan would go on being paid for an organisation that closes."""

    code, title = "plan_runs", "A plan is running"


def ask(user: User) -> datetime:
    """The account goes when its days of grace are over. Raises LastOwner and PlanRuns."""
    for each in leaving.organisations(user):
        if each.closes and subscriptions.of(each.organisation_id):
            raise PlanRuns(f"The plan of {each.name} is running: end it before, in its wallet.")
    return leaving.ask(user)


def carry_out_due() -> int:
    """Delete the accounts whose time is over; how many. One that cannot go yet stays as it is, and
    is looked at with the next sweep.
    """
    return sum(_carry_out(user) for user in leaving.due())


def _carry_out(user: User) -> bool:
    mine = leaving.organisations(user)
    closing = [each.organisation_id for each in mine if each.closes]
    waits = any(each.kept for each in mine) or any(map(subscriptions.of, closing))
    if waits or any(map(_is_busy, closing)):
        log.warning("user %s cannot be deleted yet", user.pk)
        return False
    for each in mine:
        if each.closes:
            _close(each.organisation_id)
        else:
            leaving.leave(user, each.organisation_id)
    leaving.forget(user)
    return True


def _is_busy(organisation_id: int) -> bool:
    """Whether something is under way; none can be ordered once it is suspended."""
    with tenancy.scope(organisation_id):
        mine = Organisation.objects.filter(pk=organisation_id, suspended_at=None)
        mine.update(suspended_at=timezone.now())
        return bool(Generation.objects.exclude(status__in=TERMINAL).exists())


def _close(organisation_id: int) -> None:
    """Its keys open nothing, its films are over, and what was typed is gone. Its books stay."""
    with tenancy.scope(organisation_id):
        _end_keys(organisation_id)
        now = timezone.now()
        WebhookEndpoint.objects.filter(deleted_at=None).update(deleted_at=now, url="")
        Organisation.objects.filter(pk=organisation_id).update(name=_CLOSED)
        retention.end(Video.objects.all())
        retention.end(Audio.objects.all())
    while _forget_prompts(organisation_id):
        continue


def _end_keys(organisation_id: int) -> None:
    for livemode in (True, False):
        actor = Actor(organisation_id=organisation_id, livemode=livemode)
        for key in ApiKey.objects.filter(livemode=livemode, revoked_at=None):
            credentials.revoke(actor, "key", key.key_id)
        for pair in AccessKey.objects.filter(livemode=livemode, revoked_at=None):
            credentials.revoke(actor, "pair", pair.access_key)


def _forget_prompts(organisation_id: int) -> int:
    with tenancy.scope(organisation_id):
        typed = ~Q(params__prompt="") & Q(params__has_key="prompt")
        rows = list(Generation.objects.filter(typed)[:_BATCH])
        for row in rows:
            row.params = {**row.params, "prompt": ""}
            row.metadata, row.reference = {}, ""
        Generation.objects.bulk_update(rows, ["params", "metadata", "reference"])
    return len(rows)
