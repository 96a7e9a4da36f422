"""`manage.py refund`: an operator pays a purchase back, or a part of it, at any time."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import tenancy
from billing.management.naming import purchase_of
from billing.models import Purchase
from billing.payments import refunds, shares
from kling_saas.lib.refusals import Refusal
from kling_saas.templatetags.screen import credits_words, money


class Command(BaseCommand):
    """The credits leave the wallet, then the payment service is asked for the money."""

    help = "Pay back what of a purchase is unspent. A plan goes on: cancel it for itself."

    def add_arguments(self, parser: CommandParser) -> None:
        """What, how many, why."""
        parser.add_argument("purchase", help="Public id (pur_…): the console lists them.")
        parser.add_argument("--credits", type=int, help="Of those bought; default: all unspent.")
        parser.add_argument("--reason", default="", help="Shown on the customer's statement.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would come back.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what went back, or would."""
        found = purchase_of(options["purchase"])
        if not (options["reason"] or options["dry_run"]):
            raise CommandError("--reason is needed: the customer's statement shows it.")
        try:
            if options["dry_run"]:
                said = _would(found, options["credits"])
            else:
                said = _done(found, options["credits"], options["reason"])
        except Refusal as refusal:
            raise CommandError(f"{refusal.detail} {_why_nothing(found)}".strip()) from None
        self.stdout.write(said)


def _would(purchase: Purchase, wanted: int | None) -> str:
    """Refuses what the real run would."""
    with tenancy.scope(purchase.organisation_id):
        part = shares.part(purchase, wanted)
    top = f" and {part.on_top:,} given on top" if part.on_top else ""
    return (
        f"{credits_words(part.credits)}{top}, {money(part.cents, purchase.currency)} would go "
        f"back; at most {credits_words(part.most)} can."
    )


def _done(purchase: Purchase, wanted: int | None, reason: str) -> str:
    refund = refunds.ask(purchase, wanted, reason)
    return (
        f"{refund.public_id}: {credits_words(refund.credits)}, "
        f"{money(refund.amount_cents, purchase.currency)}: {refund.get_status_display().lower()}."
    )


def _why_nothing(purchase: Purchase) -> str:
    """Empty when something can."""
    with tenancy.scope(purchase.organisation_id):
        return "" if shares.refundable(purchase) else shares.why_nothing(purchase)
