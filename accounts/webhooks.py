"""Endpoints: the addresses that are told events, and the secrets that prove who tells.

Secrets are Standard Webhooks' `whsec_` and base64 of 32 bytes, sealed to their row. During a
rotation both are used. The limit of endpoints is counted under a lock of the organisation's mode.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import WebhookDelivery, WebhookEndpoint
from kling_saas.lib import http, pages
from kling_saas.lib.postgresql import locks
from kling_saas.lib.refusals import Conflict, NotFound
from kling_saas.lib.sealing import seal, unseal

URL_MAX, DESCRIPTION_MAX = 2000, 200
BY_CUSTOMER, GONE, FAILING = "by_customer", "gone", "failing"  # why one is disabled
_STOPPED = "endpoint_disabled"


class TooManyEndpoints(Conflict):
    """The organisation has as many webhook endpoints in this mode as it may have: delete one."""

    code, title = "too_many_endpoints", "Too many endpoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an endpoint is to be; None leaves it as it is."""

    url: str | None = None
    events: list[str] | None = None
    description: str | None = None
    enabled: bool | None = None


def is_address(url: str) -> bool:
    """Whether events may be posted there, by the address's form alone; https, but on one's own
    machine (ALLOW_PRIVATE_ADDRESSES).
    """
    try:
        http.check_address(url)
    except http.BlockedAddress:
        return False
    secure = urlsplit(url).scheme == "https" or settings.ALLOW_PRIVATE_ADDRESSES
    return secure and url.isprintable() and " " not in url and len(url) <= URL_MAX


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base64."""
    return f"whsec_{base64.b64encode(os.urandom(32)).decode()}"


def create(actor: Actor, wanted: Wanted) -> WebhookEndpoint:
    """A new endpoint; `secret` tells what it is signed with. Raises TooManyEndpoints."""
    with tenancy.scope(actor.organisation_id):
        locks.hold(_those_of(actor.organisation_id, actor.livemode))
        if mine(actor).count() >= settings.WEBHOOK_ENDPOINTS_MAX:
            raise TooManyEndpoints(
                f"An organisation has at most {settings.WEBHOOK_ENDPOINTS_MAX} webhook endpoints "
                "in each mode: delete one that is not needed, or let one take more events."
            )
        return _new(
            actor.organisation_id,
            actor.livemode,
            url=wanted.url or "",
            events=wanted.events or ["*"],
            description=wanted.description or "",
        )


def own(organisation_id: int, livemode: bool) -> WebhookEndpoint:
    """The one that signs what is posted to addresses of orders, made on first need."""
    with tenancy.scope(organisation_id):
        theirs = WebhookEndpoint.objects.filter(
            organisation_id=organisation_id, livemode=livemode, url=""
        )
        found: WebhookEndpoint | None = theirs.first()
        if found is None:
            locks.hold(_those_of(organisation_id, livemode))
            found = theirs.first() or _new(organisation_id, livemode)
    return found


def _new(organisation_id: int, livemode: bool, **facts: object) -> WebhookEndpoint:
    row = WebhookEndpoint(organisation_id=organisation_id, livemode=livemode, **facts)
    row.sealed_secret = seal(new_secret(), bound_to=_place(row))
    row.save()
    return row


def mine(actor: Actor) -> QuerySet[WebhookEndpoint]:
    """Those with an address that are not deleted. Needs an open scope."""
    return _all(actor).exclude(url="")


def find(actor: Actor, public_id: str) -> WebhookEndpoint:
    """One of the actor's. Raises NotFound."""
    with tenancy.scope(actor.organisation_id):
        return _found(mine(actor), public_id)


def either(actor: Actor, public_id: str) -> WebhookEndpoint:
    """One of the actor's, or that of its orders' own addresses. Raises NotFound."""
    with tenancy.scope(actor.organisation_id):
        return _found(_all(actor), public_id)


def _all(actor: Actor) -> QuerySet[WebhookEndpoint]:
    rows: QuerySet[WebhookEndpoint] = WebhookEndpoint.objects.filter(
        organisation_id=actor.organisation_id, livemode=actor.livemode, deleted_at=None
    )
    return rows


def _found(rows: QuerySet[WebhookEndpoint], public_id: str) -> WebhookEndpoint:
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise NotFound(f"There is no webhook endpoint {public_id[:60]!r}.")
    return found


