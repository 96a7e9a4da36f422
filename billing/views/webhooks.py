"""Where the payment service posts its events."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.payments import inbox
from billing.payments.errors import Untrusted


@csrf_exempt
@require_POST
def stripe(request: HttpRequest) -> HttpResponse:
    """200 once the event is kept; 400 for what is none, of which nothing is written."""
    body = request.read(inbox.MOST_BYTES + 1)
    try:
        inbox.receive(body, request.headers.get("Stripe-Signature", ""))
    except Untrusted as refusal:
        return HttpResponse(f"{refusal.detail}\n", status=400, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")
