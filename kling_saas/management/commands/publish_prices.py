"""Publish the default price book: Kling's official units × 10 credits for every variant."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from billing import prices
from generations.catalogue import billable


class Command(BaseCommand):
    help = "Publish the catalogue's list prices as a new price book; nothing happens when equal."

    def handle(self, *args: Any, **options: Any) -> None:
        """Says which book is in force."""
        rows = billable.list_prices()
        book = prices.publish(rows, billable.LIST_NAME)
        self.stdout.write(f"Price book {book.version} is in force: {len(rows)} prices.")
