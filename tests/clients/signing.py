"""Posts as the standard's own package signs them."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from standardwebhooks import Webhook

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
BODY = (
    '{"id": "evt_1", "object": "event", "livemode": false, "type": "generation.succeeded", '
    '"timestamp": "2026-11-01T12:00:00.000000Z", "data": {"id": "gen_1", "prompt": "Füchse"}}'
)


def signed(secret: str, *, ago: float = 0, body: str = BODY) -> dict[str, str]:
    """The headers of a post, by the standard's own package."""
    at = timezone.now() - timedelta(seconds=ago)
    return {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(secret).sign("evt_1", at, body),
    }
