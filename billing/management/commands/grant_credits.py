"""`manage.py grant_credits`: an operator gives credits by hand, once per reference."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import CharField

from accounts import tenancy
from accounts.models import AuditEvent, Organisation
from billing import ledger
from billing.management.naming import organisation_of
from billing.models import Lot, LotSource
from kling_saas.lib.refusals import Refusal

_OURS = "operator:"  # before every reference of an operator's, so that none is a program's


class Command(BaseCommand):
    """The posting and the line of the audit are one transaction."""

    help = "Give credits to an organisation; the same reference gives them once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whom, how many, why."""
        parser.add_argument("organisation", help="Public id (org_…): the console lists them.")
        parser.add_argument("credits", type=int, help="Whole credits, at least 1.")
        parser.add_argument("--reason", required=True, help="Shown on the customer's statement.")
        parser.add_argument("--reference", required=True, help="Your own, e.g. an invoice number.")
        parser.add_argument("--test", action="store_true", help="Into the test wallet.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was given, or that it was given before."""
        found = organisation_of(options["organisation"])
        with tenancy.scope(found.pk):
            given = self._give(found, options)
        mode = "test" if options["test"] else "live"
        self.stdout.write(
            f"{options['credits']} {mode} credits to {found.name}."
            if given
            else f"Reference {options['reference']} gave these before; nothing was posted."
        )

    def _give(self, organisation: Organisation, options: dict[str, Any]) -> bool:
        _hold_to(Lot.reference.field, _OURS + options["reference"], ours=len(_OURS))
        _hold_to(Lot.reason.field, options["reason"])
        try:
            given = ledger.grant(
                organisation.pk,
                not options["test"],
                options["credits"],
                LotSource.GRANT,
                reference=_OURS + options["reference"],
                reason=options["reason"],
            )
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        if given:
            AuditEvent.objects.create(
                organisation=organisation,
                action="credits.granted",
                subject=options["reference"][:80],
                detail={"credits": options["credits"], "reason": options["reason"]},
            )
        return given


def _hold_to(field: CharField[str, str], text: str, ours: int = 0) -> None:
    """Refuse silence, and what the lot's field cannot hold; `ours` of `text` we have written."""
    if not text[ours:].strip():
        raise CommandError(f"--{field.name} is empty: say something that tells this gift by.")
    most = field.max_length or 0
    if len(text) > most:
        raise CommandError(f"--{field.name} has at most {most - ours} characters.")
