"""Where orders stand, each said once: for the ORM, for an order in hand, and for SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from generations.models import Status
from generations.products import FACTS_ONLY

if TYPE_CHECKING:
    from generations.models import Generation

# With nobody: no upstream has it. It was not handed over yet, or was put back.
WITH_NOBODY = Q(status=Status.ACCEPTED) | Q(status=Status.SUBMITTING, account=None)
PUT_BACK_SQL = "(status = 'submitting' AND account_id IS NULL)"
WITH_NOBODY_SQL = f"(status = 'accepted' OR {PUT_BACK_SQL})"


def with_nobody(generation: Generation) -> bool:
    """Whether no upstream has it."""
    put_back = generation.status == Status.SUBMITTING and generation.account_id is None
    return put_back or generation.status == Status.ACCEPTED


def public_status(generation: Generation) -> str:
    """queued (with nobody), processing, succeeded, failed or cancelled."""
    return "queued" if with_nobody(generation) else Status(generation.status).public


def told_as(word: str) -> Q:
    """Generations that customers are told this word of."""
    if word == Status.ACCEPTED.public:
        return WITH_NOBODY
    return Q(status__in=[status for status in Status if status.public == word]) & ~WITH_NOBODY


def given_late() -> Q:
    """Failed generations that were given what they ordered after their end."""
    film = Q(video__isnull=False) | Q(audio__isnull=False)
    return Q(status=Status.FAILED) & (film | _facts())


def nothing_given(of: str = "") -> Q:
    """Failed generations (`of`: a path to them) that were given nothing after their end either."""
    none = Q(**{f"{of}status": Status.FAILED, f"{of}video": None, f"{of}audio": None})
    return none & ~_facts(of)


def _facts(of: str = "") -> Q:
    return Q(**{f"{of}kind__in": FACTS_ONLY, f"{of}made__has_key": "facts"})
