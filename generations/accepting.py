"""The one statement that accepts an order: its key, hold, row and first event, all or nothing.

The function behind it is in generations.sql_functions; here is what it is given, what it refuses,
and what is done when its answer is lost.
"""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, transaction

from billing.errors import from_database
from generations.errors import ExternalIdReused, InvalidRequest, QueueFull, QuoteUsed
from generations.models import Generation
from kling_saas.lib.points import passing
from kling_saas.lib.postgresql.base import fetch_one

QUOTE_USED = "This quote was used: ask for a new one."
_ACCEPT = (
    "SELECT outcome, answer, generation FROM generations_accept("
    "%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, "
    "%s, %s, %s, %s, %s, %s, %s, %s)"
)
# What is the order's own alone: whichever of them the database looks at first.
_ACCEPTED_BEFORE = {
    "one_generation_per_public_id",
    "one_generation_per_token",
    "generations_generation_hold_id_key",
}


def accept(
    g: Generation, key: str | None, answer: str, named: list[str], sku: str
) -> tuple[str, str, str]:
    """What became of it, the answer to give, and the id of the generation that it is about.

    `key` is the Idempotency-Key, `named` the uploads it begins with. The outcome is `accepted`,
    `replayed` or `known`, with what an earlier call made; or `key_reused` or `external_reused`,
    and nothing is made. Asked again once where the connection was lost. Raises InvalidRequest,
    QueueFull, QuoteUsed, ExternalIdReused and the refusals of billing's reserve.
    """
    arguments = [
        g.organisation_id, g.livemode, key, g.fingerprint, answer, g.public_id, g.model, g.kind,
        json.dumps(g.params), json.dumps(g.warnings), g.credits, g.quote_id, g.door,
        json.dumps(g.door_facts), g.external_id, g.callback_url, g.reference,
        json.dumps(g.metadata), g.api_key_id, g.access_key_id, g.user_id, g.callback_token,
        g.created_at, g.deadline_at, settings.QUEUE_LIMIT, named or None,
        # As text: of small numbers psycopg would make an array of another type.
        g.lane and f"{{{','.join(map(str, g.lane))}}}",
        sku, g.end_user, g.retention_days,
    ]  # fmt: skip
    for attempt in (1, 2):
        try:
            return _accept_once(arguments)
        except OperationalError:
            # Unknown whether it was accepted. Asked again, it is accepted once: see below.
            if attempt == 2 or connection.in_atomic_block:
                raise
            connection.close()
        except DatabaseError as error:
            if _violated(error) in _ACCEPTED_BEFORE:
                return "accepted", answer, g.public_id
            _raise_refusal(error)
    raise ExternalIdReused("This order was accepted a moment ago under the same task id.")


def _accept_once(arguments: list[Any]) -> tuple[str, str, str]:
    # Inside a page's transaction a refusal must undo only this; outside, one statement is one
    # transaction and costs one round trip.
    if connection.in_atomic_block:
        with transaction.atomic():
            return _call(arguments)
    passing("accept.asked")
    accepted = _call(arguments)
    passing("accept.done")
    return accepted


def _call(arguments: list[Any]) -> tuple[str, str, str]:
    row = fetch_one(_ACCEPT, arguments)
    assert row is not None, "a function with OUT parameters answers one row"
    return row[0], row[1], row[2]


def _violated(error: DatabaseError) -> str | None:
    """The constraint that the database refused over."""
    name: str | None = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    return name


def _raise_refusal(error: DatabaseError) -> None:
    """Raise what the database refused; return for the one case that a second try answers."""
    constraint = _violated(error)
    state = getattr(error.__cause__, "sqlstate", None)
    if state == "KG002":
        raise InvalidRequest.one(
            "body", "unknown_upload", "an upload of this order is gone: send the file again."
        ) from None
    if state == "KG003":
        raise InvalidRequest.one(
            "body", "deleted", "a film that this order names was deleted: name another."
        ) from None
    if state == "KG001":
        raise QueueFull(
            f"{settings.QUEUE_LIMIT} generations are unfinished: wait for some to end.",
            retry_after=5,
        ) from None
    if constraint == "one_generation_per_external_id":
        return
    if constraint == "one_generation_per_quote":
        raise QuoteUsed(QUOTE_USED) from None
    refusal = from_database(error)
    if refusal is None:
        raise error
    raise refusal from None
