"""Webhook endpoints over the native API: kept, changed, tried, and what was sent to each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, JsonResponse

from accounts import idempotency, webhook_deliveries, webhook_terms, webhooks
from accounts.actors import Actor
from accounts.api import overlaps
from accounts.api.endpoint import Endpoint
from accounts.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from accounts.scopes import Scope
from kling_saas.api import conditional, headers, pagination
from kling_saas.api.errors import InvalidQuery
from kling_saas.api.fields import Fields
from kling_saas.api.parsing import object_of
from kling_saas.lib.moments import iso


class WebhooksView(Endpoint):
    """/api/v1/webhooks"""

    writes = Scope.ADMIN
    takes = pagination.paged()

    def get(self, request: HttpRequest) -> JsonResponse:
        """A page, newest first."""
        page = pagination.wanted(request)
        found, following = webhooks.page(self.actor, after=page.after, limit=page.limit)
        return JsonResponse(pagination.as_json([shown(row) for row in found], following))

    def post(self, request: HttpRequest) -> JsonResponse:
        """A new endpoint: 201, with the secret that is shown here and after a rotation only."""
        wanted = webhook_terms.read(object_of(request), new=True)
        asked = {"webhook": [wanted.url, wanted.events, wanted.description]}
        made, again = idempotency.once(
            self.actor,
            headers.idempotency_key(request),
            asked,
            lambda: webhooks.create(self.actor, wanted).public_id,
        )
        row = webhooks.find(self.actor, made)
        answer = JsonResponse({**shown(row), "secret": webhooks.secret(row)}, status=201)
        answer["Location"] = f"{request.path}/{made}"
        return headers.replayed(answer, again=again)


class WebhookView(Endpoint):
    """/api/v1/webhooks/{id}"""

    writes = Scope.ADMIN

    def get(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """As it stands."""
        return JsonResponse(shown(webhooks.find(self.actor, public_id)))

    def patch(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """Change what is given; `enabled` true puts a disabled one back to work."""
        wanted = webhook_terms.read(object_of(request), new=False)
        return JsonResponse(shown(webhooks.change(self.actor, public_id, wanted)))

    def delete(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """Nothing is sent there any more. Repeatable."""
        row = webhooks.delete(self.actor, public_id)
        return JsonResponse({"id": row.public_id, "object": "webhook_endpoint", "deleted": True})


class RotateView(Endpoint):
    """/api/v1/webhooks/{id}/rotate-secret"""

    writes = Scope.ADMIN

    def post(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """A new secret; for `overlap` seconds the one before signs as well."""
        return _rotated(self.actor, request, lambda: webhooks.find(self.actor, public_id))


class SigningSecretView(Endpoint):
    """/api/v1/webhooks/signing-secret: of what is posted to addresses of orders."""

    reads = Scope.ADMIN

    def get(self, request: HttpRequest) -> JsonResponse:
        """The secret, made on first need."""
        return JsonResponse(_with_secret(webhooks.own(*_mode(self.actor))))

    def kept(self) -> str:
        """A secret lies in no cache."""
        return conditional.NEVER_KEPT


class RotateSigningSecretView(Endpoint):
    """/api/v1/webhooks/signing-secret/rotate"""

    writes = Scope.ADMIN

    def post(self, request: HttpRequest) -> JsonResponse:
        """As an endpoint's."""
        return _rotated(self.actor, request, lambda: webhooks.own(*_mode(self.actor)))


