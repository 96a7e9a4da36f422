"""The only door to a generation: what is not the actor's does not exist."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import F, Q, QuerySet, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Now
from django.db.models.lookups import Contains

from accounts import tenancy
from accounts.actors import Actor
from generations import retention, standing
from generations.catalogue.params import SHOTS_MAX
from generations.catalogue.products.registry import PRODUCTS
from generations.models import Audio, Generation, GenerationEvent, Status, Video
from generations.models.retained import Retained
from kling_saas.lib import pages
from kling_saas.lib.postgresql.compiled import OneRow
from kling_saas.lib.refusals import NotFound

_BY_ID = OneRow(Generation, "generations_find", 3)
R = TypeVar("R", bound=Retained)


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, newest first; `after` is the cursor of the next part, or None.

    What is kept of a generation is found by its key; in `ended`, what was and is not any more.
    """

    generations: list[Generation]
    videos: dict[int, Video]
    audios: dict[int, Audio]
    ended: dict[int, Retained]
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which generations a list has; empty fields let everything through that is not deleted.

    `statuses` are the rows' own; `told_as` is the word that customers are told. Ordered from
    `since` on and before `until`. `words` must stand in the prompt or in a shot's, large or small
    letters alike. `person` is the key of the user who ordered. `gives`: only what made such a thing
    (`voice_id`), of deleted orders too; `kept`: without those whose thing was deleted; `there`:
    without those whose film or sound is gone.
    """

    statuses: Sequence[str] = ()
    told_as: str = ""
    door: str = ""
    kind: str = ""
    model: str = ""
    reference: str = ""
    end_user: str = ""
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""
    person: int | None = None
    gives: str = ""
    kept: bool = False
    there: bool = False


EVERYTHING = Wanted()
_EXACT = ("door", "kind", "model", "reference", "end_user")


def mine(actor: Actor) -> QuerySet[Generation]:
    """What the actor may see; of an end user's token that is the end user's own. Needs a scope."""
    rows: QuerySet[Generation] = Generation.objects.filter(
        organisation_id=actor.organisation_id, livemode=actor.livemode
    )
    return rows.filter(end_user=actor.end_user) if actor.end_user else rows


def find(actor: Actor, public_id: str) -> Generation:
    """A generation of the actor's organisation and mode, in one round trip. Raises NotFound."""
    found = _BY_ID.find(actor.organisation_id, actor.livemode, public_id)
    if found is None or actor.end_user not in {"", found.end_user}:
        raise NotFound(f"There is no generation {public_id[:60]!r}.")
    return found


def find_external(actor: Actor, external_id: str) -> Generation | None:
    """The generation the client gave its own task id, if any."""
    with tenancy.scope(actor.organisation_id):
        return mine(actor).filter(external_id=external_id).first()


def video_of(generation: Generation) -> Video | None:
    """Its film while it is shown: not before it succeeded, in the trash, or over."""
    return _kept(_videos_of([generation])).get(generation.pk)


def audio_of(generation: Generation) -> Audio | None:
    """Its sound while it is kept; None where it has none."""
    return _kept(_audios_of([generation])).get(generation.pk)


def ended_of(generation: Generation) -> Retained | None:
    """What was stored of it, where nothing of that is shown any more."""
    videos, audios = _videos_of([generation]), _audios_of([generation])
    return _ended({**audios, **videos}, {**_kept(audios), **_kept(videos)}).get(generation.pk)


def _videos_of(generations: Sequence[Generation]) -> dict[int, Video]:
    """The films that were stored of one organisation's generations, by the keys of these."""
    if not generations:
        return {}
    with tenancy.scope(generations[0].organisation_id):
        found = Video.objects.filter(generation__in=[g.pk for g in generations])
        return {video.generation_id: video for video in found}


def _audios_of(generations: Sequence[Generation]) -> dict[int, Audio]:
    """The sounds likewise."""
    sounding = [g for g in generations if _makes_a_sound(g)]
    if not sounding:
        return {}
    with tenancy.scope(sounding[0].organisation_id):
        found = Audio.objects.filter(generation__in=[g.pk for g in sounding])
        return {audio.generation_id: audio for audio in found}


def _kept(stored: Mapping[int, R]) -> dict[int, R]:
    return {pk: row for pk, row in stored.items() if not row.away}


def _ended(stored: Mapping[int, Retained], kept: Container[int]) -> dict[int, Retained]:
    return {pk: row for pk, row in stored.items() if pk not in kept}


def _makes_a_sound(generation: Generation) -> bool:
    product = PRODUCTS.get(generation.kind)
    return product is not None and "audio" in product.outputs


def parents_of(generations: Sequence[Generation]) -> dict[int, Video]:
    """The films, if kept, that generations of one organisation went on from, by the keys of these.

    Only where one succeeded.
    """
    named = {g.pk: name for g in generations if (name := _parent_named(g))}
    if not named:
        return {}
    with tenancy.scope(generations[0].organisation_id):
        films = Video.objects.filter(retention.SHOWN, generation__public_id__in=set(named.values()))
        made = {film.made_as: film for film in films.annotate(made_as=F("generation__public_id"))}
    return {pk: made[name] for pk, name in named.items() if name in made}


def _parent_named(generation: Generation) -> str:
    """The public id of the one it went on from; empty where there is none, or no success."""
    product = PRODUCTS.get(generation.kind)
    if product is None or not product.inherits or generation.status != Status.SUCCEEDED:
        return ""
    return str(generation.order().inputs.get(product.inherits, ""))


