"""`manage.py check_ledger`: prove books and promises, freeze what drifts, repair nothing."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import tenancy
from accounts.models import Organisation
from billing import proof
from generations import invariants


class Command(BaseCommand):
    """Exits 1 when a balance is not what was posted, or a promise about a film is broken."""

    help = "Derives every balance again, checks each generation; freezes wallets that drift."
    requires_system_checks: list[str] = []  # it is of what is written, not of the code

    def add_arguments(self, parser: CommandParser) -> None:
        """One organisation, or all."""
        parser.add_argument("--organisation", default="", help="Public id (org_…) of only one.")
        parser.add_argument("--books", action="store_true", help="The wallets alone, no films.")
        parser.add_argument("--files", action="store_true", help="Read every stored film, too.")
        parser.add_argument(
            "--secrets", action="store_true", help="Look for our credentials in what is kept, too."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the accounts and what does not add up."""
        organisation = _organisation_id(options["organisation"])
        found = proof.prove(organisation)
        for livemode in (True, False):
            self._print_accounts(found, livemode)
        for drift in found.drifts:
            self.stdout.write(f"DRIFT {drift}")
        for organisation_id, livemode in proof.freeze_drifting(found):
            mode = "live" if livemode else "test"
            self.stdout.write(f"Frozen: the {mode} wallet of organisation {organisation_id}")
        broken = [] if options["books"] else invariants.breaches(organisation)
        if options["files"]:
            broken += invariants.file_breaches()
        if options["secrets"]:
            broken += invariants.secret_breaches()
        for breach in broken:
            self.stdout.write(f"BROKEN {breach}")
        verdict = "The books add up." if found.holds else "The books DO NOT add up."
        if broken:
            listed = "1 broken promise" if len(broken) == 1 else f"{len(broken)} broken promises"
            verdict += f" Above: {listed}."
        self.stdout.write(f"{found.wallets} wallets, {found.transfers} transfers. {verdict}")
        if broken or not found.holds:
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
