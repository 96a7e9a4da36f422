"""One django-q2 cluster that fails fast: a worker killed from outside ends the whole group.

django-q2 1.11 hangs for ever when an idle worker is killed: the dead worker holds the read lock of
the shared queue (its issues 23 and 339). Our queue rows are only bells and every step has a lease,
so ending the group and starting anew loses nothing.
"""

from __future__ import annotations

import os
import signal
import time
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django_q.cluster import Cluster, Sentinel


class Command(BaseCommand):
    help = "Run one queue cluster until told to stop; Q_CLUSTER_NAME says which (short, media)."
    requires_system_checks: list[str] = []  # `work`, which starts it, has looked

    def handle(self, *args: Any, **options: Any) -> None:
        """The stop is asked for outside the signal handler, where it would deadlock."""
        _fail_fast()
        cluster = Cluster()
        stopping = False

        def stop(_signal: int, _frame: FrameType | None) -> None:
            nonlocal stopping
            stopping = True

        cluster.start()
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        while not stopping and cluster.sentinel.is_alive():
            time.sleep(0.1)
        cluster.stop()


def _fail_fast() -> None:
    original = Sentinel.reincarnate

    def reincarnate(sentinel: Any, process: Any) -> None:
        timer = int(process.timer.value) if hasattr(process, "timer") else 1
        if process in sentinel.pool and timer in {0, -2}:  # timed out, or recycled
            original(sentinel, process)
            return
        os.killpg(os.getpgid(0), signal.SIGKILL)

    Sentinel.reincarnate = reincarnate
