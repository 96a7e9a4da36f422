"""What a customer's own generations have made, found by the names that orders give it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from generations import access, retention, standing
from generations.catalogue.products import editing
from generations.catalogue.products.registry import PRODUCTS
from generations.catalogue.products.sources import Source
from generations.models import Audio, Generation, Status, Video
from generations.wire.kling.own import row_of

FACES = "face_data"  # the fact that holds the faces found in a film
_SHARED = ("voice_id", "element_id")
GENERATION, FILM, SOUND = "gen_", "vid_", "aud_"


class NotYours(LookupError):
    """Somebody else has made it: nobody is told that there is such a thing."""


@dataclass(frozen=True, slots=True)
class Made:
    """A generation of the customer's own that an order names, with its film or sound if kept.

    `ended` is the moment from which neither was kept any more.
    """

    generation: Generation
    video: Video | None
    audio: Audio | None
    ended: str = ""

    def is_forgotten(self, hours: float) -> bool:
        """Whether its upstream, which keeps it so many hours, has forgotten it."""
        made_at = self.generation.upstream_finished_at or self.generation.finished_at
        return made_at is not None and timezone.now() - made_at >= timedelta(hours=hours)

    @property
    def faces(self) -> tuple[str, ...]:
        """The ids of the faces that it found in a film, as its upstream told them."""
        found = faces_in(self.generation)
        return tuple(str(f["face_id"]) for f in found if isinstance(f, dict) and "face_id" in f)

    @property
    def frames(self) -> int:
        """How many frames a film has that it opened, as its upstream told; 0 where it told none."""
        told = self.generation.made.get("facts", {}).get("total_frame")
        return told if isinstance(told, int) and told > 0 else 0

    def source(self, medium: str) -> Source | None:
        """What is known of its film or sound; None when it has none."""
        row = self.video if medium == "video" else self.audio
        if row is None:
            return None
        order, account = self.generation.order(), self.generation.account
        known = Source(seconds=row.duration_ms / 1000, model=order.model, mode=order.mode)
        # The sandbox's films may be small ones that stand for those of Kling's size.
        if not isinstance(row, Video) or (account and account.is_sandbox):
            return known
        return replace(known, width=row.width, height=row.height)


def faces_in(generation: Generation) -> list[Any]:
    """The faces that its upstream told of; empty for everything that finds none."""
    told = generation.made.get("facts", {}).get(FACES)
    return told if isinstance(told, list) else []


def is_ours(name: str) -> bool:
    """Whether a voice, element or session of this name was made by a generation, or never was."""
    return name.startswith(GENERATION) or row_of(name) is not None


def _nameable(actor: Actor) -> QuerySet[Generation]:
    """What the actor's orders may name: what the actor sees. Needs a scope.

    Voices and elements that an organisation made for nobody are for all its end users.
    """
    rows = access.mine(actor)
    if not actor.end_user:
        return rows
    shared: QuerySet[Generation] = Generation.objects.filter(
        organisation_id=actor.organisation_id,
        livemode=actor.livemode,
        end_user="",
        kind__in=[name for name, product in PRODUCTS.items() if product.gives in _SHARED],
    )
    return rows | shared


def made_of(actor: Actor, name: str) -> Made | None:
    """The actor's finished generation by its id, its element's number, or its film's or sound's id.

    Also one that failed, and whose film, sound or facts came late.
    """
    with tenancy.scope(actor.organisation_id):
        rows = _nameable(actor).select_related("account")
        rows = rows.filter(Q(status=Status.SUCCEEDED) | standing.given_late())
        if name.startswith(FILM):
            rows = rows.filter(video__public_id=name)
        elif name.startswith(SOUND):
            rows = rows.filter(audio__public_id=name)
        elif (row := row_of(name)) is not None:
            rows = rows.filter(pk=row)
        else:
            rows = rows.filter(public_id=name)
        return with_files(rows.first())


def beginning_of(actor: Actor, step: Made) -> Made:
    """The one that began the session which `step` is of: itself where it names none."""
    name = step.generation.params.get("session")
    return (made_of(actor, str(name)) if name else None) or step


def may_be_chosen(actor: Actor, session: Generation) -> bool:
    """Whether anything may be chosen in a session of multi-elements, by the actor's own orders."""
    with tenancy.scope(actor.organisation_id):
        steps = access.mine(actor).filter(pk__gt=session.pk, params__session=session.public_id)
        clears = steps.filter(kind=editing.CLEAR.name, status=Status.SUCCEEDED)
        adds = steps.filter(kind=editing.ADD.name).exclude(status=Status.CANCELLED)
        cleared = clears.order_by("pk").last()
        if cleared:  # what may have come after it
            adds = adds.exclude(finished_at__lt=cleared.created_at)
        return bool(adds.exists())


def behind(actor: Actor, known_as: str) -> str | None:
    """The actor's generation that made what its upstream calls so; None where nobody here did.

    Orders reach accounts that all customers share: what is another's there is another's here.
    Raises NotYours for that.
    """
    with tenancy.system("whoever made the thing may be another tenant"):
        makers = Generation.objects.filter(known_as=known_as)
        mine = _nameable(actor).filter(known_as=known_as)
        name: str | None = mine.values_list("public_id", flat=True).last()
        if name is None and makers.exists():
            raise NotYours(known_as)
    return name


def with_files(generation: Generation | None) -> Made | None:
    """It with what was stored of it. Needs its owner's scope."""
    if generation is None:
        return None
    video = Video.objects.filter(generation=generation).first()
    audio = Audio.objects.filter(generation=generation).first()
    gone = next((row.farewell for row in (video, audio) if row and row.away), "")
    return Made(generation, retention.living(video), retention.living(audio), gone)
