"""`manage.py write_off`: an operator forgives what an organisation owes."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import tenancy
from accounts.models import AuditEvent
from billing import freezes, ledger
from billing.management.naming import organisation_of


class Command(BaseCommand):
    """The posting and the line of the audit are one transaction."""

    help = "Forget the credits that an organisation owes; lost disputes freeze it no more."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whom, why."""
        parser.add_argument("organisation", help="Public id (org_…): the console lists them.")
        parser.add_argument("--reason", required=True, help="Shown on the customer's statement.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how many credits it was."""
        if not options["reason"].strip():
            raise CommandError("--reason is empty: say why.")
        found = organisation_of(options["organisation"])
        with tenancy.scope(found.pk):
            forgiven = ledger.write_off(
                found.pk, True, reference=f"operator:{secrets.token_hex(8)}",
                reason=options["reason"], actor="",
            )  # fmt: skip
            if forgiven:
                AuditEvent.objects.create(
                    organisation_id=found.pk, action="debt.written_off",
                    detail={"credits": forgiven, "reason": options["reason"]},
                )  # fmt: skip
            freezes.thaw_settled(found.pk, True)
        self.stdout.write(f"{found.name} owes {forgiven} credits less.")
