"""Everything in the background, under one supervisor: two queue clusters and the watcher."""

from __future__ import annotations

import logging
import signal
import sys
import time
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from generations import bells, lifecycle
from kling_saas.run.children import Child, Family

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Run the background work: clusters `short` and `media`, and the watcher."

    def handle(self, *args: Any, **options: Any) -> None:
        """Restart whoever dies, group and all; end everything on SIGTERM."""
        me = [sys.executable, "manage.py"]
        family = Family(
            [
                Child("watch", [*me, "watch"]),
                *(
                    # django-q2 reads this when it is imported, so it cannot be an argument.
                    Child(name, [*me, "cluster"], {"Q_CLUSTER_NAME": name})
                    for name in ("short", "media")
                ),
            ],
            grace=25.0 + settings.DRAIN_SECONDS,
            on_death=_free,
        )
        stopping = False

        def stop(_signal: int, _frame: FrameType | None) -> None:
            nonlocal stopping
            stopping = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        for child in family.children:
            _free(child)  # what an earlier supervisor's children may have left
            child.launch()
        while not stopping:
            family.watch_once()
            time.sleep(0.2)
        family.stop()


def _free(child: Child) -> None:
    """What the dead child had taken is due again at once, instead of when its leases run out."""
    try:
        bells.silence(child.name)
        if child.process:
            lifecycle.free_leases(lifecycle.holder(child.process.pid))
    except DatabaseError as error:  # they run out by themselves
        log.warning("what %s had taken is not freed yet: %s", child.name, error)
        connection.close()