def page(
    actor: Actor,
    wanted: Wanted = EVERYTHING,
    *,
    after: str = "",
    limit: int = 20,
    offset: int = 0,
    oldest_first: bool = False,
) -> Page:
    """Newest first, unless told otherwise. A cursor is a public id: rows made later shift no page.

    Raises NotFound for a cursor that is not the actor's.
    """
    with tenancy.scope(actor.organisation_id):
        rows = _rows(actor, wanted)
        if after:
            last = find(actor, after).pk
            rows = rows.filter(pk__gt=last) if oldest_first else rows.filter(pk__lt=last)
        rows = rows.order_by("pk" if oldest_first else "-pk")
        return kept_of(*pages.first(rows[offset:], limit))


def _rows(actor: Actor, wanted: Wanted) -> QuerySet[Generation]:
    rows = mine(actor) if wanted.gives else mine(actor).filter(trashed_at=None)
    if wanted.statuses:
        rows = rows.filter(status__in=wanted.statuses)
    if wanted.told_as:
        rows = rows.filter(standing.told_as(wanted.told_as))
    same = {
        **{name: getattr(wanted, name) for name in _EXACT},
        "created_at__gte": wanted.since,
        "created_at__lt": wanted.until,
    }
    rows = rows.filter(**{name: value for name, value in same.items() if value})
    if wanted.person:
        rows = rows.filter(user=wanted.person)
    if wanted.words:
        rows = rows.filter(_said(wanted.words))
    if wanted.gives:
        rows = rows.filter(_made(wanted.gives))
    return _without_gone(rows, things=wanted.kept, media=wanted.there)


def kept_of(generations: list[Generation], after: str | None = None) -> Page:
    """These with what is kept of them. Needs the scope of their organisation."""
    stored = _videos_of(generations), _audios_of(generations)
    videos, audios = _kept(stored[0]), _kept(stored[1])
    ended = _ended({**stored[1], **stored[0]}, {**audios, **videos})
    return Page(generations, videos, audios, ended, after)


def _without_gone(rows: QuerySet[Generation], *, things: bool, media: bool) -> QuerySet[Generation]:
    if things:
        rows = rows.filter(deleted_at=None)
    if media:
        for medium in ("video", "audio"):
            rows = rows.exclude(**{f"{medium}__kept_until__lte": Now()})
            rows = rows.exclude(**{f"{medium}__trashed_at__isnull": False})
    return rows


def _made(gives: str) -> Q:
    """Has ended and made such a thing; also one that was given up, whose thing came late."""
    makers = [name for name, product in PRODUCTS.items() if product.gives == gives]
    over = Q(status__in=[Status.SUCCEEDED, Status.FAILED])
    return Q(kind__in=makers, made__has_key="facts") & over


def _said(words: str) -> Q:
    """In a prompt itself: the stored shots as one text would be found by their members' names."""
    found = Q(params__prompt__icontains=words)
    for shot in range(SHOTS_MAX):
        found |= Q(**{f"params__multi_prompt__{shot}__prompt__icontains": words})
    return found


def events_after(generation: Generation, sequence: int) -> list[GenerationEvent]:
    """Its steps with a number above `sequence`, in order; -1 gives all."""
    return [step for step in _steps(generation) if step.sequence > sequence]


def changes_after(generation: Generation, sequence: int) -> list[GenerationEvent]:
    """Of its steps after `sequence`, those at which the public word changed.

    None is younger than `generation` as it was read, so what is told with the last is as it says.
    """
    steps = [step for step in _steps(generation) if step.sequence <= generation.version]
    words = [""] + [Status(step.status).public for step in steps]
    return [
        step
        for step, before, word in zip(steps, words[:-1], words[1:], strict=True)
        if word != before and step.sequence > sequence
    ]


def _steps(generation: Generation) -> list[GenerationEvent]:
    with tenancy.scope(generation.organisation_id):
        steps = GenerationEvent.objects.filter(generation=generation)
        return list(steps.order_by("sequence"))


def prompts_of(actor: Actor, most: int) -> list[str]:
    """The last prompts that the person ordered by, each once, newest first."""
    if actor.user_id is None:
        return []
    with tenancy.scope(actor.organisation_id):
        rows = mine(actor).filter(user=actor.user_id, trashed_at=None).order_by("-pk")
        said = rows.values_list(KT("params__prompt"), flat=True)[: 3 * most]
        return list(dict.fromkeys(prompt for prompt in said if prompt))[:most]


def under_way(actor: Actor) -> tuple[int, int]:
    """How many of the actor's orders are being made, and how many wait for their turn."""
    with tenancy.scope(actor.organisation_id):
        open_ones = mine(actor).filter(finished_at=None)
        waiting = open_ones.filter(status=Status.ACCEPTED).count()
        return open_ones.count() - waiting, waiting


def made_elsewhere(actor: Actor) -> bool:
    """Whether the organisation has ordered anything in the other mode."""
    theirs = Generation.objects.filter(organisation_id=actor.organisation_id)
    return bool(theirs.filter(livemode=not actor.livemode).exists())


def unfinished_with(actor: Actor, names: Iterable[str]) -> str:
    """The id of an order under way whose fields name one of these; empty where none does.

    Needs the actor's scope.
    """
    orders = mine(actor).filter(finished_at=None)
    named = Q()
    for name in names:
        named |= Q(Contains(Cast("params", TextField()), Value(f'"{name}"')))
    found = orders.filter(named).values_list("public_id", flat=True).first()
    return found or ""
