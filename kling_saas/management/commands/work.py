"""Everything in the background, under one supervisor: two queue clusters and the watcher."""

from __future__ import annotations

import logging
import signal
import sys
import time
from dataclasses import dataclass
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from generations import bells, lifecycle
from kling_saas.checks import PLACE
from kling_saas.run.children import Child, Family

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Run the background work: clusters `short` and `media`, and the watcher."
    requires_system_checks: list[str] = [PLACE]

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
            on_death=lambda child: dead.append(_Dead.of(child)),
        )
        # What an earlier supervisor's children may have left counts as well.
        dead = [one for child in family.children if not (one := _Dead.of(child)).freed()]
        stopping = False

        def stop(_signal: int, _frame: FrameType | None) -> None:
            nonlocal stopping
            stopping = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        for child in family.children:
            child.launch()
        while not stopping:
            family.watch_once()
            dead = [one for one in dead if not one.freed()]
            time.sleep(0.2)
        family.stop()


@dataclass(frozen=True, slots=True)
class _Dead:
    """A child that died with what it had taken; `process` is None before the first of its name."""

    name: str
    process: int | None

    @classmethod
    def of(cls, child: Child) -> _Dead:
        return cls(child.name, child.process.pid if child.process else None)

    def freed(self) -> bool:
        """All of it is due again at once, instead of when leases and locks run out.

        False while the database is away, which may be what the child died of: asked again then.
        """
        try:
            bells.silence(self.name)
            if self.process is not None:
                lifecycle.free_leases(lifecycle.holder(self.process))
        except DatabaseError as error:
            log.debug("what %s had taken is not freed yet: %s", self.name, error)
            connection.close()
            return False
        return True
