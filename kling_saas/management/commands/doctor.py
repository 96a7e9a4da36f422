"""Examine settings, database, clock, storage, mail, workers and providers before going live."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from kling_saas import doctor


class Command(BaseCommand):
    help = "Say what is fit and what is not; exits 1 when anything is not."
    requires_system_checks: list[str] = []  # its own subject

    def handle(self, *args: Any, **options: Any) -> None:
        """One line per finding."""
        bad = 0
        for finding in doctor.examine():
            bad += not finding.good
            mark = "ok " if finding.good else "BAD"
            self.stdout.write(f"{mark} {finding.subject}: {finding.sentence}")
        self.stdout.write(f"{bad} to mend." if bad else "Everything is fit.")
        if bad:
            sys.exit(1)
