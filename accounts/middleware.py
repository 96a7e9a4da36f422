"""Opens the tenancy scope of a signed-in person around each page, and closes it behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve, reverse

from accounts import audit, organisations, preferences, presence, tenancy
from accounts.actors import Actor, scopes_of
from accounts.models import Role
from accounts.requests import ActingRequest, client_address

View = TypeVar("View", bound=Callable[..., Any])
ORGANISATION, MODE = "organisation", "livemode"  # keys of the session


class TenancyMiddleware:
    """Sets `request.actor`. Pages run in one transaction, undone when they end in an error.

    API doors authenticate by credential and open their own scopes; the console sees all tenants.
    Views marked `outside_transactions` open their own, too; those `for_everybody` have no actor.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with audit.sent_from(client_address(request)):
            return self._answered(request)

    def _answered(self, request: HttpRequest) -> HttpResponse:
        acting = cast("ActingRequest", request)
        acting.actor, acting.belongs_to_several = None, False
        if request.path.startswith(reverse("admin:index")):
            with tenancy.system("operators see every tenant"):
                return self._undone_if_broken(request)
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or _brings_a_key(request):
            return self.get_response(request)
        if not request.user.is_authenticated or _is(request, "for_everybody"):
            return self.get_response(request)
        with preferences.applied(request.user):
            return self._of_member(acting)

    def _of_member(self, request: ActingRequest) -> HttpResponse:
        request.actor = _actor(request)
        if request.actor is None or _opens_its_own(request):
            return self.get_response(request)
        with tenancy.scope(request.actor.organisation_id):
            presence.note(request, request.actor)
            return self._undone_if_broken(request)

    def _undone_if_broken(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code >= 500:
            transaction.set_rollback(True)
        return response


def outside_transactions(view: View) -> View:
    """For a POST that waits for others' servers: no transaction is open unless it opens one."""
    view.outside_transactions = True  # type: ignore[attr-defined]
    return view


def for_everybody(view: View) -> View:
    """For pages that are the same whoever looks: who is signed in is not looked up."""
    view.for_everybody = True  # type: ignore[attr-defined]
    return view


def _opens_its_own(request: HttpRequest) -> bool:
    return request.method == "POST" and _is(request, "outside_transactions")


def _is(request: HttpRequest, marked: str) -> bool:
    try:
        return hasattr(resolve(request.path_info).func, marked)
    except Resolver404:
        return False


def _brings_a_key(request: HttpRequest) -> bool:
    """A browser may send its cookie beside the key of another organisation: the key decides."""
    bearer = request.headers.get("Authorization", "").lower().startswith("bearer ")
    return bearer or "x-api-key" in request.headers


def _actor(request: ActingRequest) -> Actor | None:
    """The person in the organisation their session chose, or in their oldest one."""
    user_id = cast("int", request.user.pk)
    roles = dict(organisations.memberships_of(user_id))
    if not roles:
        return None
    request.belongs_to_several = len(roles) > 1
    chosen = request.session.get(ORGANISATION)
    organisation_id = chosen if chosen in roles else next(iter(roles))
    role = Role(roles[organisation_id])
    return Actor(
        organisation_id=organisation_id,
        role=role,
        scopes=scopes_of(role),
        livemode=bool(request.session.get(MODE, True)),
        user_id=user_id,
    )
