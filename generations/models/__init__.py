"""Records of generations: what was ordered, what was tried, what was stored."""

from generations.models.attempt import Attempt, AttemptOutcome
from generations.models.event import GenerationEvent
from generations.models.generation import Generation, Status
from generations.models.provider_account import Protocol, ProviderAccount, RefusedModel
from generations.models.upload import Upload
from generations.models.video import Video
from generations.models.worker import Heartbeat

__all__ = [
    "Attempt",
    "AttemptOutcome",
    "Generation",
    "GenerationEvent",
    "Heartbeat",
    "Protocol",
    "ProviderAccount",
    "RefusedModel",
    "Status",
    "Upload",
    "Video",
]
