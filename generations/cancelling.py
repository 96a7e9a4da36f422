"""Stopping an order: free while no upstream has it, and an honest no after that."""

from __future__ import annotations

from accounts.actors import Actor
from generations import access, lifecycle, standing
from generations.errors import NotCancellable
from generations.models import Generation, Status
from generations.models.generation import TERMINAL
from kling_saas.lib.refusals import Forbidden

_TRIES = 3  # a worker may look at it while we do


def cancel(actor: Actor, public_id: str) -> Generation:
    """Stop it while it is with no upstream; every credit comes back. Repeatable.

    Raises Forbidden, NotFound, and NotCancellable with what becomes of it instead.
    """
    if not actor.may_order:
        raise Forbidden(f"Your role ({actor.role}) does not cancel films: ask an owner.")
    for _ in range(_TRIES):
        generation = access.find(actor, public_id)
        if generation.status == Status.CANCELLED:
            return generation
        if not standing.with_nobody(generation):
            break
        if lifecycle.cancel(generation):
            return access.find(actor, public_id)
    raise NotCancellable(_why_not(generation), **_facts(generation))


def _why_not(generation: Generation) -> str:
    name = generation.public_id
    if generation.status in TERMINAL:
        return f"{name} has {generation.status}: there is nothing left to cancel."
    if standing.with_nobody(generation):
        return f"{name} is being handed over at this moment: ask again."
    surely = generation.status != Status.SUBMITTING
    return (
        f"{name} was handed over and an upstream {'is' if surely else 'may be'} making it, which "
        "nobody can stop. It costs its "
        f"{generation.credits} credits if it succeeds; if it fails, all of them come back."
    )


def _facts(generation: Generation) -> dict[str, object]:
    over = generation.status in TERMINAL
    return {
        "generation": generation.public_id,
        "generation_status": standing.public_status(generation),
        "credits": generation.charged if over else generation.credits,
    }
