"""What whoever looks after an organisation's money is told: on its pages, by mail, as events.

A notice is written in the transaction that it tells of, once per key; mail follows, at least once.
Its words are `templates/billing/notices/<kind>.txt`: the subject, then paragraphs.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import letters, outbox, tenancy
from accounts.actors import BUYERS, Actor
from accounts.models import Membership, Role, User
from billing.models import Gift, GiftStatus, Notice
from kling_saas.lib import product

log = logging.getLogger(__name__)
_AT_ONCE = 5  # each may wait for a mail server as long as EMAIL_TIMEOUT says
_SHOWN_DAYS = 14
_MONEY = (Role.OWNER, Role.BILLING)
_WHOM = {"webhook_disabled": (Role.OWNER, Role.ADMIN, Role.DEVELOPER)}  # else who has the money
_GIFT = "gift_bought"


@dataclass(frozen=True, slots=True)
class Words:
    """`subject` is a sentence of its own, `text` the whole letter, `link` where to act."""

    subject: str
    text: str
    link: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice on a page."""

    id: int
    words: Words
    notice: Notice


def add(organisation_id: int, livemode: bool, kind: str, key: str, **facts: Any) -> bool:
    """Owe a notice, once per `key`: False when it is known. Needs an open scope.

    `facts` fill its words; `to` is the user whom alone it concerns, else those who look after
    money are meant. Programs see it as news of the topic `wallet.<kind>`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_notice (organisation_id, livemode, kind, key, facts, attempts) "
            "VALUES (%s, %s, %s, %s, %s, 0) "
            "ON CONFLICT (organisation_id, livemode, key) DO NOTHING RETURNING id",
            [organisation_id, livemode, kind, key, json.dumps(facts)],
        )
        made = cursor.fetchone() is not None
    if made:
        outbox.emit(
            organisation_id=organisation_id, livemode=livemode, topic=f"wallet.{kind}",
            subject=key[:60], payload=facts,
        )  # fmt: skip
    return made


def words(notice: Notice, **secrets: str) -> Words:
    """What a notice says, with what only its letter may tell."""
    facts = {
        **notice.facts,
        **secrets,
        "site": settings.SITE_URL,
        "product": product.NAME,
        "livemode": notice.livemode,
    }
    subject, body = letters.split(render_to_string(f"billing/notices/{notice.kind}.txt", facts))
    links = [line for line in body.split() if line.startswith("http")]
    return Words(subject, body, links[0] if links else "")


def shown(actor: Actor) -> list[Shown]:
    """The latest notices meant for the actor that nobody dismissed, newest first; at most five, of
    two weeks. What is meant for nobody by name is for those who may spend money.
    """
    with tenancy.scope(actor.organisation_id):
        found = Notice.objects.filter(
            organisation_id=actor.organisation_id,
            livemode=actor.livemode,
            dismissed_at=None,
            created_at__gt=timezone.now() - timedelta(days=_SHOWN_DAYS),
        ).order_by("-created_at")
        mine = [one for one in found[:20] if _meant_for(actor, one)]
    return [Shown(one.pk, words(one), one) for one in mine[:5]]


def _meant_for(actor: Actor, notice: Notice) -> bool:
    named = notice.facts.get("to")
    return actor.may_buy if named is None else bool(named == actor.user_id)


def dismiss(actor: Actor, notice_id: int) -> None:
    """It is not shown any more; another person's stays."""
    with tenancy.scope(actor.organisation_id):
        one = Notice.objects.filter(pk=notice_id, dismissed_at=None).first()
        if one is not None and _meant_for(actor, one):
            one.dismissed_at = timezone.now()
            one.save(update_fields=["dismissed_at"])


def mail_due() -> int:
    """Send the letters that are owed, a batch; how many notices. One's trouble keeps no other."""
    with tenancy.system("notices of every tenant are mailed"):
        due = list(
            Notice.objects.select_for_update(skip_locked=True)
            .filter(next_attempt_at__lte=Now())
            .order_by("next_attempt_at")[:_AT_ONCE]
        )
        # Claimed before it is sent, with no transaction open while a mail server is waited for.
        Notice.objects.filter(pk__in=[one.pk for one in due]).update(
            next_attempt_at=Now() + letters.LEASE
        )
    for one in due:
        _mail(one)
    return len(due)


def _mail(notice: Notice) -> None:
    try:
        said = words(notice, **_secrets(notice))
        for address in _addresses(notice):
            letters.send(said.subject, said.text, address)
    except Exception:  # a mail server may fail in any way
        log.exception("notice %s was not mailed", notice.pk)
        _settle(notice, sent=False)
    else:
        _settle(notice, sent=True)


def _secrets(notice: Notice) -> dict[str, str]:
    """The code of a gift: in no row that is shown or sent to programs."""
    if notice.kind != _GIFT:
        return {}
    with tenancy.scope(notice.organisation_id):
        mine = Gift.objects.filter(purchase__public_id=notice.facts["gift"])
        gift = mine.filter(status=GiftStatus.OPEN).first()
    return {"code": gift.code} if gift else {}


def _addresses(notice: Notice) -> list[str]:
    with tenancy.scope(notice.organisation_id):
        members = Membership.objects.filter(organisation=notice.organisation_id)
        told = members.filter(role__in=_WHOM.get(notice.kind, _MONEY))
        if alone := notice.facts.get("to"):
            still = members.filter(user=alone)
            if notice.kind == _GIFT:  # its code is money
                still = still.filter(role__in=BUYERS)
            told = still if still.exists() or notice.kind != _GIFT else told
        whom = list(told.values_list("user_id", flat=True))
    people = User.objects.filter(pk__in=whom, is_active=True).order_by("pk")
    return list(people.values_list("email", flat=True))


def _settle(notice: Notice, *, sent: bool) -> None:
    notice.attempts += 1
    if sent:
        notice.mailed_at = timezone.now()
    notice.next_attempt_at = None if sent else letters.next_try(notice.attempts)
    with tenancy.scope(notice.organisation_id):
        notice.save(update_fields=["attempts", "mailed_at", "next_attempt_at"])
