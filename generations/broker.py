"""The queue's broker: django-q2's ORM broker with an ordered, SKIP LOCKED dequeue.

A queue row is only a bell. What is owed stands in our own rows; losing every queue row loses
nothing, because the watcher rings again for whatever is due.
"""

from __future__ import annotations

from time import sleep
from typing import Any

from django.db import connection
from django_q.brokers.orm import ORM
from django_q.conf import Conf


class SkipLockedBroker(ORM):  # type: ignore[misc]
    """Two clusters never look at the same row, and none looks at one twice before `retry`."""

    def dequeue(self) -> list[tuple[int, Any]] | None:
        """Claim up to `bulk` due rows, oldest first; waits a moment when there are none."""
        self.get_connection()  # closes a connection the server has dropped
        with connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE django_q_ormq SET lock = now() + make_interval(secs => %s)
                 WHERE id IN (SELECT id FROM django_q_ormq WHERE key = %s AND lock <= now()
                              ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
                RETURNING id, payload
                """,
                [Conf.RETRY, self.list_key, Conf.BULK],
            )
            claimed = [(row[0], row[1]) for row in cursor.fetchall()]
        if claimed:
            return claimed
        sleep(Conf.POLL)
        return None
