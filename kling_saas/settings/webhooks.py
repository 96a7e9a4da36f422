"""What customers are told, and for how long that can be looked up."""

from __future__ import annotations

from kling_saas import env

EVENTS_DAYS = env.integer("EVENTS_DAYS", 30, "Days that events can be read.", least=1)
WEBHOOK_LOG_DAYS = env.integer(
    "WEBHOOK_LOG_DAYS", 30, "Days that deliveries and their attempts can be read.", least=4
)
WEBHOOK_ENDPOINTS_MAX = env.integer(
    "WEBHOOK_ENDPOINTS_MAX", 20, "Webhook endpoints of one organisation and mode.", least=1
)
