"""Every door's way in: check, price, reserve and record an order, in one transaction.

The website, the native API and each dialect call `submit`; there is no other place where a
generation begins. A refusal leaves no order and no hold behind; images sent along are kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts import idempotency, tenancy
from accounts.actors import Actor
from accounts.models import IdempotencyRecord
from billing import prices, quotes, unlocking
from billing.models import Quote
from billing.prices import Priced
from generations import accepting, products, routing, sources
from generations.catalogue import billable, validation
from generations.catalogue.params import SHOTS_MAX, Params
from generations.catalogue.validation import Checked
from generations.catalogue.violations import InvalidRequest as CatalogueRefusal
from generations.errors import (
    CapExceeded,
    ExternalIdReused,
    InvalidRequest,
    QuoteUsed,
)
from generations.models import Generation, Status
from generations.models.generation import new_generation_id
from kling_saas.lib.ids import random_base62
from kling_saas.lib.refusals import Forbidden, IdempotencyKeyReused, InvalidBody, Refusal

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """An order as a door hands it in. `fields` are native words; the rest is about the order.

    `max_cost` is credits, `deadline` seconds; what it makes and begins with is kept for
    `retention_days` at most. `lenient` is how dialects are read, `warnings` what
    they could not carry.
    """

    fields: Mapping[str, Any]
    door: str
    warnings: tuple[str, ...] = ()
    lenient: bool = False
    max_shots: int = SHOTS_MAX
    door_facts: Mapping[str, Any] = field(default_factory=dict)
    external_id: str | None = None
    callback_url: str = ""
    quote_id: str | None = None
    max_cost: int | None = None
    deadline: int | None = None
    reference: str = ""
    end_user: str = ""
    retention_days: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A valid order with what it will be charged, before any money moves.

    `film` is `params` as they are stored, `priced` today's price, whatever `quote` says.
    """

    params: Params
    warnings: tuple[str, ...]
    priced: Priced
    credits: int
    quote: Quote | None
    film: dict[str, Any]
    lane: list[int]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Of what `credits` are the sum."""
        quoted: list[dict[str, Any]] | None = self.quote.line_items if self.quote else None
        return quoted or [line.as_json() for line in self.priced.lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """`body` is the answer to give; `replayed` when it is the answer of an earlier equal call.

    `known` is set instead of a new generation when the client's own task id was used before.
    """

    generation: str
    body: str
    replayed: bool = False
    known: bool = False


def prepare(actor: Actor, order: Submission) -> Prepared:
    """Check and price an order. Raises InvalidRequest with all violations, NoProvider
    or PlanRequired.
    """
    return _priced(actor, order, _checked(actor, order))


def _checked(actor: Actor, order: Submission) -> Checked:
    """The film as it would be made, images taken in. Raises InvalidRequest."""
    try:
        checked = validation.check(
            order.fields,
            lenient=order.lenient,
            max_shots=order.max_shots,
            max_seconds=routing.longest_film(livemode=actor.livemode),
            sandbox=routing.only_sandbox(livemode=actor.livemode),
            products=products.current(),
        )
    except CatalogueRefusal as refusal:
        told = InvalidRequest.of(refusal).violations
        raise InvalidRequest.all(told + sources.also_wrong(actor, order.fields, refusal)) from None
    return replace(checked, params=sources.take_in(actor, checked.params))


def _priced(actor: Actor, order: Submission, checked: Checked) -> Prepared:
    """With its price: the quote's, if one is given. Raises NoProvider, PlanRequired, Forbidden
    for what the key may not make, and the quote's.
    """
    actor.must_make(checked.params.model, checked.params.kind)
    lane = routing.lane(checked.params, livemode=actor.livemode)
    film = checked.params.to_json()
    item = billable.item(checked.params)
    if actor.livemode:
        unlocking.require(actor.organisation_id, item.sku)
    priced = prices.price([item], actor.organisation_id)
    credits_due, quote = priced.credits, None
    if order.quote_id is not None:
        quote = quotes.look_up(actor.organisation_id, actor.livemode, order.quote_id)
        credits_due = quotes.check(quote, params_fingerprint(checked.params))
    return Prepared(
        params=checked.params,
        warnings=(*order.warnings, *checked.warnings),
        priced=priced,
        credits=credits_due,
        quote=quote,
        film=film,
        lane=lane,
    )


def rehearse(actor: Actor, order: Submission) -> Prepared:
    """What `submit` would charge now, however full the queue and empty the wallet.

    Raises what it would refuse the order for.
    """
    prepared = prepare(actor, order)
    hold_to_cap(order.max_cost, prepared.credits)
    with tenancy.scope(actor.organisation_id):
        if prepared.quote and Generation.objects.filter(quote=prepared.quote).exists():
            raise QuoteUsed(accepting.QUOTE_USED)
    return prepared


def submit(actor: Actor, order: Submission, render: Callable[[Generation], str]) -> Receipt:
    """Accept an order: hold its price and record it, or raise and leave neither.

    `render` makes the answer's body from the generation as it will stand; it is stored with the
    Idempotency-Key, so a repeated call gets the very same bytes. One round trip to the database
    outside a transaction. Raises Forbidden, the refusals of `prepare` and of billing's reserve,
    CapExceeded, QueueFull, IdempotencyKeyReused and ExternalIdReused.
    """
    try:
        prepared = ready(actor, order)
    except Refusal:
        # What was accepted once is answered again, though it could not be ordered any more: an
        # address that it named may have ended since.
        if actor.may_order and (before := answered(actor, order)):
            return before
        raise
    return accept(actor, order, prepared, render)


def ready(actor: Actor, order: Submission) -> Prepared:
    """What is about to be accepted; no money has moved. Raises Forbidden, what `prepare` raises,
    and CapExceeded.
    """
    if not actor.may_order:
        raise Forbidden(f"Your role ({actor.role}) does not order films: ask an owner.")
    prepared = prepare(actor, order)
    hold_to_cap(order.max_cost, prepared.credits)
    return prepared


def accept(
    actor: Actor, order: Submission, prepared: Prepared, render: Callable[[Generation], str]
) -> Receipt:
    """The second half of `submit`: hold and record what is `ready`, in one transaction of its own
    or as a part of one that is open.
    """
    generation = _unsaved(actor, order, prepared)
    named = sources.uploads_of(prepared.params)
    answer = render(generation)
    key = order.idempotency_key and idempotency.stored(actor, order.idempotency_key)
    outcome, body, public_id = accepting.accept(
        generation, key, answer, named, prepared.priced.lines[0].sku
    )
    if outcome == "key_reused":
        raise IdempotencyKeyReused(
            "This Idempotency-Key was used with another body: use a new key for a new order."
        )
    if outcome == "external_reused":
        raise ExternalIdReused(
            "This external_task_id was used with another body: use a new one for a new order."
        )
    return Receipt(
        generation=public_id,
        body=body,
        replayed=outcome == "replayed",
        known=outcome == "known",
    )


def hold_to_cap(max_cost: int | None, credits_due: int) -> None:
    """Raises CapExceeded above the `max_cost` of who orders."""
    if max_cost is not None and credits_due > max_cost:
        raise CapExceeded(
            f"This costs {credits_due} credits and max_cost is {max_cost}: raise max_cost or "
            "choose a cheaper variant.",
            credits=credits_due,
            max_cost=max_cost,
        )


def answered(actor: Actor, order: Submission) -> Receipt | None:
    """What an equal call under the same key, or the same task id, was answered."""
    if order.idempotency_key is None and order.external_id is None:
        return None
    mine = {"livemode": actor.livemode, "fingerprint": _fingerprint(actor, order)}
    with tenancy.scope(actor.organisation_id):
        if order.idempotency_key is not None:
            key = idempotency.stored(actor, order.idempotency_key)
            keyed = IdempotencyRecord.objects.filter(key=key, **mine).first()
            if keyed is not None:
                return Receipt(generation=keyed.subject, body=keyed.body, replayed=True)
        if order.external_id is not None:
            named = Generation.objects.filter(external_id=order.external_id, **mine).first()
            if named is not None:
                return Receipt(generation=named.public_id, body="", known=True)
    return None


def params_fingerprint(params: Params) -> str:
    """What a quote is bound to: the film alone, whichever door it comes through."""
    return _digest({"film": params.to_json()})


def _fingerprint(actor: Actor, order: Submission) -> str:
    """Of the order as it came: what it names may be read differently, or not at all, later."""
    end_user = actor.end_user or order.end_user
    facts = {
        "door": order.door,
        "fields": dict(order.fields),
        "facts": dict(order.door_facts),
        "external_id": order.external_id,
        "callback_url": order.callback_url,
        "quote_id": order.quote_id,
        "max_cost": order.max_cost,
        "deadline": order.deadline,
        "reference": order.reference,
        "metadata": dict(order.metadata),
        **({"end_user": end_user} if end_user else {}),
        **({"retention": order.retention_days} if order.retention_days else {}),
    }
    try:
        return _digest(facts)
    except RecursionError:
        raise InvalidBody("The body is nested too deeply: no field needs that.") from None


def _digest(facts: dict[str, Any]) -> str:
    return hashlib.sha256(_CANONICAL.encode(facts).encode()).hexdigest()


def _unsaved(actor: Actor, order: Submission, prepared: Prepared) -> Generation:
    now = timezone.now()
    seconds = min(order.deadline or settings.DEADLINE_SECONDS, settings.DEADLINE_SECONDS)
    return Generation(
        organisation_id=actor.organisation_id,
        livemode=actor.livemode,
        public_id=new_generation_id(),
        model=prepared.params.model,
        kind=prepared.params.kind,
        params=prepared.film,
        warnings=list(prepared.warnings),
        status=Status.ACCEPTED,
        credits=prepared.credits,
        quote=prepared.quote,
        door=order.door,
        door_facts=dict(order.door_facts),
        external_id=order.external_id,
        fingerprint=_fingerprint(actor, order),
        lane=prepared.lane,
        callback_url=order.callback_url,
        reference=order.reference,
        metadata=dict(order.metadata),
        end_user=actor.end_user or order.end_user,
        retention_days=order.retention_days,
        api_key_id=actor.api_key_id,
        access_key_id=actor.access_key_id,
        user_id=actor.user_id,
        callback_token=random_base62(32),
        created_at=now,
        deadline_at=now + timedelta(seconds=seconds),
    )
