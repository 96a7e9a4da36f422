"""What the pages of a team do alike: an act that may be refused, and proof of who acts."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from allauth.account.internal.flows import reauthentication
from allauth.core.exceptions import ReauthenticationRequired
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect

from accounts import members
from accounts.actors import Actor
from accounts.models import Role
from accounts.requests import ActingRequest
from billing.pages import Answer, View, signed_in
from kling_saas.lib.refusals import Forbidden, NotFound, Refusal

P = ParamSpec("P")


def managing(view: View[P]) -> Callable[..., Answer]:
    """`signed_in`, and for who manages the organisation: others get the page of a 403."""

    @wraps(view)
    def page(request: ActingRequest, actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        try:
            members.must_manage(actor)
        except Forbidden as refusal:
            raise PermissionDenied(refusal.detail) from None
        return view(request, actor, *args, **kwargs)

    return signed_in(page)


def prove_owner(request: ActingRequest, *roles: str) -> None:
    """Before owners are made, lowered or removed, who does it signs in once more.

    Raises what sends them to the password's page; the form that they sent is carried out after it.
    """
    if Role.OWNER in roles and not reauthentication.did_recently_reauthenticate(request):
        raise ReauthenticationRequired


def done(
    request: ActingRequest, act: Callable[[], object], said: str, to: str, refused_to: str = ""
) -> HttpResponse:
    """On to the page `to`, which says what was done, or back to one that says why it was not."""
    try:
        act()
    except NotFound:
        raise
    except Refusal as refusal:
        messages.error(request, refusal.detail)
        return redirect(refused_to or to)
    messages.success(request, said)
    return redirect(to)
