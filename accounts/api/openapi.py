"""Addresses of the organisation's webhook endpoints, as OpenAPI describes them."""

from __future__ import annotations

from typing import Any

from accounts.api.overlaps import OVERLAP_MOST, OVERLAP_SECONDS
from accounts.event_types import EVENTS, PATTERNS
from accounts.webhook_deliveries import STATUSES
from accounts.webhook_terms import EVENTS_MOST
from accounts.webhooks import DESCRIPTION_MAX, URL_MAX
from kling_saas.api.openapi import (
    ADDRESS,
    ANY_OBJECT,
    BASE,
    FLAG,
    IDEMPOTENCY,
    MOMENT,
    PAGE,
    TEXT,
    WHOLE,
    Schema,
    answer,
    body_of,
    in_path,
    json_body,
    list_of,
    maybe,
    object_of,
    operation,
    page_of,
    query,
)

_ADMIN = "admin"
_WEBHOOKS = f"{BASE}/webhooks"
_ONE = f"{_WEBHOOKS}/{{id}}"
_DELIVERY = f"{_ONE}/deliveries/{{delivery}}"
_ID = in_path("id", "The endpoint's id, `whe_…`.")
_TWO = [_ID, in_path("delivery", "Its id, `whd_…`.")]
_URL: Schema = {**ADDRESS, "maxLength": URL_MAX, "description": "A public https:// address."}
_EVENTS: Schema = {
    "type": "array",
    "minItems": 1,
    "maxItems": EVENTS_MOST,
    "items": {"enum": sorted(PATTERNS)},
    "default": ["*"],
    "description": "Events by their word, all of a kind (`generation.*`), or all (`*`).",
}
_ABOUT: Schema = {
    **TEXT,
    "maxLength": DESCRIPTION_MAX,
    "description": "A note of yours on what it is for; may be empty.",
}
_SECRET: Schema = {
    **TEXT,
    "description": "What signatures are made with (Standard Webhooks): `whsec_` and base64.",
}
_UNTIL: Schema = {**maybe(MOMENT), "description": "So long the secret before signs as well."}
_SHOWN = {
    "id": {**TEXT, "description": "Its id, `whe_…`."},
    "object": {"const": "webhook_endpoint"},
    "livemode": FLAG,
    "url": _URL,
    "events": _EVENTS,
    "description": _ABOUT,
    "enabled": FLAG,
    "disabled_at": maybe(MOMENT),
    "disabled_reason": {
        **maybe({"enum": ["by_customer", "gone", "failing"]}),
        "description": "`gone`: it answered 410; `failing`: it took nothing for days.",
    },
    "failing_since": maybe(MOMENT),
    "previous_secret_until": _UNTIL,
    "created_at": MOMENT,
}
_SENT = {
    "id": {**TEXT, "description": "Its id, `whd_…`."},
    "object": {"const": "webhook_delivery"},
    "livemode": FLAG,
    "endpoint": {**TEXT, "description": "The endpoint that it is owed to, `whe_…`."},
    "event": {**TEXT, "description": "The event's id, which is also its `webhook-id`."},
    "type": {"enum": list(EVENTS), "description": "What happened, as the event says."},
    "url": {**ADDRESS, "description": "Where it goes: the endpoint's address, or an order's own."},
    "status": {
        "enum": list(STATUSES),
        "description": "`pending` while another attempt is due, `succeeded` once one was answered "
        "with a 2xx, `failed` when it was given up.",
    },
    "attempts": {**WHOLE, "description": "Since it was owed, or owed again."},
    "next_attempt_at": {**maybe(MOMENT), "description": "UTC; null when no other is due."},
    "delivered_at": {**maybe(MOMENT), "description": "When it was taken, UTC; null unless it was."},
    "last_status": {
        **maybe(WHOLE),
        "description": "What the last attempt was answered with; null without an answer.",
    },
    "last_error": {
        **maybe(TEXT),
        "description": "Why it had no answer, as `error` of an attempt, or why no other is made: "
        "`endpoint_disabled`, `given_up`. Null: neither.",
    },
    "created_at": MOMENT,
}
SCHEMAS: dict[str, Schema] = {
    "WebhookEndpoint": object_of(" ".join(_SHOWN), **_SHOWN),
    "WebhookEndpointWithSecret": object_of(f"{' '.join(_SHOWN)} secret", **_SHOWN, secret=_SECRET),
    "WebhookEndpointPage": page_of("WebhookEndpoint"),
    "WebhookEndpointDeleted": object_of(
        "id object deleted",
        id=_SHOWN["id"],
        object=_SHOWN["object"],
        deleted={"const": True},
    ),
    "NewWebhookEndpoint": body_of("url", url=_URL, events=_EVENTS, description=_ABOUT),
    "WebhookEndpointChange": body_of(
        "",
        url=_URL,
        events=_EVENTS,
        description=_ABOUT,
        enabled={**FLAG, "description": "True puts a disabled one back to work."},
    ),
    "SigningSecret": object_of(
        "id object livemode secret previous_secret_until created_at",
        id={**TEXT, "description": "Under which the deliveries to orders' addresses are listed."},
        object={"const": "signing_secret"},
        livemode=FLAG,
        secret=_SECRET,
        previous_secret_until=_UNTIL,
        created_at=MOMENT,
    ),
    "Rotation": body_of(
        "",
        overlap={
            **WHOLE,
            "minimum": 0,
            "maximum": OVERLAP_MOST,
            "default": OVERLAP_SECONDS,
            "description": "Seconds for which the secret before signs as well.",
        },
    ),
    "Nothing": body_of(""),
    "WebhookDelivery": object_of(" ".join(_SENT), **_SENT),
    "WebhookDeliveryWithLog": object_of(
        f"{' '.join(_SENT)} log", **_SENT, log=list_of("WebhookAttempt")
    ),
    "WebhookDeliveryPage": page_of("WebhookDelivery"),
    "WebhookAttempt": object_of(
        "at ms request status error response_body",
        at=MOMENT,
        ms=WHOLE,
        request=object_of("url headers body", url=ADDRESS, headers=ANY_OBJECT, body=TEXT),
        status=maybe(WHOLE),
        error=maybe(TEXT),
        response_body={**TEXT, "description": "Its first 2,048 bytes."},
    ),
    "ResendRequest": body_of(
        "since",
        since=MOMENT,
        what={
            "enum": ["failed", "all"],
            "default": "failed",
            "description": "What failed, or every event that the endpoint asks for.",
        },
    ),
    "Resend": object_of(
        "object endpoint count has_more next_since",
        object={"const": "resend"},
        endpoint=TEXT,
        count={**WHOLE, "description": "So many are owed again."},
        has_more=FLAG,
        next_since=maybe(MOMENT),
    ),
}


