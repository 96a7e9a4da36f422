"""What the members mean of organisations, webhooks and logged calls: kling_saas.api.vocabulary."""

from __future__ import annotations

WORDS = {
    "Member.email": "The address that they sign in with.",
    "Member.name": "What they call themselves; null: nothing.",
    "email": "The address that is invited; only who signs in with it is let in.",
    "role": "`owner` may everything; `admin` too, but deal with owners; `billing` buys and orders "
    "nothing; `developer` orders and makes keys; `creator` orders; `viewer` reads.",
    "Organisation.id": "Its id, `org_…`.",
    "Invitation.id": "Its id, `inv_…`.",
    "Invitation.status": "`open` until it is `accepted`, `revoked`, or `expired` at `expires_at`.",
    "Invitation.expires_at": "Until when its link lets in, UTC.",
    "mailed_at": "When its mail was sent, UTC; null until then.",
    "accepted_at": "When it was accepted, UTC; null unless it was.",
    "enabled": "Whether events are sent there.",
    "disabled_at": "Since when none are, UTC; null while they are.",
    "failing_since": "Since when it has taken nothing, UTC; null while it takes what is sent.",
    "log": "Every attempt, the oldest first.",
    "WebhookAttempt.at": "When it was over, UTC.",
    "WebhookAttempt.ms": "Milliseconds until the answer, or until we stopped waiting.",
    "WebhookAttempt.request": "The post as it was sent.",
    "WebhookAttempt.request.url": "The address that it was sent to.",
    "WebhookAttempt.request.headers": "By name, the signature among them.",
    "WebhookAttempt.request.body": "The JSON as it was sent and signed.",
    "WebhookAttempt.status": "The HTTP status that was answered; null without an answer.",
    "WebhookAttempt.error": "Why there was no answer: `timeout`, `connect_timeout`, "
    "`connect_failed`, `connection_lost`, `blocked_address`, `invalid_address`, or `internal` and "
    "a word, where the fault was ours. Null where there was one.",
    "ResendRequest.since": "Events from this moment on, UTC.",
    "Resend.endpoint": "The endpoint's id, `whe_…`.",
    "Resend.has_more": "Whether there are more events than one call takes.",
    "next_since": "What to give as `since` to go on; null when all were taken.",
    "ApiRequestWhole.request": "What was sent.",
    "ApiRequestWhole.response": "What was answered; nothing yet while the call is held.",
}
