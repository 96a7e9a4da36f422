"""Mails people about films that ended: each, failures alone, or once a day, as they chose."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import letters, preferences, tenancy
from accounts.models import FilmMails, User
from generations.models import Generation
from generations.models.generation import Status
from kling_saas.lib import product

log = logging.getLogger(__name__)
_AT_ONCE = 20  # people; each may wait for a mail server as long as EMAIL_TIMEOUT says
_SHOWN = 20  # films in one mail
_LATEST = 1000  # orders that are looked at: whoever orders more has no use for mails
_SOON, _DAY = timedelta(minutes=1), timedelta(days=1)  # films that end together come in one mail
_TOLD = {FilmMails.FAILURES.value: [Status.FAILED]}


def choose(user: User, wanted: str) -> None:
    """From now on they are mailed so; what ended before is not told."""
    user.film_mails = wanted if wanted in FilmMails.values else ""
    user.films_told_until, user.films_lease_until = timezone.now(), None
    user.save(update_fields=["film_mails", "films_told_until", "films_lease_until"])


def mail_due() -> int:
    """Tell everybody whose time it is, a batch; to how many a mail went. Safe by many workers: who
    dies between sending and saying so sends once more.
    """
    return sum(_tell(user) for user in _claimed())


def _claimed() -> list[User]:
    now = timezone.now()
    is_due = Q(film_mails=FilmMails.DIGEST, films_told_until__lt=now - _DAY) | Q(
        ~Q(film_mails=FilmMails.DIGEST), films_told_until__lt=now - _SOON
    )
    free = Q(films_lease_until=None) | Q(films_lease_until__lt=now)
    with transaction.atomic():
        rows = User.objects.select_for_update(skip_locked=True).exclude(film_mails="")
        due = list(
            rows.filter(is_due, free, is_active=True).order_by("films_told_until")[:_AT_ONCE]
        )
        claimed = User.objects.filter(pk__in=[user.pk for user in due])
        claimed.update(films_lease_until=now + letters.LEASE)
    return due


def _tell(user: User) -> bool:
    until = timezone.now()
    films = _ended(user, until)
    if films:
        try:
            _send(user, films)
        except Exception:  # a mail server may fail in any way; the next sweep after the lease tries
            log.exception("user %s was not mailed about films", user.pk)
            return False
    mine = User.objects.filter(pk=user.pk)
    mine.update(films_told_until=until, films_lease_until=None)
    return bool(films)


def _ended(user: User, until: datetime) -> list[Generation]:
    """Their live films, in any organisation, that ended since they were told, oldest first."""
    statuses = _TOLD.get(user.film_mails, [Status.SUCCEEDED, Status.FAILED])
    with tenancy.system("what a person ordered in any organisation is told in one mail"):
        latest = Generation.objects.filter(user=user).order_by("-pk").values("pk")[:_LATEST]
        rows = Generation.objects.filter(
            pk__in=latest, livemode=True, trashed_at=None, status__in=statuses,
            finished_at__gt=user.films_told_until, finished_at__lte=until,
        )  # fmt: skip
        return list(rows.order_by("finished_at")[: _SHOWN + 1])


def _send(user: User, films: list[Generation]) -> None:
    facts = {
        "films": [
            {
                "prompt": str(film.params.get("prompt", ""))[:80],
                "failed": film.status == Status.FAILED,
                "link": f"{settings.SITE_URL}/app/jobs/{film.public_id}",
            }
            for film in films[:_SHOWN]
        ],
        "more": len(films) > _SHOWN,
        "failures": sum(film.status == Status.FAILED for film in films),
        "site": settings.SITE_URL,
        "product": product.NAME,
    }
    with preferences.applied(user):
        text = render_to_string("generations/film_mail.txt", facts)
    letters.send(*letters.split(text), user.email)
