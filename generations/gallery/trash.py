"""Throwing away: into the trash, back out of it, and for good. What was paid stays in the books.

A film in the trash is shown nobody, and its shares are shut; its files stay for TRASH_DAYS, so that
orders that begin with it are made.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models.functions import Now

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import AuditEvent
from generations import access, retention
from generations.errors import Needed, NotFinished, NotKept
from generations.gallery import finding
from generations.models import Audio, Generation, Video
from generations.models.generation import TERMINAL


def put_in(actor: Actor, names: list[str]) -> list[Video]:
    """Into the trash, with the sounds that were made with them. Repeatable.

    Raises Forbidden and NotFound.
    """
    finding.must_change(actor)
    films = finding.many(actor, names)
    with tenancy.scope(actor.organisation_id):
        if _trash(films):
            _note(actor, "film.trashed", films)
        return _again(films)


def take_out(actor: Actor, names: list[str]) -> list[Video]:
    """Out of the trash, and their generations into the lists. Repeatable.

    Raises Forbidden, NotFound, and NotKept for what is deleted already.
    """
    finding.must_change(actor)
    films = finding.many(actor, names)
    with tenancy.scope(actor.organisation_id):
        restored = retention.restore(Video.objects.filter(pk__in=[film.pk for film in films]))
        made = [film.generation_id for film in films]
        retention.restore(Audio.objects.filter(generation__in=made))
        Generation.objects.filter(pk__in=made).update(trashed_at=None)
        if restored:
            _note(actor, "film.restored", films)
        films = _again(films)
        for film in films:
            if film.over:
                raise NotKept(f"{film.public_id} {film.farewell}.")
    return films


def destroy(actor: Actor, name: str) -> Video:
    """Delete a film and its sound, in the trash or not, for good and now. Repeatable.

    Its generation and its entries in the books stay. Raises Forbidden, NotFound, and Needed while
    an order under way begins with it.
    """
    finding.must_change(actor)
    film = finding.one(actor, name)
    with tenancy.scope(actor.organisation_id):
        # Locked first: an order that is being accepted holds it, or finds it gone.
        list(retention.held(Video.objects.filter(pk=film.pk)))
        if order := access.unfinished_with(actor, [film.public_id, film.generation.public_id]):
            raise Needed(f"{order} is under way and begins with {film.public_id}.")
        ended = [
            *retention.end(Video.objects.filter(pk=film.pk)),
            *retention.end(Audio.objects.filter(generation=film.generation_id)),
        ]
        if ended:
            _note(actor, "film.deleted", [film])
    for row in ended:
        retention.remove(row)
    return finding.one(actor, name)


def discard_generation(actor: Actor, public_id: str) -> Generation:
    """Take one that has ended out of every list, with its film and sound. Repeatable.

    Raises Forbidden, NotFound, and NotFinished while it is under way.
    """
    finding.must_change(actor)
    generation = access.find(actor, public_id)
    if generation.status not in TERMINAL:
        raise NotFinished(
            f"{public_id} is still under way: cancel it (POST /api/v1/generations/{public_id}"
            "/cancel) while it is queued, or delete it when it has ended."
        )
    with tenancy.scope(actor.organisation_id):
        left = Generation.objects.filter(pk=generation.pk, trashed_at=None)
        if left.update(trashed_at=Now()):
            _trash(Video.objects.filter(generation=generation))
            retention.trash(Audio.objects.filter(generation=generation))
            _say(actor, "generation.deleted", [public_id], livemode=generation.livemode)
    return access.find(actor, public_id)


def _trash(films: Iterable[Video]) -> int:
    rows = list(films)
    trashed = retention.trash(Video.objects.filter(pk__in=[film.pk for film in rows]))
    made = [film.generation_id for film in rows]
    return trashed + retention.trash(Audio.objects.filter(generation__in=made))


def _again(films: list[Video]) -> list[Video]:
    """As they are now, in the same order."""
    rows = Video.objects.select_related("generation").in_bulk([film.pk for film in films])
    return [rows[film.pk] for film in films]


def _note(actor: Actor, action: str, films: Iterable[Video]) -> None:
    _say(actor, action, [film.public_id for film in films], livemode=actor.livemode)


def _say(actor: Actor, action: str, subjects: Iterable[str], *, livemode: bool) -> None:
    AuditEvent.objects.bulk_create(
        AuditEvent(
            organisation_id=actor.organisation_id,
            actor_id=actor.user_id,
            action=action,
            subject=subject,
            detail={
                "livemode": livemode,
                "api_key": actor.api_key_id,
                "access_key": actor.access_key_id,
            },
        )
        for subject in subjects
    )
