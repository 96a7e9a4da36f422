"""The watcher process: polls, held calls, news and bells."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from generations.watcher import Watcher


class Command(BaseCommand):
    help = "Run the watcher until told to stop."
    requires_system_checks: list[str] = []  # `work`, which starts it, has looked

    def handle(self, *args: Any, **options: Any) -> None:
        """Stop politely on SIGTERM and SIGINT."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        watcher = Watcher()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, watcher.stop.set)
        await watcher.run()
