"""Whose turn it is: organisations take turns by weight, each within its own limit.

The rules are the database's (`queue_functions`), so that they hold for any number of dispatchers.
"""

from __future__ import annotations

from django.db import connection

from generations.models import Generation
from generations.providers.codecs import BLOCKING


def due(most: int) -> list[int]:
    """Ids of what is to be looked at now, in turn. Needs a system scope.

    First what is at an account already or past its deadline, at most half; then as many as there is
    room for, at the accounts of their lane and in their organisation's own limit: what was put
    back, at most half, and new orders.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM generations_turns(%s, %s)", [most, BLOCKING])
        return [row[0] for row in cursor.fetchall()]


def seat(generation: Generation) -> bool:
    """Whether its organisation may have one more film under way.

    Needs a transaction in the organisation's scope; other dispatchers wait until its end, so that
    what is handed over in it is counted by them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generations_seat(%s, %s, %s)",
            [generation.organisation_id, generation.livemode, generation.pk],
        )
        return bool(cursor.fetchone()[0])


def take(generation: Generation) -> None:
    """Count its hand-over as a turn of its organisation. Needs the organisation's scope."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generations_take_turn(%s, %s)",
            [generation.organisation_id, generation.livemode],
        )
