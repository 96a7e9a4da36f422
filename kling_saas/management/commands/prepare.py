"""What `make run` needs before its processes start, in one go: schema, cache table, static files,
price book, offers, demo data. Everything is done once and found again later.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import OperationalError

from billing import offers, prices
from generations.catalogue import billable
from kling_saas import demo_data
from kling_saas.checks import PLACE
from kling_saas.env import ConfigError


class Command(BaseCommand):
    help = "Migrate, collect static files, publish prices and offers and make the demo data."
    requires_system_checks: list[str] = [PLACE]

    def handle(self, *args: Any, **options: Any) -> None:
        """Quiet when there is nothing to do."""
        try:
            call_command("migrate", interactive=False, verbosity=0)
        except OperationalError as error:
            reason = str(error).strip().splitlines()[0]
            raise ConfigError(f"the database cannot be used: {reason}") from None
        call_command("createcachetable", verbosity=0)
        self._collect_static()
        prices.publish_list(billable.list_prices(), billable.LIST_NAME)
        offers.publish()
        demo_data.make()

    def _collect_static(self) -> None:
        """Only when a source file changed: hashing and compressing takes seconds."""
        mark = Path(settings.STATIC_ROOT) / ".made-from"
        digest = hashlib.sha256()
        for folder in settings.STATICFILES_DIRS:
            for path in sorted(Path(folder).rglob("*")):
                stat = path.stat()
                digest.update(f"{path}:{stat.st_size}:{stat.st_mtime_ns}\n".encode())
        if mark.exists() and mark.read_text() == digest.hexdigest():
            return
        call_command("collectstatic", interactive=False, verbosity=0, stdout=io.StringIO())
        mark.write_text(digest.hexdigest())
