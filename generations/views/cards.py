"""A generation as pages draw it: words, icon, shape, steps, and what may be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from generations import access, standing, waiting
from generations.catalogue import registry
from generations.catalogue.params import Params
from generations.catalogue.products.registry import PRODUCTS
from generations.models import Generation, Status, Video
from generations.models.generation import TERMINAL
from generations.models.retained import Retained
from generations.presenting import generation_json, page_json
from generations.views import fields, results, words

_WORDS: dict[str, tuple[Promise | str, str]] = {
    Status.ACCEPTED: (_("Queued"), "clock"),
    Status.SUBMITTING: (_("Handing over"), "loader-circle"),
    Status.IN_FLIGHT: (_("Rendering"), "loader-circle"),
    Status.FETCHING: (_("Saving"), "loader-circle"),
    Status.STORING: (_("Saving"), "loader-circle"),
    Status.SUCCEEDED: (_("Done"), "circle-check"),
    Status.FAILED: (_("Failed"), "circle-x"),
    Status.CANCELLED: (_("Cancelled"), "circle-slash"),
}
_STEPS: tuple[tuple[Promise | str, frozenset[str]], ...] = (
    (_("Queued"), frozenset({Status.ACCEPTED})),
    (_("Handed over"), frozenset({Status.SUBMITTING})),
    (_("Rendering"), frozenset({Status.IN_FLIGHT})),
    (_("Saving"), frozenset({Status.FETCHING, Status.STORING})),
)
_SLOW = _("Slower than usual. Still charged only if it succeeds.")
_ENDS: dict[str, Promise | str] = {
    "failed": _("The credits came back."),
    "cancelled": _("The credits came back."),
}
_RATIOS = {"16:9": 16 / 9, "9:16": 9 / 16, "1:1": 1.0}


@dataclass(frozen=True, slots=True)
class Card:
    """`shape` names the CSS class of the film's ratio; `api` is the API's object; `ended` is what
    was stored of it and is not kept any more.
    """

    generation: Generation
    params: Params
    api: Mapping[str, Any]
    title: str
    status: str
    word: Promise | str
    icon: str
    shape: str
    video: Video | None
    ended: Retained | None

    @property
    def id(self) -> str:
        return self.generation.public_id

    @property
    def over(self) -> bool:
        return self.generation.status in TERMINAL

    @property
    def can_cancel(self) -> bool:
        """Only while no upstream has it can it be stopped for certain."""
        return standing.with_nobody(self.generation)

    @property
    def prompt(self) -> str:
        """What was asked for, in words; a multi-shot film says its shots; empty where none were."""
        return results.asked_in_words(self.params)

    @property
    def heading(self) -> str:
        """What it is called in a list."""
        return self.prompt or self.title

    @property
    def elapsed(self) -> float:
        """Seconds from order to end, or to now."""
        end = self.generation.finished_at or timezone.now()
        return max(0.0, (end - self.generation.created_at).total_seconds())

    @property
    def late(self) -> bool:
        """Slower than nine of ten equal films were: then no time is told any more."""
        return self.status == "processing" and self.api["eta"] is None

    @property
    def place(self) -> str:
        """Its place in the queue and the time until the film is there; empty once handed over."""
        position, eta = self.api["position"], self.api["eta"]
        if position is None:
            return ""
        if eta is None:
            return gettext("no service can take it at the moment; it starts as soon as one can")
        where = words.place(position)
        left = max(0.0, eta["p50_seconds"] - self.elapsed)
        return f"{where}, {words.about(left)}"

    @property
    def look_again(self) -> int:
        """Seconds after which its place in the queue is worth another look; 0 where it has none."""
        position, eta = self.api["position"], self.api["eta"]
        if position is None:
            return 0
        told = waiting.Eta(eta["p50_seconds"], eta["p90_seconds"]) if eta else None
        return waiting.look_again(self.generation, waiting.Outlook(position, told))

    @property
    def makes(self) -> str:
        """`film`, `sound`, or the name of the fact by which the result is used."""
        return results.makes(PRODUCTS.get(self.generation.kind))

    @property
    def goes(self) -> Promise | str:
        """Where the result will be."""
        return results.GOES.get(self.makes, results.GOES_ELSE)

    @property
    def asked(self) -> list[fields.Row]:
        """The product's own fields, in words."""
        return fields.rows(PRODUCTS.get(self.generation.kind), self.params)

    @property
    def pictures(self) -> list[str]:
        """Links to the pictures that were sent for it."""
        return results.pictures(self.generation)

    @property
    def given(self) -> tuple[Promise | str, str, Promise | str] | None:
        """What names the result in later orders, its id, and who does; None for what has none."""
        told, fact = self.api["result"], self.makes
        return (
            (results.GIVEN[fact], told[fact], results.USED[fact]) if told and fact in told else None
        )

    @property
    def made(self) -> list[tuple[Promise | str, str]]:
        """The other facts that came."""
        return results.made(self.api["result"] or {})

    @property
    def sort_icon(self) -> str:
        """Of what it makes."""
        return results.ICONS.get(self.makes, results.ICON_ELSE)

    @property
    def kept_until(self) -> datetime | None:
        """Until when what came is kept; None where that is for good, or over."""
        came = self.api["video"] or self.api["audio"]
        return datetime.fromisoformat(came["kept_until"]) if came and came["kept_until"] else None

    @property
    def faces(self) -> list[Mapping[str, Any]]:
        """The faces that were found."""
        return results.faces(self.api["result"])

    @property
    def seconds(self) -> float:
        """Of what came, else of what was ordered; 0 where it has no length."""
        came = self.api["video"] or self.api["audio"]
        ordered = self.params.duration if self.makes == results.FILM else 0
        return float(came["duration"] if came else ordered)

    @property
    def quality(self) -> Promise | str:
        """The mode in words; empty where the product has none."""
        product = PRODUCTS.get(self.generation.kind)
        if product and not (product.modes or product.inherits):
            return ""
        return words.QUALITY.get(self.params.mode, self.params.mode)

    @property
    def camera(self) -> str:
        """The camera move in words; empty without one."""
        move = self.params.camera_control
        if move is None:
            return ""
        if move.axis is None:
            return str(words.CAMERA.get(move.type, move.type))
        return f"{words.AXIS.get(move.axis, move.axis)} {move.value:g}"

    @property
    def fault(self) -> Promise | str:
        """Why it failed, in plain words."""
        return words.fault(self.generation)

    @property
    def reason(self) -> str:
        """What the one who refused it said, if that helps."""
        return words.reason_given(self.generation)

    @property
    def announcement(self) -> str:
        """The state as a screen reader hears it."""
        if self.late:
            return f"{self.word}. {_SLOW}"
        there = self.status == "succeeded" and not self.ended
        ready = results.READY.get(self.makes, "") if there else ""
        return f"{self.word}. {ready or _ENDS.get(self.status, '')}".strip()

    @property
    def steps(self) -> list[tuple[Promise | str, str]]:
        """(word, done | now | next) for each step on the way."""
        at = next((i for i, (_w, states) in enumerate(_STEPS)
                   if _step(self.generation) in states), len(_STEPS))  # fmt: skip
        return [
            (word, "done" if i < at else "now" if i == at else "next")
            for i, (word, _states) in enumerate(_STEPS)
        ]


