"""Places a dialect's order through the same rule as every other door."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from accounts.actors import Actor
from accounts.scopes import Scope
from generations import access, submission
from generations.catalogue.params import SHOTS_MAX
from generations.errors import InvalidRequest
from generations.models import Generation
from generations.submission import Submission
from generations.wire.task import BadRequest, Order
from kling_saas.api import headers
from kling_saas.lib import http
from kling_saas.lib.refusals import NotFound

LABEL_MAX, URL_MAX = 255, 2000
_NO_TASK = "There is no such task."
_NAME = re.compile(r"[a-z_]+")
_ABOUT_OTHERS = {"required", "conflict", "unsupported"}  # where what is to be sent is a field
_SPOKEN_OF = re.compile(r"\b(?:send|leave|either|with|and|in) [a-z_]+(?: or [a-z_]+)?")


@dataclass(frozen=True, slots=True)
class Placed:
    """The generation's public id, the answer's body, and headers that say if it is a replay;
    `new`: it was made by this call.
    """

    generation: str
    body: str
    headers: Mapping[str, str]
    new: bool = False


def place(
    request: HttpRequest,
    actor: Actor,
    order: Order,
    *,
    door: str,
    encode: Callable[[Generation], dict[str, Any]],
    spelt: Callable[[str], str],
    facts: Mapping[str, Any] | None = None,
    models: Sequence[str] = (),
    deadline: int | None = None,
    max_shots: int = SHOTS_MAX,
) -> Placed:
    """Accept an order, or find the one that its key or task id named before.

    `encode` makes the dialect's answer, `spelt` tells how the client's body calls a place in the
    order, `facts` are kept for the door's own answers, `models` are told to who names another, if
    not ours; `deadline` is in seconds. Raises BadRequest, and what `submit` raises in its words.
    """
    actor.must_have(Scope.GENERATE)
    if order.external_id and len(order.external_id) > LABEL_MAX:
        raise BadRequest("external_task_id", f"has at most {LABEL_MAX} characters")
    asked = Submission(
        fields=order.fields,
        warnings=order.warnings,
        door=door,
        door_facts=facts or {},
        lenient=True,
        max_shots=max_shots,
        deadline=deadline,
        external_id=order.external_id,
        callback_url=_callback_url(order.callback_url),
        idempotency_key=headers.idempotency_key(request),
    )
    try:
        receipt = submission.submit(actor, asked, lambda made: json.dumps(encode(made)))
    except InvalidRequest as refusal:
        told = [_respelt(_with(models, each), spelt) for each in refusal.violations]
        raise InvalidRequest.all(told) from None
    if receipt.known:
        known = access.find(actor, receipt.generation)
        return Placed(receipt.generation, json.dumps(encode(known)), {})
    replayed = {headers.REPLAYED: "true"} if receipt.replayed else {}
    return Placed(receipt.generation, receipt.body, replayed, new=not receipt.replayed)


def _with(models: Sequence[str], violation: dict[str, Any]) -> dict[str, Any]:
    """The violation of who named a model that is not made, with the dialect's own names of some."""
    if not models or (violation["field"], violation["code"]) != ("model", "not_allowed"):
        return violation
    problem = violation["message"].rpartition(": send ")[0]
    return {**violation, "message": f"{problem}: send one of {', '.join(models)}."}


def _respelt(violation: Mapping[str, Any], spelt: Callable[[str], str]) -> dict[str, Any]:
    """A violation as of the client's fields: where it begins, and where others are spoken of."""
    ours, message = violation["field"], violation["message"]
    theirs = spelt(ours)
    rest = message.removeprefix(ours)
    if violation["code"] in _ABOUT_OTHERS:
        rest = _SPOKEN_OF.sub(lambda found: _NAME.sub(lambda name: spelt(name[0]), found[0]), rest)
    begin = theirs if message.startswith(ours) else ""
    return {**violation, "field": theirs, "message": begin + rest}


def _callback_url(url: str | None) -> str:
    if not url:
        return ""
    try:
        http.check_address(url)
    except http.BlockedAddress as problem:
        raise BadRequest("callback_url", str(problem)) from None
    if len(url) > URL_MAX or " " in url:
        raise BadRequest("callback_url", f"must be an address of at most {URL_MAX} characters")
    return url


def look_up(actor: Actor, label: str, kind: str = "") -> Generation:
    """By our id or the client's own; of this `kind` alone, if one is given.

    Raises NotFound, and Forbidden for a key that may not read.
    """
    actor.must_have(Scope.READ)
    if not label.isprintable():
        raise NotFound(_NO_TASK)
    try:
        found = access.find(actor, label)
    except NotFound:
        external = access.find_external(actor, label)
        if external is None:
            raise
        found = external
    if kind and found.kind != kind:
        raise NotFound(_NO_TASK)
    return found


def warned(answer: dict[str, Any], generation: Generation) -> dict[str, Any]:
    """The answer with what was changed or dropped, when anything was."""
    return {**answer, "warnings": generation.warnings} if generation.warnings else answer
