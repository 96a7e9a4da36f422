"""`manage.py close_day`: hold a day's books and payments against the payment service's."""

from __future__ import annotations

import json
import sys
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import closing, months
from kling_saas.lib.refusals import Refusal


class Command(BaseCommand):
    """Exits 1 when anything differs. The worker does the same after 01:00 UTC."""

    help = "Closes a day (UTC): proves the books, compares payments, lists every difference."

    def add_arguments(self, parser: CommandParser) -> None:
        """Yesterday, unless another is named."""
        parser.add_argument("day", nargs="?", default="", help="2026-11-21; default: yesterday.")
        parser.add_argument("--json", action="store_true", help="For programs.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print sums and differences."""
        day = _day(options["day"])
        try:
            row = closing.run(day)
        except Refusal as refusal:
            raise CommandError(refusal.detail) from None
        running = day == months.today()
        if running:
            self.stderr.write(f"{day} is not over: this close is provisional, and is made again.")
        if options["json"]:
            told = {
                "day": str(day), "provisional": running, "vendor": row.vendor,
                "figures": row.figures, "differences": row.differences,
            }  # fmt: skip
            self.stdout.write(json.dumps(told, indent=2))
        else:
            self.stdout.write(f"{day}{' so far' if running else ''}:")
            self._print(row.figures, closing.differences_of(row))
        if row.differences:
            sys.exit(1)

    def _print(self, figures: dict[str, Any], differences: list[closing.Difference]) -> None:
        books = figures["books"]
        self.stdout.write(f"{books['wallets']} wallets, {books['transfers']} transfers.")
        for name in (subject.listed for subject in closing.SUBJECTS):
            for currency, sums in figures[name].items():
                self.stdout.write(
                    f"{name} {currency}: ours {sums['ours']}, theirs {sums['theirs']} cents"
                )
        for one in differences:
            self.stdout.write(f"DIFFERS {one}")
        self.stdout.write(f"{len(differences)} differences." if differences else "Closed to zero.")


def _day(text: str) -> date:
    today = months.today()
    try:
        day = date.fromisoformat(text) if text else today - timedelta(days=1)
    except ValueError:
        raise CommandError(f"{text!r} is no day: write it as 2026-11-21.") from None
    if day > today:
        raise CommandError(f"{day} has not begun.")
    return day