def card(generation: Generation, video: Video | None) -> Card:
    """The card of one generation."""
    api = generation_json(generation, video)
    gone = api["media_deleted_at"] or api["media_trashed_at"]
    ended = access.ended_of(generation) if gone else None
    return _card(generation, video, ended, api)


def _card(
    generation: Generation, video: Video | None, ended: Retained | None, api: Mapping[str, Any]
) -> Card:
    params = Params.from_json(generation.params)
    spec = PRODUCTS.get(generation.kind) or registry.resolve(generation.model)
    word, icon = _WORDS[_step(generation)]
    return Card(
        generation=generation,
        params=params,
        api=api,
        title=spec.title if spec else generation.model,
        status=standing.public_status(generation),
        word=word,
        icon=icon,
        shape=_shape(params, video),
        video=video,
        ended=ended,
    )


def _step(generation: Generation) -> str:
    """Its status; what was put back waits like new."""
    return Status.ACCEPTED if standing.with_nobody(generation) else generation.status


def _shape(params: Params, video: Video | None) -> str:
    wanted = _RATIOS.get(params.aspect_ratio or "16:9", 16 / 9)
    ratio = video.width / video.height if video else wanted
    nearest = min(_RATIOS, key=lambda name: abs(_RATIOS[name] - ratio))
    return f"r{nearest.replace(':', 'x')}"


def cards_of(page: access.Page) -> list[Card]:
    """The cards of one page of a list."""
    return [
        _card(generation, page.videos.get(generation.pk), page.ended.get(generation.pk), api)
        for generation, api in zip(page.generations, page_json(page), strict=True)
    ]


def recent_cards(actor: Actor, limit: int) -> list[Card]:
    """The newest generations, without those whose film was kept long enough."""
    return cards_of(access.page(actor, access.Wanted(there=True), limit=limit))
