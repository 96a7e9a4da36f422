"""What comes after we gave up: the customer has the credits back, and gets the film as well.

The generation stays failed and uncharged; a hold settles once. For a day after a deadline the
upstream is asked now and then, and what it made is taken in like any other.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts import outbox, tenancy
from generations import (
    attempts,
    ingest,
    lifecycle,
    outcomes,
    patience,
    providers,
    retention,
    standing,
    storage,
)
from generations.downloads import STORED
from generations.films import BadFilm
from generations.models import (
    Attempt,
    AttemptOutcome,
    Audio,
    Generation,
    ProviderAccount,
    Video,
)
from generations.products import FACTS_ONLY
from generations.providers import Found
from generations.wire.task import Reason, Rejected, RemoteVideo, Task, TaskState
from kling_saas.lib import http, scratch
from kling_saas.lib.points import passing

log = logging.getLogger(__name__)
_TROUBLE: tuple[type[Exception], ...] = (
    http.FetchFailed,
    http.BlockedAddress,
    BadFilm,
    *storage.TROUBLE,
)
REST = 10  # pauses, for an upstream that did not answer, or whose film could not be used
_BAD = "bad_film"
_TAKEN = Q(
    Q(error_code__in=["deadline", "upstream_lost", "internal", _BAD]) | Q(submitted_at=None),
    ~Q(upstream_id=""),
)
_HERE = Q(media_url__startswith=STORED)  # kept for us by a blocking call: it does not grow old


def run() -> int:
    """Ask about one film that was given up; the number asked about (0 or 1).

    `lease_until` of a finished row is the moment of the next question.
    """
    with tenancy.system("late films are looked for across tenants"):
        due = (
            Generation.objects.filter(
                Q(lease_until=None) | Q(lease_until__lte=Now()),
                standing.nothing_given(),
                _HERE | Q(_askable(), finished_at__gte=Now() - patience.LATE_FOR),
            )
            .only("pk")  # most rounds find nothing
            .order_by(F("lease_until").asc(nulls_first=True), "id")
            .select_for_update(skip_locked=True, of=("self",))
            .first()
        )
        if due is None:
            return 0
        generation = Generation.objects.select_related("account").get(pk=due.pk)
        pause = timedelta(seconds=settings.LATE_LOOK_SECONDS)
        pause *= REST if generation.error_code == "internal" else 1  # it may kill again
        Generation.objects.filter(pk=generation.pk).update(lease_until=Now() + pause)
    if task := _finished(generation):
        passing("late.found")
        take_in(generation, task)
    return 1


def _askable() -> Q:
    """An upstream took it, or perhaps did: then our id finds it, or its own if that came late.

    Needs a scope.
    """
    left = Attempt.objects.filter(generation=OuterRef("pk"), outcome=AttemptOutcome.ABANDONED)
    return _TAKEN | Q(Exists(left))


def overdue(since: timedelta) -> QuerySet[Generation]:
    """Films given up within `since` whose upstream could tell of them, and is not asked any more.

    What could not be used for a day is left alone. Needs a scope of every tenant.
    """
    found: QuerySet[Generation] = Generation.objects.filter(
        _askable(),
        standing.nothing_given(),
        finished_at__gte=Now() - since,
        finished_at__lt=Now() - patience.LATE_FOR,
    )
    return found.exclude(_HERE).exclude(error_code=_BAD).select_related("account")


def keep(generation: Generation, task: Task) -> None:
    """A film in our storage whose generation was given up while it was made: given at leisure."""
    with lifecycle.scope(generation):
        given_up = Generation.objects.filter(standing.nothing_given(), pk=generation.pk)
        if not given_up.update(media_url=task.videos[0].url):
            log.warning("%s: its film came twice", generation.public_id)


def _finished(generation: Generation) -> Task | None:
    if generation.media_url.startswith(STORED):
        film = RemoteVideo(generation.media_url)
        return Task(id=generation.upstream_id, state=TaskState.SUCCEEDED, videos=(film,))
    if generation.account is None:
        return None
    found = ask(generation, generation.account)
    if isinstance(found, Rejected) and found.reason == Reason.UNAVAILABLE:
        _let_rest(generation.account)
    return made_of(generation.kind, found)


def _let_rest(account: ProviderAccount) -> None:
    """Its other films are not asked about before long: each would keep a worker from new films."""
    with tenancy.system("an upstream's late films of every tenant wait"):
        asked = Generation.objects.filter(
            _askable(),
            standing.nothing_given(),
            account=account,
            finished_at__gte=Now() - patience.LATE_FOR,
        )
        pause = REST * timedelta(seconds=settings.LATE_LOOK_SECONDS)
        asked.exclude(_HERE).update(lease_until=Now() + pause)


def made_of(kind: str, found: Found | None) -> Task | None:
    """The task, if it has a film or a sound to take in, or facts where those are all."""
    if not isinstance(found, Task) or found.state != TaskState.SUCCEEDED:
        return None
    told = found.facts and kind in FACTS_ONLY
    return found if found.videos or found.audios or told else None


def ask(generation: Generation, account: ProviderAccount) -> Found | None:
    """What the upstream knows of it, asked at once; None where it cannot be asked."""
    adapter, kind = providers.adapter(account), generation.order().kind
    if adapter.blocking:
        return None
    if generation.upstream_id:
        return adapter.get(kind, generation.upstream_id)
    with lifecycle.scope(generation):
        left = Attempt.objects.filter(generation=generation, outcome=AttemptOutcome.ABANDONED)
        attempt = left.order_by("number").last()
    return adapter.find(kind, attempt.external_id) if attempt else None


def take_in(generation: Generation, task: Task) -> bool:
    """Store what was made and give it, free. False when it cannot be used, or was given already."""
    generation.media_url = outcomes.film_address(task)
    generation.made = outcomes.told(task)
    folder = None
    try:
        with scratch.folder() as folder:
            made = ingest.gift(generation, folder)
    except _TROUBLE as error:
        log.warning("%s: a late film was not taken in: %s", generation.public_id, error)
        old = generation.finished_at and generation.finished_at < timezone.now() - patience.LATE_FOR
        gone = folder and isinstance(error, FileNotFoundError) and old
        if isinstance(error, BadFilm) or gone:
            _forget(generation)  # what is missing may be on a disk that is away
        if not _is_passing(error):
            _put_off(generation)
        return False
    attempts.ended(generation, task)
    passing("late.stored")
    try:
        given = _give(generation, made)
    except IntegrityError:
        given = False
    if not given:
        log.warning("%s: somebody else gave its late film", generation.public_id)
        return False
    passing("late.done")
    ingest.forget_incoming(generation)
    log.warning("%s: its film came late and was given free", generation.public_id)
    return True


def _is_passing(error: Exception) -> bool:
    """Whether the same film may do soon: our storage or the line was the trouble."""
    line = isinstance(error, http.FetchFailed) and error.passing
    return line or isinstance(error, storage.TROUBLE)


def _put_off(generation: Generation) -> None:
    """A film that cannot be used costs a whole download each time: twenty in a day, not 1,440."""
    pause = REST * timedelta(seconds=settings.LATE_LOOK_SECONDS)
    age = timezone.now() - (generation.finished_at or timezone.now())
    with lifecycle.scope(generation):
        Generation.objects.filter(pk=generation.pk).update(lease_until=Now() + max(pause, age / 4))


def _give(generation: Generation, made: list[Video | Audio]) -> bool:
    """False when the facts were given already; raises IntegrityError when film or sound were."""
    with lifecycle.scope(generation):
        retention.store(made)
        row = Generation.objects.filter(pk=generation.pk)
        if not made:
            row = row.exclude(made__has_key="facts")
        if not row.update(made=generation.made, warnings=generation.warnings):
            return False
        passing("late.filmed")
        outcomes.out_of_suspense(generation)
        outbox.emit(
            organisation_id=generation.organisation_id,
            livemode=generation.livemode,
            topic="generation.late_film",
            subject=generation.public_id,
        )
    return True


def _forget(generation: Generation) -> None:
    """A copy of ours that is no film, or is gone, is not looked at again."""
    ingest.forget_incoming(generation)
    with lifecycle.scope(generation):
        Generation.objects.filter(pk=generation.pk, media_url__startswith=STORED).update(
            media_url=""
        )
