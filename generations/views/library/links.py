"""Links by which a film is shown to whoever has them: made, copied, revoked."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing.pages import signed_in
from generations.forms import share as reading
from generations.gallery import finding, sharing
from generations.views.library import film as its_page
from generations.views.library.changes import carried_out


@require_POST
@signed_in
def make(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """A new link on the terms that were chosen."""
    terms = reading.read(request.POST)
    if terms.wrong:
        found = finding.one(actor, public_id)
        return its_page.show(request, actor, found, terms=terms, status=422)
    carried_out(
        request,
        lambda: sharing.make(
            actor,
            public_id,
            visibility=terms.visibility,
            expires_in=terms.expires_in,
            password=terms.password,
            max_views=terms.max_views,
        ),
        _("The link is ready. Whoever has it can see the film."),
    )
    return redirect(f"{reverse('film', args=[public_id])}#share")


@require_POST
@signed_in
def revoke(request: ActingRequest, actor: Actor, public_id: str) -> HttpResponse:
    """Shut a link, at once."""
    name = request.POST.get("share", "")
    done = _("The link is shut. Nobody sees the film by it any more.")
    carried_out(request, lambda: sharing.revoke(actor, name), done)
    return redirect(f"{reverse('film', args=[public_id])}#share")
