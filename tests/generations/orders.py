"""Accepted orders in the database that no worker touches, for tests of single steps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from accounts import tenancy
from accounts.actors import Actor
from generations import lifecycle, submission
from generations.models import Generation, Status
from generations.submission import Submission
from tests.generations.programs import FILM
from tests.people import Customer

_FAR = timedelta(days=1)


def actor(of: Customer, *, livemode: bool = False) -> Actor:
    """The customer as a door hands it to the rules."""
    return Actor(organisation_id=of.organisation.pk, livemode=livemode, user_id=of.user.pk)


def parked(of: Customer, **fields: Any) -> Generation:
    """An accepted order, held and due only tomorrow: the running workers leave it alone.

    A field that is None is left out. It becomes visible and is moved out of their sight in one
    transaction.
    """
    from django.db import transaction

    with tenancy.scope(of.organisation.pk), transaction.atomic():
        given = {name: value for name, value in {**FILM, **fields}.items() if value is not None}
        order = Submission(fields=given, door="native")
        receipt = submission.submit(actor(of), order, lambda g: "")
        mine = Generation.objects.filter(public_id=receipt.generation)
        mine.update(next_run_at=timezone.now() + _FAR)
        found: Generation = mine.get()
    return found


def claimed(order: Generation) -> Generation:
    """Due and a worker's, unseen by the running ones."""
    with tenancy.system("a test is a worker"):
        Generation.objects.filter(pk=order.pk).update(
            next_run_at=timezone.now() - timedelta(seconds=1)
        )
        (mine,) = lifecycle.claim(list(Status), 1, only=Q(pk=order.pk))
    return mine
