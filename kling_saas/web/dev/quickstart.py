"""The quickstart: three steps that tick themselves, with code that has the reader's test key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import call_figures, credentials, webhook_deliveries
from accounts.actors import Actor
from accounts.requests import ActingRequest
from generations.catalogue.newcomers import FIRST_MODEL, FIRST_PROMPT
from kling_saas.web.dev.frame import developer
from kling_saas.web.docs import reader
from kling_saas.web.docs.examples import Request, curl, javascript, python
from kling_saas.web.docs.markdown import Block


@dataclass(frozen=True, slots=True)
class Steps:
    """Which are done in the mode one is in."""

    key: bool
    call: bool
    webhook: bool

    @property
    def done(self) -> bool:
        """Whether all are."""
        return self.key and self.call and self.webhook


def steps(actor: Actor) -> Steps:
    """As far as they are."""
    return Steps(
        key=credentials.any_working(actor),
        call=call_figures.any_answered(actor),
        webhook=webhook_deliveries.any_taken(actor),
    )


@require_GET
@developer
def page(request: ActingRequest, actor: Actor) -> HttpResponse:
    """All three with their code; htmx asks for the ticks alone."""
    context: dict[str, Any] = {"steps": steps(actor)}
    if request.headers.get("HX-Request"):
        return render(request, "dev/parts/steps.html", context)
    key = reader.key_of(request)
    yours = key != reader.NOBODYS
    film = {"model": FIRST_MODEL, "prompt": FIRST_PROMPT}
    hook = {"url": "https://example.com/webhooks", "events": ["generation.*"]}
    api = f"{settings.SITE_URL}/api/v1"
    context |= {
        "yours": yours,
        "order": _blocks(Request("POST", f"{api}/generations", key, film)),
        "hook": _blocks(Request("POST", f"{api}/webhooks", key, hook)),
    }
    response = render(request, "dev/quickstart.html", context)
    if yours:
        response["Cache-Control"] = "no-store"
    return response


def _blocks(sent: Request) -> list[Block]:
    written = {"bash": curl(sent), "python": python(sent), "javascript": javascript(sent)}
    return [Block(language, "", code) for language, code in written.items()]
