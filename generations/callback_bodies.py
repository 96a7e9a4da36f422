"""Events as customers read them: over the API, at their endpoints, at the addresses of orders.

An event says what happened and when; its data is the thing as it is now, with fresh links.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from accounts.models import OutboxMessage, WebhookDelivery
from generations import access, attempts, presenting
from generations.models import Generation, Status
from generations.wire.kling import server as kling
from generations.wire.task import Task, TaskState
from kling_saas.lib.moments import iso

KLING_SHAPED = ("kling", "llmprovider")
_UNDER_WAY = f"generation.{Status.IN_FLIGHT.public}"
_GENERATIONS = "gen_"


def build(delivery: WebhookDelivery) -> dict[str, Any]:
    """The body to post. Needs the scope of its organisation.

    Orders of Kling's doors get the flat task without an envelope at their own address; everybody
    else the event (Standard Webhooks: `type`, `timestamp`, `data`).
    """
    event = delivery.event
    if delivery.url:
        generation = _generations([event])[event.subject]
        if generation.door in KLING_SHAPED:
            video = access.video_of(generation)
            return kling.encode_callback(_as_told(event, presenting.task(generation, video)))
    (told,) = as_json([event])
    return told


def as_json(events: Iterable[OutboxMessage]) -> list[dict[str, Any]]:
    """Events of one organisation and mode, in that order. Needs its scope."""
    listed = list(events)
    made = _generations(listed)
    page = access.kept_of(list(made.values()))
    data = {each["id"]: each for each in presenting.page_json(page, attempts.counts(made.values()))}
    return [
        {
            "id": event.public_id,
            "object": "event",
            "livemode": event.livemode,
            "type": event.topic,
            "timestamp": iso(event.created_at),
            "data": data.get(event.subject) or _facts(event),
        }
        for event in listed
    ]


def _generations(events: list[OutboxMessage]) -> dict[str, Generation]:
    names = {each.subject for each in events if each.subject.startswith(_GENERATIONS)}
    if not names:
        return {}
    mode = events[0].livemode
    found = Generation.objects.filter(public_id__in=names, livemode=mode)
    return {each.public_id: each for each in found}


def _facts(event: OutboxMessage) -> dict[str, Any]:
    """What was written with it; `to` is a member whom alone a letter concerns."""
    facts = {name: value for name, value in event.payload.items() if name != "to"}
    return {"id": event.subject, **facts}


def _as_told(event: OutboxMessage, task: Task) -> Task:
    """The task at the time of the event: late news of its start must not show its end, or be taken
    for younger than the end's.
    """
    if event.topic != _UNDER_WAY:
        return task
    return replace(
        task,
        state=TaskState.RUNNING,
        videos=(),
        audios=(),
        facts={},
        units=None,
        message="",
        updated_ms=int(event.created_at.timestamp() * 1000),
    )
