"""A generation as a video job of OpenAI's.

Its id is the generation's own: `video_` is only how OpenAI's began, clients keep whatever they get,
and one order has one id at every door, in the ledger and on the website.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from generations import access, presenting, waiting
from generations.compat.ordering import warned
from generations.models import Generation, Status, Video
from generations.models.retained import Retained
from generations.wire.openai import server as wire
from generations.wire.openai.server import Told
from generations.wire.task import Task

_ALMOST = 99


def fresh(generation: Generation) -> dict[str, Any]:
    """One that is about to be accepted."""
    return _shown(generation, presenting.task(generation), None, None, waiting.Outlook())


def one(generation: Generation) -> dict[str, Any]:
    """One that stands."""
    video = access.video_of(generation)
    ended = None if video or not generation.finished_at else access.ended_of(generation)
    task = presenting.task(generation, video)
    return _shown(generation, task, video, ended, waiting.outlook(generation))


def several(page: access.Page) -> list[dict[str, Any]]:
    """Those of a page, in as many statements as one takes."""
    outlooks = waiting.outlooks(page.generations)
    return [
        _shown(each, task, page.videos.get(each.pk), page.ended.get(each.pk), outlooks[each.pk])
        for each, task in zip(page.generations, presenting.tasks(page), strict=True)
    ]


def _shown(
    generation: Generation,
    task: Task,
    video: Video | None,
    ended: Retained | None,
    outlook: waiting.Outlook,
) -> dict[str, Any]:
    facts, order = generation.door_facts, generation.order()
    kept = video or ended
    until = kept.kept_until if kept else None
    size = wire.told_size(facts.get("size"), order.mode, order.aspect_ratio, order.model)
    told = Told(
        model=facts.get("model", generation.model),
        seconds=order.duration,
        size=f"{video.width}x{video.height}" if video else size,
        progress=_progress(generation, outlook),
        expires=int(until.timestamp()) if until else None,
        remixed_from=facts.get("remixed_from"),
        error=generation.error_code,
    )
    return warned(wire.encode_video(task, told), generation)


def _progress(generation: Generation, outlook: waiting.Outlook) -> int:
    """OpenAI's clients need a figure and no upstream reports one: of the time that equal films
    usually take, what has passed. 0 until it is handed over, 100 for a film that is there alone.
    """
    if generation.status == Status.SUCCEEDED:
        return 100
    if outlook.position is not None or generation.status in (Status.FAILED, Status.CANCELLED):
        return 0
    if generation.status == Status.ACCEPTED:
        return 0
    if outlook.eta is None:  # over its time
        return _ALMOST
    passed = (timezone.now() - generation.created_at).total_seconds()
    return min(_ALMOST, int(100 * passed / max(outlook.eta.p50, 0.1)))
