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

from kling_saas.lib.postgresql.base import fetch_one

log = logging.getLogger(__name__)
_AWAY = 0.5  # seconds between looks while the database cannot be reached
_CLAIM = """
UPDATE django_q_ormq SET lock = now() + make_interval(secs => %s)
 WHERE id = (SELECT id FROM django_q_ormq WHERE key = %s AND lock <= now()
              ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, payload
"""


class SkipLockedBroker(ORM):  # type: ignore[misc]
    """Two clusters never look at the same row, and none looks at one twice before `retry`."""

    _away = False

    def dequeue(self) -> list[tuple[int, Any]] | None:
        """Claim the oldest due row; waits a moment when there is none.

        A database that is away is waited for: an exception would cost the cluster 10 s and its
        processes.
        """
        try:
            claimed = fetch_one(_CLAIM, [Conf.RETRY, self.list_key])
        except Error as error:
            if not self._away:
                log.warning("the queue waits for the database: %s", error)
            self._away = True
            connection.close()
            sleep(_AWAY)
            return None
        self._away = False
        if claimed:
            return [(claimed[0], claimed[1])]
        sleep(Conf.POLL)
        return None

    def set_stat(self, key: str, value: str, timeout: int) -> None:
        """Nothing: nobody reads django-q2's figures, which it would write twice a second.

        Its sentinel so needs no connection of its own that could be lost.
        """
