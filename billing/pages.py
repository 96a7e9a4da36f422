"""What every signed-in page rests on: somebody is signed in, and their wallet is there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.cache import patch_cache_control

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import Organisation
from accounts.requests import ActingRequest
from billing import wallets
from kling_saas.lib.refusals import NotFound

P = ParamSpec("P")
Answer = HttpResponse | StreamingHttpResponse
View = Callable[Concatenate[ActingRequest, Actor, P], Answer]


def unkept(response: HttpResponse) -> HttpResponse:
    """A page with codes, which are money: no browser keeps a copy of it."""
    response["Cache-Control"] = "no-store"
    return response


def signed_in(view: View[P]) -> Callable[..., Answer]:
    """The view gets the request and the actor; strangers go to the sign-in page and come back.

    Opens the wallet with its starting credits where that has not happened yet. What is not the
    actor's is a 404.
    """

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> Answer:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        acting = cast("ActingRequest", request)
        if acting.actor is None:
            raise PermissionDenied("This account belongs to no organisation.")
        with tenancy.scope(acting.actor.organisation_id):
            wallets.ensure(Organisation.objects.get(pk=acting.actor.organisation_id))
        try:
            response = view(acting, acting.actor, *args, **kwargs)
        except NotFound as refusal:
            raise Http404(refusal.detail) from None
        patch_cache_control(response, private=True, no_cache=True)
        return response

    return page