def page(actor: Actor, *, after: str, limit: int) -> tuple[list[WebhookEndpoint], str | None]:
    """Newest first, and the cursor of the next page. Raises NotFound for another's cursor."""
    with tenancy.scope(actor.organisation_id):
        rows = mine(actor)
        if after:
            rows = rows.filter(pk__lt=_found(rows, after).pk)
        return pages.first(rows.order_by("-pk"), limit)


def change(actor: Actor, public_id: str, wanted: Wanted) -> WebhookEndpoint:
    """As it is then. Enabled again it begins anew, and what it missed may be asked for."""
    with tenancy.scope(actor.organisation_id):
        row = _found(mine(actor).select_for_update(), public_id)
        for name in ("url", "events", "description"):
            if (value := getattr(wanted, name)) is not None:
                setattr(row, name, value)
        row.save(update_fields=["url", "events", "description"])
        if wanted.enabled and row.disabled_at is not None:
            row.disabled_at, row.disabled_reason, row.failing_since = None, "", None
            row.failed, row.rest_until = 0, None
            row.save()
        if wanted.enabled is False:
            disable(row, BY_CUSTOMER)
    return row


def disable(row: WebhookEndpoint, reason: str) -> bool:
    """Nothing is sent there any more, what was owed included. False when it was so before."""
    now = timezone.now()
    with tenancy.scope(row.organisation_id):
        awake = WebhookEndpoint.objects.filter(pk=row.pk, disabled_at=None)
        if not awake.update(disabled_at=now, disabled_reason=reason):
            return False
        row.disabled_at, row.disabled_reason = now, reason
        stop(row, _STOPPED)
    return True


def stop(row: WebhookEndpoint, error: str) -> None:
    """What is owed to it is owed no more, for that reason. Needs an open scope."""
    owed = WebhookDelivery.objects.filter(endpoint=row, next_attempt_at__isnull=False)
    owed.update(next_attempt_at=None, last_error=error)


def stopped(delivery: WebhookDelivery) -> None:
    """It was owed in the moment in which its endpoint was disabled. Needs an open scope."""
    WebhookDelivery.objects.filter(pk=delivery.pk).update(next_attempt_at=None, last_error=_STOPPED)


def delete(actor: Actor, public_id: str) -> WebhookEndpoint:
    """Nothing is sent there any more, and its secrets are gone. Repeatable. Raises NotFound."""
    with tenancy.scope(actor.organisation_id):
        rows = WebhookEndpoint.objects.filter(
            organisation_id=actor.organisation_id, livemode=actor.livemode
        ).exclude(url="")
        row = _found(rows.select_for_update(), public_id)
        if row.deleted_at is None:
            row.deleted_at = timezone.now()
            row.sealed_secret = row.sealed_previous = ""
            row.save(update_fields=["deleted_at", "sealed_secret", "sealed_previous"])
            stop(row, _STOPPED)
    return row


def rotate(row: WebhookEndpoint, overlap: timedelta) -> WebhookEndpoint:
    """A new secret; the one before signs too, for `overlap` longer."""
    with tenancy.scope(row.organisation_id):
        now_of: WebhookEndpoint = WebhookEndpoint.objects.select_for_update().get(pk=row.pk)
        previous = seal(secret(now_of), bound_to=f"{_place(now_of)}:previous")
        now_of.sealed_previous = previous if overlap else ""
        now_of.previous_until = timezone.now() + overlap if overlap else None
        now_of.sealed_secret = seal(new_secret(), bound_to=_place(now_of))
        now_of.save(update_fields=["sealed_previous", "previous_until", "sealed_secret"])
    return now_of


def secret(row: WebhookEndpoint) -> str:
    """What it signs with."""
    return unseal(row.sealed_secret, bound_to=_place(row))


def secrets(row: WebhookEndpoint, at: datetime) -> list[str]:
    """What it signs with at that moment: the newest first, and the one before for a while."""
    found = [secret(row)]
    if row.sealed_previous and row.previous_until and row.previous_until > at:
        found.append(unseal(row.sealed_previous, bound_to=f"{_place(row)}:previous"))
    return found


def _place(row: WebhookEndpoint) -> str:
    return f"webhook_endpoint:{row.public_id}"


def _those_of(organisation_id: int, livemode: bool) -> str:
    return f"webhook endpoints of {organisation_id} {livemode}"
