"""Print `.env.example`: every variable there is, with what it does and its default."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from kling_saas import env
from kling_saas.run.local import LocalRun


class Command(BaseCommand):
    help = "Print .env.example from the declared variables."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Sorted, one comment and one line each."""
        import_module(settings.ROOT_URLCONF)  # declares what only pages read
        LocalRun()  # and what only `make run` reads
        self.stdout.write("# Every variable, with its default. Copy to .env and uncomment.")
        self.stdout.write("# NAME_FILE=/path reads the value from a file, for secrets.\n")
        for variable in sorted(env.declared.values(), key=lambda v: v.name):
            self.stdout.write(f"# {variable.doc}\n#{variable.name}={variable.default}\n")