class TestView(Endpoint):
    """/api/v1/webhooks/{id}/test"""

    writes = Scope.ADMIN

    def post(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """Send a `webhook.test` event now: 202 with its delivery, which tells what comes of it."""
        Fields(object_of(request), ()).done()
        made, again = idempotency.once(
            self.actor,
            headers.idempotency_key(request),
            {"test": public_id},
            lambda: webhook_deliveries.test(self.actor, public_id).public_id,
        )
        row = webhook_deliveries.find(self.actor, public_id, made)
        return headers.replayed(JsonResponse(delivery_json(row), status=202), again=again)


class DeliveriesView(Endpoint):
    """/api/v1/webhooks/{id}/deliveries"""

    reads = Scope.ADMIN
    takes = pagination.paged("status", "event")

    def get(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """A page, newest first; `status` and `event` keep some."""
        page, status = pagination.wanted(request), request.GET.get("status", "")
        if status and status not in webhook_deliveries.STATUSES:
            raise InvalidQuery(
                "status", f"status must be one of {', '.join(webhook_deliveries.STATUSES)}."
            )
        found, following = webhook_deliveries.page(
            self.actor, public_id, after=page.after, limit=page.limit, status=status,
            event=request.GET.get("event", "").replace("\0", ""),
        )  # fmt: skip
        return JsonResponse(pagination.as_json([delivery_json(row) for row in found], following))


class DeliveryView(Endpoint):
    """/api/v1/webhooks/{id}/deliveries/{delivery}"""

    reads = Scope.ADMIN

    def get(self, request: HttpRequest, public_id: str, delivery: str) -> JsonResponse:
        """With every attempt: the request as it was sent, and what was answered."""
        return JsonResponse(_whole(webhook_deliveries.find(self.actor, public_id, delivery)))


class ResendOneView(Endpoint):
    """/api/v1/webhooks/{id}/deliveries/{delivery}/resend"""

    writes = Scope.ADMIN

    def post(self, request: HttpRequest, public_id: str, delivery: str) -> JsonResponse:
        """Owed again, under the same event id: 202. Repeatable."""
        Fields(object_of(request), ()).done()
        row = webhook_deliveries.resend(self.actor, public_id, delivery)
        return JsonResponse(_whole(row), status=202)


class ResendView(Endpoint):
    """/api/v1/webhooks/{id}/resend"""

    writes = Scope.ADMIN

    def post(self, request: HttpRequest, public_id: str) -> JsonResponse:
        """What failed since a moment, also what waits for its next try, or every event since: 202
        with how many. Repeatable.
        """
        fields = Fields(object_of(request), ("since", "what"))
        since, what = fields.moment("since"), fields.one_of("what", ("failed", "all"))
        if not fields.given("since"):
            fields.refuse("since", "required", "is missing: send a moment.")
        fields.done()
        assert since is not None, "it is there, and right"
        done = webhook_deliveries.resend_since(
            self.actor, public_id, since, failed_only=what != "all"
        )
        return JsonResponse(
            {
                "object": "resend",
                "endpoint": public_id,
                "count": done.count,
                "has_more": done.until is not None,
                "next_since": iso(done.until),
            },
            status=202,
        )


def _rotated(
    actor: Actor, request: HttpRequest, find: Callable[[], WebhookEndpoint]
) -> JsonResponse:
    overlap = overlaps.read(object_of(request))
    place = find().public_id
    _, again = idempotency.once(
        actor,
        headers.idempotency_key(request),
        {"rotate": place, "overlap": overlap.total_seconds()},
        lambda: webhooks.rotate(find(), overlap).public_id,
    )
    return headers.replayed(JsonResponse(_with_secret(find())), again=again)


def _mode(actor: Actor) -> tuple[int, bool]:
    return actor.organisation_id, actor.livemode


def shown(row: WebhookEndpoint) -> dict[str, Any]:
    """An endpoint without its secret."""
    return {
        "id": row.public_id,
        "object": "webhook_endpoint",
        "livemode": row.livemode,
        "url": row.url,
        "events": row.events,
        "description": row.description,
        "enabled": row.disabled_at is None,
        "disabled_at": iso(row.disabled_at),
        "disabled_reason": row.disabled_reason or None,
        "failing_since": iso(row.failing_since),
        "previous_secret_until": iso(row.previous_until),
        "created_at": iso(row.created_at),
    }


def _with_secret(row: WebhookEndpoint) -> dict[str, Any]:
    if row.url:
        return {**shown(row), "secret": webhooks.secret(row)}
    return {
        "id": row.public_id,
        "object": "signing_secret",
        "livemode": row.livemode,
        "secret": webhooks.secret(row),
        "previous_secret_until": iso(row.previous_until),
        "created_at": iso(row.created_at),
    }


def delivery_json(row: WebhookDelivery) -> dict[str, Any]:
    """A delivery without its attempts."""
    return {
        "id": row.public_id,
        "object": "webhook_delivery",
        "livemode": row.livemode,
        "endpoint": row.endpoint.public_id,
        "event": row.event.public_id,
        "type": row.event.topic,
        "url": row.url or row.endpoint.url,
        "status": row.status,
        "attempts": row.attempts,
        "next_attempt_at": iso(row.next_attempt_at),
        "delivered_at": iso(row.delivered_at),
        "last_status": row.last_status,
        "last_error": row.last_error or None,
        "created_at": iso(row.created_at),
    }


def _whole(row: WebhookDelivery) -> dict[str, Any]:
    tries = sorted(row.log.all(), key=lambda each: each.pk)
    return {**delivery_json(row), "log": [_attempt_json(each) for each in tries]}


def _attempt_json(each: WebhookAttempt) -> dict[str, Any]:
    return {
        "at": iso(each.at),
        "ms": each.ms,
        "request": {"url": each.url, "headers": each.request_headers, "body": each.request_body},
        "status": each.status,
        "error": each.error or None,
        "response_body": each.answer,
    }
