"""Many orders in one call, each with its own outcome; or all of them, or none.

Each order goes the way of a single one. What is the batch's own: a price for all that is held to
`max_cost` before anything moves, and one Idempotency-Key, of which each order's key is made: a
batch whose answer was lost, or that broke off in the middle, is sent again and made once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Sum

from accounts import idempotency, tenancy
from accounts.actors import Actor
from generations import submission
from generations.models import Generation
from generations.submission import Prepared, Receipt, Submission
from kling_saas.lib.refusals import Refusal

Asked = Submission | Refusal  # a refusal: it could not even be read
Outcome = Receipt | Refusal | None  # None: it was in order, and fell with the others
Render = Callable[[Generation], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a batch as a whole asks for; `body` is all that its request says."""

    key: str | None
    body: Mapping[str, Any]
    max_cost: int | None
    all_or_nothing: bool


def price(actor: Actor, orders: Sequence[Asked], terms: Terms) -> list[Prepared | Refusal]:
    """What `place` would hold for each now. Raises CapExceeded."""
    found = [_tried(each, lambda order: submission.rehearse(actor, order)) for each in orders]
    due = sum(each.credits for each in found if isinstance(each, Prepared))
    submission.hold_to_cap(terms.max_cost, due)
    return found


def place(actor: Actor, orders: Sequence[Asked], terms: Terms, render: Render) -> list[Outcome]:
    """What became of each, in their order; `render` is that of `submission.submit`.

    Raises CapExceeded and IdempotencyKeyReused, and then nothing has moved.
    """
    keyed = [_keyed(order, terms.key, place) for place, order in enumerate(orders)]
    ready = [_tried(each, lambda order: _ready(actor, order)) for each in keyed]
    submission.hold_to_cap(terms.max_cost, _due(actor, ready))
    refused = [isinstance(each, Refusal) for each in ready]
    if all(refused) or (terms.all_or_nothing and any(refused)):
        return [each if isinstance(each, Refusal) else None for each in ready]
    if terms.all_or_nothing:
        return _together(actor, keyed, ready, terms, render)
    with tenancy.scope(actor.organisation_id):
        _claim(actor, terms)
    outcomes = _each(actor, keyed, ready, render)
    if terms.key is not None and not any(isinstance(each, Receipt) for each in outcomes):
        with tenancy.scope(actor.organisation_id):
            idempotency.released(actor, terms.key)
    return outcomes


def _together(
    actor: Actor,
    keyed: Sequence[Asked],
    ready: Sequence[Prepared | Receipt | Refusal],
    terms: Terms,
    render: Render,
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    try:
        # A page has a transaction of its own around it, which goes on.
        with tenancy.scope(actor.organisation_id), transaction.atomic():
            _claim(actor, terms)
            outcomes = _each(actor, keyed, ready, render)
            if any(isinstance(each, Refusal) for each in outcomes):
                raise _Undone
    except _Undone:
        return [each if isinstance(each, Refusal) else None for each in outcomes]
    return outcomes


class _Undone(Exception):
    """Ends the transaction in which all were to be accepted."""


def _each(
    actor: Actor,
    keyed: Sequence[Asked],
    ready: Sequence[Prepared | Receipt | Refusal],
    render: Render,
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for order, found in zip(keyed, ready, strict=True):
        if isinstance(order, Submission) and isinstance(found, Prepared):
            try:
                outcomes.append(submission.accept(actor, order, found, render))
            except Refusal as refusal:
                outcomes.append(refusal)
        elif not isinstance(found, Prepared):
            outcomes.append(found)
    return outcomes


def _tried(order: Asked, look: Callable[[Submission], Any]) -> Any:
    """What `look` finds of the order, or the refusal that it raises."""
    if isinstance(order, Refusal):
        return order
    try:
        return look(order)
    except Refusal as refusal:
        return refusal


def _ready(actor: Actor, order: Submission) -> Prepared | Receipt:
    """With what a batch before this one made of it."""
    before = submission.answered(actor, order)
    return before or submission.ready(actor, order)


def _keyed(order: Asked, key: str | None, place: int) -> Asked:
    """With a key that no customer can write, which is as long as all of them."""
    if key is None or isinstance(order, Refusal):
        return order
    mine = f"batch\n{hashlib.sha256(key.encode()).hexdigest()}\n{place}"
    return replace(order, idempotency_key=mine)


def _claim(actor: Actor, terms: Terms) -> None:
    """A key that was used for another batch is refused as a whole."""
    if terms.key is not None:
        idempotency.claimed(actor, terms.key, {"batch": terms.body})


def _due(actor: Actor, found: Sequence[Prepared | Receipt | Refusal]) -> int:
    """Credits of all that is to be accepted, or was under this key."""
    due = sum(each.credits for each in found if isinstance(each, Prepared))
    before = [each.generation for each in found if isinstance(each, Receipt)]
    if not before:
        return due
    with tenancy.scope(actor.organisation_id):
        rows = Generation.objects.filter(public_id__in=before)
        return due + int(rows.aggregate(held=Sum("credits"))["held"] or 0)
