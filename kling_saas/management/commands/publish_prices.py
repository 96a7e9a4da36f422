"""Publish the default price book, Kling's official units × 10 credits for every variant, and the
packs and plans that are missing.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from billing import offers, prices
from generations.catalogue import billable


class Command(BaseCommand):
    help = "Publish the list prices as a new book, and missing packs and plans; else do nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """An operator's own prices are only given up on demand."""
        parser.add_argument(
            "--replace", action="store_true", help="Also where an operator's own book is in force."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Says which book is in force."""
        offers.publish()
        publish = prices.publish if options["replace"] else prices.publish_list
        book = publish(billable.list_prices(), billable.LIST_NAME)
        own = book.name != billable.LIST_NAME
        self.stdout.write(
            f"Price book {book.version} ({book.name}) is in force: {book.prices.count()} prices."
            + (" It is your own and was left alone: --replace retires it." if own else "")
        )
