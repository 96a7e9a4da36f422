"""What a customer's address is told when a film moves on, in the words of the door it came by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from accounts.models import OutboxMessage
from generations import access, attempts, presenting
from generations.models import Generation, Status
from generations.wire.kling import server as kling
from generations.wire.task import Task, TaskState

KLING_SHAPED = ("kling", "llmprovider")
_UNDER_WAY = f"generation.{Status.IN_FLIGHT.public}"


def build(message: OutboxMessage) -> dict[str, Any]:
    """The body to post. Needs the scope of the message's organisation.

    Kling's doors get the flat task without an envelope; the others an event around the native
    generation (Standard Webhooks: `type`, `timestamp`, `data`).
    """
    generation = Generation.objects.get(public_id=message.subject, livemode=message.livemode)
    video = access.video_of(generation)
    if generation.door in KLING_SHAPED:
        return kling.encode_callback(_as_told(message, presenting.task(generation, video)))
    return {
        "type": message.topic,
        "timestamp": message.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "data": presenting.generation_json(generation, video, attempts=attempts.count(generation)),
    }


def _as_told(message: OutboxMessage, task: Task) -> Task:
    """The task at the time of the news: late news of its start must not show its end, or be taken
    for younger than the end's.
    """
    if message.topic != _UNDER_WAY:
        return task
    return replace(
        task,
        state=TaskState.RUNNING,
        videos=(),
        audios=(),
        facts={},
        units=None,
        message="",
        updated_ms=int(message.created_at.timestamp() * 1000),
    )
