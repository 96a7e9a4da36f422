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
        if options["dry_run"]:
            self.stdout.write(_would(found, options["credits"]))
            return
        if not options["reason"]:
            raise CommandError("--reason is needed: the customer's statement shows it.")
        try:
            done = refunds.ask(found, options["credits"], options["reason"])
        except Refusal as refusal:
            raise CommandError(f"{refusal.detail} {_why_nothing(found)}".strip()) from None
        self.stdout.write(
            f"{done.public_id}: {credits_words(done.credits)}, "
            f"{money(done.amount_cents, found.currency)}: {done.get_status_display().lower()}."
        )


def _would(purchase: Purchase, wanted: int | None) -> str:
    with tenancy.scope(purchase.organisation_id):
        most = shares.refundable(purchase)
        rest = shares.left(purchase)
    amount = min(most, wanted or most)
    if not amount:
        return f"Nothing can be paid back. {_why_nothing(purchase)}"
    worth = money(shares.cents_of(rest, amount), purchase.currency)
    return f"{credits_words(amount)}, {worth} would go back; at most {credits_words(most)} can."


def _why_nothing(purchase: Purchase) -> str:
    """Empty when something can."""
    with tenancy.scope(purchase.organisation_id):
        return "" if shares.refundable(purchase) else shares.why_nothing(purchase)
