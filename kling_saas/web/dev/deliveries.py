"""What was sent to a webhook endpoint: listed, one with every try, and sent again."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts import webhook_deliveries
from accounts.actors import Actor
from accounts.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from accounts.requests import ActingRequest
from accounts.webhook_deliveries import STATUSES
from kling_saas.lib.refusals import Conflict
from kling_saas.web.dev.frame import developer
from kling_saas.web.docs.markdown import Block

_PAGE = 25
HOURS = (1, 24, 7 * 24)  # of the periods that a page offers
_STATES = {
    "pending": ("queued", "clock"),
    "succeeded": ("succeeded", "circle-check"),
    "failed": ("failed", "circle-x"),
}


def listed(request: ActingRequest, actor: Actor, row: WebhookEndpoint) -> dict[str, Any]:
    """A page of its deliveries, newest first; `state` in the address keeps some."""
    state = request.GET.get("state", "")
    state = state if state in STATUSES else ""
    after = request.GET.get("after", "")
    found, following = webhook_deliveries.page(
        actor, row.public_id, after=after, limit=_PAGE, status=state
    )
    kept = QueryDict(mutable=True)
    kept.update({"state": state} if state else {})
    return {
        "deliveries": [_told(each) for each in found],
        "after": following,
        "state": state,
        "kept": kept.urlencode(),
        "follows": not after and any(each.status == "pending" for each in found),
        "states": [("", _("All")), ("pending", _("Waiting")), ("failed", _("Failed")),
                   ("succeeded", _("Taken"))],
        "hours": HOURS,
    }  # fmt: skip


def _told(row: WebhookDelivery) -> dict[str, Any]:
    style, icon = _STATES[row.status]
    if row.status == "pending":
        words = _("waits for its next try") if row.attempts else _("being sent")
    else:
        words = _("taken") if row.status == "succeeded" else _("given up")
    return {"row": row, "style": style, "icon": icon, "words": words}


@require_GET
@developer
def one(request: ActingRequest, actor: Actor, public_id: str, delivery: str) -> HttpResponse:
    """A delivery with every try: what was sent, and what was answered."""
    row = webhook_deliveries.find(actor, public_id, delivery)
    tries = sorted(row.log.all(), key=lambda each: each.pk, reverse=True)
    context = {"told": _told(row), "row": row, "tries": [_tried(each) for each in tries]}
    part = "dev/parts/delivery.html" if request.headers.get("HX-Request") else "dev/delivery.html"
    return render(request, part, context)


def _tried(each: WebhookAttempt) -> dict[str, Any]:
    taken = each.status is not None and 200 <= each.status < 300
    return {
        "row": each,
        "number": str(each.pk),
        "style": "succeeded" if taken else "failed",
        "icon": "circle-check" if taken else "circle-x",
        "sent": _block(each.request_body),
        "answer": _block(each.answer),
    }


def _block(text: str) -> Block | None:
    try:
        return Block("json", "copy", json.dumps(json.loads(text), indent=2, ensure_ascii=False))
    except ValueError:
        return Block("text", "copy", text) if text else None


@require_POST
@developer
def resend(request: ActingRequest, actor: Actor, public_id: str, delivery: str) -> HttpResponse:
    """Send it again now, whatever came of it."""
    try:
        webhook_deliveries.resend(actor, public_id, delivery)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, _("It is sent again now, under the same event id."))
    return redirect("dev-delivery", public_id=public_id, delivery=delivery)


@require_POST
@developer
def resend_failed(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Send all again that failed in a period, also what waits for its next try."""
    hours = request.POST.get("hours", "")
    period = next((each for each in HOURS if str(each) == hours), HOURS[0])
    since = timezone.now() - timedelta(hours=period)
    try:
        again = webhook_deliveries.resend_since(actor, public_id, since, failed_only=True)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    else:
        told = ngettext("%(n)s event is sent again.", "%(n)s events are sent again.", again.count)
        more = _("There are more: ask once more for the rest.") if again.until else ""
        messages.success(request, " ".join([told % {"n": f"{again.count:,}"}, more]).strip())
    return redirect("dev-webhook", public_id=public_id)
