"""Records of generations: what was ordered, what was tried, what was stored."""

from generations.models.alarm import Alarm, AlarmKind
from generations.models.attempt import Attempt, AttemptOutcome, SuspenseAttempt
from generations.models.audio import Audio
from generations.models.correction import ProductCorrection
from generations.models.event import GenerationEvent
from generations.models.generation import Generation, Status
from generations.models.incoming import Incoming
from generations.models.library import Collection, Placement, VideoTerm
from generations.models.preset import PresetCorrection
from generations.models.provider_account import (
    Breaker,
    BreakerState,
    Protocol,
    ProviderAccount,
    RefusedModel,
)
from generations.models.recipe import Recipe
from generations.models.reconciliation import MeterReading, Reconciliation
from generations.models.share import Share
from generations.models.turn import Turn
from generations.models.upload import Upload
from generations.models.video import Video
from generations.models.worker import Heartbeat

__all__ = [
    "Alarm",
    "AlarmKind",
    "Attempt",
    "AttemptOutcome",
    "Audio",
    "Breaker",
    "BreakerState",
    "Collection",
    "Generation",
    "GenerationEvent",
    "Heartbeat",
    "Incoming",
    "MeterReading",
    "Placement",
    "PresetCorrection",
    "ProductCorrection",
    "Protocol",
    "ProviderAccount",
    "Recipe",
    "Reconciliation",
    "RefusedModel",
    "Share",
    "Status",
    "SuspenseAttempt",
    "Turn",
    "Upload",
    "Video",
    "VideoTerm",
]
