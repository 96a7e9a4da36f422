"""Kling's addresses for voices and elements besides making them: its own ones, and deletion."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.scopes import Scope
from generations import discarding, presets
from generations.catalogue.products.presets import Sort
from generations.compat import doors
from generations.compat.doors import Answer, door
from generations.compat.kling.authentication import actor_of
from generations.compat.kling.errors import refuse
from generations.compat.kling.paging import paging
from generations.wire.kling import own
from generations.wire.task import BadRequest
from kling_saas.api.requests import request_id

_ID_MAX = 2**63


@door(("GET",), refuse)
def listed(request: HttpRequest, sort: Sort) -> Answer:
    """A page of Kling's own, as finished tasks."""
    actor_of(request).must_have(Scope.READ)
    page = paging(request, sort)
    some = presets.current(sort)[page.offset : page.offset + page.size]
    return doors.answer(own.encode_presets(some, request_id.get()))


@door(("POST",), refuse)
def delete(request: HttpRequest, sort: Sort) -> Answer:
    """Delete one's own by `voice_id` or `element_id`; again is no error."""
    actor = actor_of(request)
    actor.must_have(Scope.GENERATE)
    name = f"{sort}_id"
    told = doors.body_json(request).get(name)
    if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < _ID_MAX:
        told = str(told)
    if not isinstance(told, str) or not told:
        raise BadRequest(name, f"is required: the id of a {sort} of yours")
    found = discarding.discard(actor, sort, told)
    return doors.answer(own.encode_deleted(found.generation.public_id, request_id.get()))
