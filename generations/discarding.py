"""Deleting a voice or an element of one's own: at the upstream that keeps it, then here.

Nothing changes here before the upstream has said that it is gone; from then on no order takes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from accounts.models import AuditEvent
from generations import owned, presets, providers
from generations.catalogue.products.presets import Sort
from generations.catalogue.products.registry import PRODUCTS
from generations.errors import InvalidRequest, NotDeletable
from generations.models import Generation
from generations.wire.task import Reason, Rejected
from kling_saas.lib.refusals import Forbidden, NotFound, Unavailable

_LATER = (Reason.UNAVAILABLE, Reason.RATE, Reason.CONCURRENCY)


@dataclass(frozen=True, slots=True)
class Discarded:
    """The generation that made it; `kept`: its upstream has no way to delete, and keeps it."""

    generation: Generation
    kept: bool


def discard(actor: Actor, sort: Sort, name: str) -> Discarded:
    """Delete the actor's own voice or element by the id of its generation. Repeatable.

    Raises Forbidden, NotFound (another's cannot be told from none), InvalidRequest for one of
    Kling's own, NotDeletable when the upstream refuses, and Unavailable when it does not answer.
    """
    if not actor.may_order:
        raise Forbidden(f"Your role ({actor.role}) does not delete {sort}s: ask an owner.")
    generation = find(actor, sort, name)
    if generation is None:
        if any(preset.id == name for preset in presets.current(sort)):
            raise InvalidRequest.one(
                f"{sort}_id",
                "unsupported",
                f"{sort}_id: {name} is one of Kling's own: only what you made can be deleted.",
            )
        raise NotFound(f"There is no {sort} {name[:60]!r} of yours.")
    account = generation.account
    kept = account is None or not providers.adapter(account).deletes
    if generation.deleted_at is None:
        if not kept:
            _at_upstream(generation, sort)
        _here(actor, generation, sort, kept=kept)
    return Discarded(generation, kept)


def find(actor: Actor, sort: Sort, name: str) -> Generation | None:
    """The actor's own that made this voice, or element; None when none of theirs did."""
    made = owned.made_of(actor, name) if owned.is_ours(name) else None
    product = PRODUCTS.get(made.generation.kind) if made else None
    if made is None or product is None or product.gives != f"{sort}_id":
        return None
    return made.generation if "facts" in made.generation.made else None


def _at_upstream(generation: Generation, sort: Sort) -> None:
    account, gives = generation.account, PRODUCTS[generation.kind].gives
    assert account is not None, "asked for what an account has"
    known = generation.made["facts"].get(gives)
    refusal = providers.adapter(account).delete(generation.kind, str(known)) if known else None
    if refusal is not None:
        raise _refused(generation, sort, refusal)


def _refused(generation: Generation, sort: Sort, refusal: Rejected) -> Exception:
    name = generation.public_id
    if refusal.reason in _LATER:
        return Unavailable(
            f"The service that keeps {sort} {name} gave no answer, so it may be deleted there or "
            "not. Here it is as it was: delete it again in a while.",
            retry_after=round(refusal.retry_after or 5),
        )
    if refusal.reason is Reason.AUTH:  # ours to mend, and nobody's to read
        return Unavailable(f"{name} cannot be deleted at the moment; it is as it was: try later.")
    return NotDeletable(
        f"The service that keeps {sort} {name} refused to delete it ({refusal.message}); it is as "
        "it was."
    )


def _here(actor: Actor, generation: Generation, sort: Sort, *, kept: bool) -> None:
    """Once, whoever else deletes it at this moment."""
    now = timezone.now()
    account = generation.account
    with tenancy.scope(actor.organisation_id):
        mine = Generation.objects.filter(pk=generation.pk, deleted_at=None)
        if mine.update(deleted_at=now):
            AuditEvent.objects.create(
                organisation_id=actor.organisation_id,
                actor_id=actor.user_id,
                action=f"{sort}.deleted",
                subject=generation.public_id,
                detail={
                    "livemode": generation.livemode,
                    "api_key": actor.api_key_id,
                    "access_key": actor.access_key_id,
                    "account": account.name if account else None,
                    "upstream": "keeps it" if kept else "deleted it",
                },
            )
    generation.deleted_at = generation.deleted_at or now
