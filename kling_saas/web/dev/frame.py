"""What every page for developers rests on: somebody who may look after keys is signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpResponse
from django.shortcuts import render

from accounts import members
from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing.pages import Answer, signed_in

P = ParamSpec("P")
View = Callable[Concatenate[ActingRequest, Actor, P], HttpResponse]


def developer(view: View[P]) -> Callable[..., Answer]:
    """The view gets the request and the actor; members whose role holds no keys are told whom to
    ask, and nothing is done for them.
    """

    @wraps(view)
    def page(
        request: ActingRequest, actor: Actor, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        if actor.may_hold_keys:
            return view(request, actor, *args, **kwargs)
        people = members.addresses_of_managers(actor.organisation_id)
        return render(request, "dev/closed.html", {"people": people}, status=403)

    return signed_in(page)
