"""What a callback says: Kling's flat task for Kling's clients, the native generation for others."""

from __future__ import annotations

from typing import Any

from accounts.models import OutboxMessage
from generations import presenting
from generations.models import Generation, Video
from generations.wire.kling import server as kling


def build(message: OutboxMessage) -> dict[str, Any]:
    """The body, made at the time of sending, so that its links are fresh. Needs the scope."""
    generation = Generation.objects.get(public_id=message.subject)
    video = Video.objects.filter(generation=generation).first()
    if generation.door == "kling":
        return kling.encode_callback(presenting.task(generation, video))
    return {
        "type": message.topic,
        "created_at": message.created_at.isoformat(),
        "data": presenting.generation_json(generation, video),
    }
