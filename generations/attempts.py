"""The trail of tries: written before each request, so that a crash leaves a question, not a gap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F
from django.utils import timezone

from generations import lifecycle
from generations.models import Attempt, AttemptOutcome, Generation, ProviderAccount


def begin(generation: Generation, account: ProviderAccount) -> Attempt:
    """The next attempt, `unknown` until its answer is recorded; the generation is submitting.

    Raises LeaseLost when another worker has the generation now.
    """
    with lifecycle.scope(generation):
        number = Attempt.objects.filter(generation=generation).count() + 1
        lifecycle.hand_over(generation, account, keep_lease=True)
        attempt: Attempt = Attempt.objects.create(
            organisation_id=generation.organisation_id,
            livemode=generation.livemode,
            generation=generation,
            number=number,
            account=account,
            external_id=f"{generation.public_id}-{number}",
        )
    return attempt


def close(
    generation: Generation, attempt: Attempt, outcome: AttemptOutcome, **columns: Any
) -> None:
    """Record how an attempt ended, once: a recorded outcome is not overwritten."""
    with lifecycle.scope(generation):
        Attempt.objects.filter(pk=attempt.pk, outcome=AttemptOutcome.UNKNOWN).update(
            outcome=outcome, ended_at=timezone.now(), **columns
        )


def looked(generation: Generation, attempt: Attempt) -> None:
    """Count a look-up that did not find the task."""
    with lifecycle.scope(generation):
        Attempt.objects.filter(pk=attempt.pk).update(look_ups=F("look_ups") + 1)


def untried_first(
    generation: Generation, accounts: Sequence[ProviderAccount]
) -> list[ProviderAccount]:
    """The same accounts, those that have refused this generation already last."""
    with lifecycle.scope(generation):
        tried = set(
            Attempt.objects.filter(generation=generation).values_list("account_id", flat=True)
        )
    return sorted(accounts, key=lambda a: a.pk in tried)


def count(generation: Generation) -> int:
    """How many tries there were."""
    with lifecycle.scope(generation):
        return int(Attempt.objects.filter(generation=generation).count())
