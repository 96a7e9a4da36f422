"""Links by which strangers see a film: made, shown again, counted, revoked."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db.models import Case, F, Q, QuerySet, Value, When, Window
from django.db.models.functions import Least, Now, RowNumber
from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from generations.errors import NotKept
from generations.gallery import finding
from generations.models import Share, Video
from generations.models.share import hash_of
from kling_saas.lib import pages
from kling_saas.lib.forgetting import forget
from kling_saas.lib.ids import random_base62
from kling_saas.lib.postgresql import locks
from kling_saas.lib.refusals import Conflict, NotFound

TOKEN = re.compile(r"[0-9A-Za-z]{22}", re.ASCII)
EXPIRES_MIN, EXPIRES_MAX = 60, 366 * 24 * 3600  # seconds
VIEWS_MAX = 1_000_000
PASSWORD_MIN, PASSWORD_MAX = 4, 128  # characters
TRIES, TRIES_WITHIN = 10, timedelta(minutes=15)
TOLD = 10  # links that are told with a film
_KEPT_AFTER = timedelta(days=90)  # for whoever looks up what became of a link
_LETTERS = 22


@dataclass(frozen=True, slots=True)
class Links:
    """A page; `after` is the cursor of the next one, None when there is none."""

    shares: list[Share]
    after: str | None


def make(
    actor: Actor,
    name: str,
    *,
    visibility: str,
    expires_in: int | None = None,
    password: str = "",
    max_views: int | None = None,
) -> Share:
    """A new link to a film. `expires_in` is seconds.

    Raises Forbidden, NotFound, NotKept, and Conflict while it has SHARES_MAX open ones.
    """
    finding.must_change(actor)
    film = finding.one(actor, name)
    if film.away:
        raise NotKept(f"{film.public_id} {film.farewell}.")
    share = Share(
        organisation_id=actor.organisation_id,
        livemode=actor.livemode,
        video=film,
        visibility=visibility,
        max_views=max_views,
        password=make_password(password) if password else "",
        expires_at=timezone.now() + timedelta(seconds=expires_in) if expires_in else None,
    )
    share.set_token(random_base62(_LETTERS))
    with tenancy.scope(actor.organisation_id):
        locks.hold(f"shares/{film.pk}")
        if Share.objects.filter(_OPEN, video=film).count() >= settings.SHARES_MAX:
            raise Conflict(
                f"{film.public_id} has {settings.SHARES_MAX} open links: revoke one of them first."
            )
        share.save(force_insert=True)
    return share


def page(actor: Actor, name: str, *, after: str = "", limit: int = 20) -> Links:
    """Links to a film that are remembered, newest first. Raises NotFound."""
    film = finding.one(actor, name)
    with tenancy.scope(actor.organisation_id):
        rows = _rows().filter(video=film)
        if after:
            last = rows.filter(public_id=after).first()
            if last is None:
                raise _unknown(after)
            rows = rows.filter(pk__lt=last.pk)
        return Links(*pages.first(rows.order_by("-pk"), limit))


def open_of(films: Sequence[Video]) -> dict[int, list[Share]]:
    """The TOLD newest open links to films, by the films' keys. Needs their owner's scope."""
    found: dict[int, list[Share]] = defaultdict(list)
    place = Window(RowNumber(), partition_by=F("video"), order_by=F("pk").desc())
    rows = _rows().filter(_OPEN, video__in=[film.pk for film in films])
    for share in rows.annotate(place=place).filter(place__lte=TOLD).order_by("-pk"):
        if not share.over:
            found[share.video_id].append(share)
    return found


def revoke(actor: Actor, public_id: str) -> Share:
    """Shut a link, at once. Repeatable. Raises Forbidden and NotFound."""
    finding.must_change(actor)
    with tenancy.scope(actor.organisation_id):
        mine = _rows().filter(
            organisation_id=actor.organisation_id, livemode=actor.livemode, public_id=public_id
        )
        mine.filter(revoked_at=None).update(
            revoked_at=Now(), expires_at=Least(F("expires_at"), Now())
        )
        found = mine.first()
    if found is None:
        raise _unknown(public_id)
    return found


def _unknown(public_id: str) -> NotFound:
    return NotFound(f"There is no share {public_id[:60]!r}.")


_OPEN = Q(expires_at=None) | Q(expires_at__gt=Now())


def _rows() -> QuerySet[Share]:
    rows: QuerySet[Share] = Share.objects.select_related("video__generation")
    return rows


# -------------------------------------------------------------------- visitors


class Trial(StrEnum):
    """What became of a visitor's password."""

    RIGHT = "right"
    WRONG = "wrong"
    TOO_MANY = "too many"


def by_token(token: str) -> Share | None:
    """The share of a link, open or not; None where there never was one, or it is forgotten."""
    if not TOKEN.fullmatch(token):
        return None
    with tenancy.system("a link tells nobody whose it is before it is found"):
        return _rows().filter(token_hash=hash_of(token)).first()


def count(share: Share) -> bool:
    """Count one more view; False when it may not be seen any more, however many come at once."""
    with tenancy.scope(share.organisation_id):
        free = Q(max_views=None) | Q(views__lt=F("max_views"))
        mine = Share.objects.filter(free, _OPEN, pk=share.pk)
        return bool(mine.update(views=F("views") + 1))


def tried(share: Share, password: str) -> Trial:
    """Try a password. TRIES wrong ones are taken within TRIES_WITHIN, of all visitors together.

    A try is taken before the password is looked at, so that many at once get no more of them.
    """
    recent = Q(tried_since__gt=Now() - TRIES_WITHIN)
    with tenancy.scope(share.organisation_id):
        mine = Share.objects.filter(pk=share.pk)
        if not mine.filter(~recent | Q(tried_since=None) | Q(tries__lt=TRIES)).update(
            tries=Case(When(recent, then=F("tries") + 1), default=Value(1)),
            tried_since=Case(When(recent, then=F("tried_since")), default=Now()),
        ):
            return Trial.TOO_MANY
    if not check_password(password[: PASSWORD_MAX + 1], share.password):
        return Trial.WRONG
    with tenancy.scope(share.organisation_id):
        mine.filter(tries__gt=0).update(tries=F("tries") - 1)
    return Trial.RIGHT


def forget_ended() -> int:
    """Delete a batch of the shares that ended three months ago; how many."""
    with tenancy.system("links of every tenant are forgotten"):
        return forget(Share.objects.filter(expires_at__lt=Now() - _KEPT_AFTER), by="expires_at")
