"""`manage.py check_ledger`: prove the books, freeze what does not add up, repair nothing."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import tenancy
from accounts.models import Organisation
from billing import proof


class Command(BaseCommand):
    """Exits 1 when a balance is not what was posted."""

    help = "Derives every balance again from the transfers; freezes wallets that drift."

    def add_arguments(self, parser: CommandParser) -> None:
        """One organisation, or all."""
        parser.add_argument("--organisation", default="", help="Public id (org_…) of only one.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the accounts and what does not add up."""
        found = proof.prove(_organisation_id(options["organisation"]))
        for livemode in (True, False):
            self._print_accounts(found, livemode)
        for drift in found.drifts:
            self.stdout.write(f"DRIFT {drift}")
        for organisation_id, livemode in proof.freeze_drifting(found):
            mode = "live" if livemode else "test"
            self.stdout.write(f"Frozen: the {mode} wallet of organisation {organisation_id}")
        verdict = "The books add up." if found.holds else "The books DO NOT add up."
        self.stdout.write(f"{found.wallets} wallets, {found.transfers} transfers. {verdict}")
        if not found.holds:
            sys.exit(1)

    def _print_accounts(self, found: proof.Proof, livemode: bool) -> None:
        self.stdout.write("Live credits" if livemode else "Test credits")
        for (mode, account), value in found.accounts.items():
            if mode == livemode:
                self.stdout.write(f"  {account:<12}{value:>16,}")
        self.stdout.write(f"  {'sum':<12}{found.total(livemode):>16,}")


def _organisation_id(public_id: str) -> int | None:
    if not public_id:
        return None
    with tenancy.system("an operator names the organisation"):
        found = Organisation.objects.filter(public_id=public_id).first()
    if found is None:
        raise CommandError(f"There is no organisation {public_id}.")
    return found.pk
