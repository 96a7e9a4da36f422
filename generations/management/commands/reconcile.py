"""`manage.py reconcile`: files, holds, attempts and upstreams' bills, looked at by hand."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from generations.models import ProviderAccount
from generations.reconciliation import run
from generations.reconciliation.finding import Finding

_WIDTH = 44


class Command(BaseCommand):
    """Exits 1 when something is left to a person."""

    help = "Holds books, files and upstreams' bills against each other; mends what is safe."
    requires_system_checks: list[str] = []  # it is of what is written, not of the code

    def add_arguments(self, parser: CommandParser) -> None:
        """How, and of whom."""
        parser.add_argument("--dry-run", action="store_true", help="Change nothing, only tell.")
        parser.add_argument("--account", default="", help="Only one upstream account, by name.")
        parser.add_argument("--json", action="store_true", help="One object per line.")

    def handle(self, *args: Any, **options: Any) -> None:
        """A table per kind: what was found, what was done or would be, what is left."""
        account = _account(options["account"])
        found = run.by_hand(mend=not options["dry_run"], account=account)
        left = 0
        if options["json"]:
            for each in found:
                self.stdout.write(json.dumps(asdict(each)))
                left += each.left
        else:
            left = self._tables(list(found), dry=options["dry_run"])
        if left:
            sys.exit(1)

    def _tables(self, found: Iterable[Finding], *, dry: bool) -> int:
        by_kind: dict[str, list[Finding]] = defaultdict(list)
        for each in found:
            by_kind[each.kind].append(each)
        for kind, rows in by_kind.items():
            self.stdout.write(f"{kind} ({len(rows)})")
            for row in rows:
                done = f"would be: {row.done}" if dry and row.done else row.done
                ends = "LEFT TO YOU" if row.left else done
                self.stdout.write(f"  {row.subject:<{_WIDTH}}  {row.says} [{ends}]")
        left = sum(row.left for rows in by_kind.values() for row in rows)
        total = sum(len(rows) for rows in by_kind.values())
        verdict = "Everything agrees." if not total else f"{total} found, {left} left to you."
        self.stdout.write(verdict)
        return left


def _account(name: str) -> ProviderAccount | None:
    if not name:
        return None
    found = ProviderAccount.objects.filter(name=name).first()
    if found is None:
        names = ", ".join(ProviderAccount.objects.values_list("name", flat=True)) or "none"
        raise CommandError(f"There is no account {name!r}; there are: {names}.")
    return found
