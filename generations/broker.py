"""The queue's broker: django-q2's ORM broker with an ordered, SKIP LOCKED dequeue.

A queue row is only a bell. What is owed stands in our own rows; losing every queue row loses
nothing, because the watcher rings again for whatever is due.
"""

from __future__ import annotations

import logging
from time import sleep
from typing import Any

from django.db import Error, connection
from django_q.brokers.orm import ORM
from django_q.conf import Conf

log = logging.getLogger(__name__)
_AWAY = 0.5  # seconds between looks while the database cannot be reached


class SkipLockedBroker(ORM):  # type: ignore[misc]
    """Two clusters never look at the same row, and none looks at one twice before `retry`."""

    _away = False

    def dequeue(self) -> list[tuple[int, Any]] | None:
        """Claim up to `bulk` due rows, oldest first; waits a moment when there are none.

        A database that is away is waited for: an exception would cost the cluster 10 s and its
        processes.
        """
        try:
            claimed = self._claim()
        except Error as error:
            if not self._away:
                log.warning("the queue waits for the database: %s", error)
            self._away = True
            connection.close()
            sleep(_AWAY)
            return None
        self._away = False
        if claimed:
            return claimed
        sleep(Conf.POLL)
        return None

    def _claim(self) -> list[tuple[int, Any]]:
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
            return [(row[0], row[1]) for row in cursor.fetchall()]

    def set_stat(self, key: str, value: str, timeout: int) -> None:
        """Nothing: nobody reads django-q2's figures, which it would write twice a second.

        Its sentinel so needs no connection of its own that could be lost.
        """
