"""`manage.py thaw_wallet`: an operator lets an organisation spend again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import freezes, ledger
from billing.management.naming import organisation_of


class Command(BaseCommand):
    """Without a cause it lists what there is; what is lifted is a line in the audit."""

    help = "Lift one cause for which a wallet is frozen; without --cause list them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose, which cause, why."""
        parser.add_argument("organisation", help="Public id (org_…): the console lists them.")
        parser.add_argument("--cause", default="", help="As listed, e.g. fraud:issfr_….")
        parser.add_argument("--reason", default="", help="For the audit; needed with --cause.")
        parser.add_argument("--test", action="store_true", help="The test wallet.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Lift it, and say what is left."""
        mine = organisation_of(options["organisation"]).pk, not options["test"]
        if cause := options["cause"]:
            if not options["reason"].strip():
                raise CommandError("--reason is empty: say why, for the audit.")
            if not ledger.thaw(*mine, cause=cause, reason=options["reason"]):
                raise CommandError(f"{cause} does not freeze this wallet.")
        left = freezes.causes(*mine)
        for freeze in left:
            self.stdout.write(
                f"{freeze.cause}: {freeze.reason} Since {freeze.created_at:%Y-%m-%d}."
            )
        if not left:
            self.stdout.write("Nothing freezes this wallet.")