def _may(name: str) -> Schema:
    """A body that may be left out."""
    return {**json_body(name), "required": False}


def _endpoints() -> Schema:
    made = {"201": answer("The endpoint with its secret", "WebhookEndpointWithSecret")}
    found = {"200": answer("The endpoint", "WebhookEndpoint")}
    gone = {"200": answer("Deleted", "WebhookEndpointDeleted")}
    page = {"200": answer("A page", "WebhookEndpointPage")}
    return {
        _WEBHOOKS: {
            "post": operation(
                "Add a webhook endpoint", made, scope=_ADMIN, refuses=(409,),
                body=json_body("NewWebhookEndpoint"), parameters=[IDEMPOTENCY],
                description="Its secret is shown here, and after a rotation, and nowhere else.",
            ),
            "get": operation(
                "Webhook endpoints, newest first", page, refuses=(404,), parameters=PAGE
            ),
        },
        _ONE: {
            "parameters": [_ID],
            "get": operation("A webhook endpoint", found, refuses=(404,)),
            "patch": operation(
                "Change a webhook endpoint, or enable it again", found, scope=_ADMIN,
                refuses=(404,), body=json_body("WebhookEndpointChange"),
            ),
            "delete": operation(
                "Delete a webhook endpoint", gone, scope=_ADMIN, refuses=(404,),
                description="Repeatable.",
            ),
        },
    }  # fmt: skip


def _secrets() -> Schema:
    rotated = {"200": answer("With the new secret", "WebhookEndpointWithSecret")}
    own = {"200": answer("The secret", "SigningSecret")}
    ways: Any = {"scope": _ADMIN, "body": _may("Rotation"), "parameters": [IDEMPOTENCY]}
    return {
        f"{_ONE}/rotate-secret": {
            "parameters": [_ID],
            "post": operation("Replace its secret", rotated, refuses=(404,), **ways),
        },
        f"{_WEBHOOKS}/signing-secret": {
            "get": operation(
                "The secret of what is posted to addresses of orders", own, scope=_ADMIN,
                description="One of each organisation and mode, made on first need.",
            )
        },
        f"{_WEBHOOKS}/signing-secret/rotate": {"post": operation("Replace it", own, **ways)},
    }  # fmt: skip


def _sending() -> Schema:
    owed = {"202": answer("Owed", "WebhookDelivery")}
    again = {"202": answer("How many are owed again", "Resend")}
    once = {"202": answer("Owed again", "WebhookDeliveryWithLog")}
    page = {"200": answer("A page", "WebhookDeliveryPage")}
    found = {"200": answer("With every attempt", "WebhookDeliveryWithLog")}
    ways: Any = {"scope": _ADMIN, "refuses": (404, 409)}
    return {
        f"{_ONE}/test": {
            "parameters": [_ID],
            "post": operation(
                "Send a webhook.test event now", owed, body=_may("Nothing"),
                parameters=[IDEMPOTENCY], **ways,
            ),
        },
        f"{_ONE}/resend": {
            "parameters": [_ID],
            "post": operation(
                "Send again what failed, or every event, since a moment", again,
                body=json_body("ResendRequest"), **ways,
                description="What waits for its next try has failed too, and is sent at once. "
                "Repeatable: what is owed anew already is not owed twice.",
            ),
        },
        f"{_ONE}/deliveries": {
            "parameters": [_ID],
            "get": operation(
                "What was sent, newest first", page, refuses=(404,),
                parameters=[
                    *PAGE, query("status", "One of these.", {"enum": list(STATUSES)}),
                    query("event", "The id of an event."),
                ],
            ),
        },
        _DELIVERY: {
            "parameters": _TWO, "get": operation("A delivery", found, refuses=(404,)),
        },
        f"{_DELIVERY}/resend": {
            "parameters": _TWO,
            "post": operation(
                "Send it again", once, body=_may("Nothing"), **ways,
                description="Under the same event id. Repeatable.",
            ),
        },
    }  # fmt: skip


PATHS: Schema = {**_endpoints(), **_secrets(), **_sending()}
