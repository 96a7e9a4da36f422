"""`manage.py make_voucher`: an operator makes a code that gives credits."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import vouchers
from billing.models import Voucher


class Command(BaseCommand):
    """Prints the code alone, so that it can be piped."""

    help = "Make a voucher and print its code; once to an organisation, by one of them at first."

    def add_arguments(self, parser: CommandParser) -> None:
        """What it gives, to how many, and what it was made for."""
        parser.add_argument("credits", type=int, help="Whole credits, at least 1.")
        parser.add_argument("--code", help="Default: eight random letters and digits.")
        parser.add_argument(
            "--uses", type=int, default=1, help="By so many organisations; 0: any number."
        )
        parser.add_argument("--days", type=int, help="Its credits live so long; default: for good.")
        parser.add_argument(
            "--newcomers", action="store_true", help="Only for those that bought nothing yet."
        )
        parser.add_argument("--note", default="", help="For us: what it was made for.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuses what the console would, in its words."""
        voucher = Voucher(
            code=options["code"] or vouchers.new_code(),
            credits=options["credits"],
            most_uses=options["uses"] or None,
            valid_days=options["days"],
            newcomers_only=options["newcomers"],
            note=options["note"],
        )
        try:
            voucher.full_clean()
        except ValidationError as error:
            wrong = error.message_dict.items()
            raise CommandError("; ".join(f"{name}: {said[0]}" for name, said in wrong)) from None
        voucher.save()
        self.stdout.write(voucher.code)
