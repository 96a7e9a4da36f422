"""`manage.py settle_payments`: handle now what the payment service has told."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from billing.models import EventState, PaymentEvent
from billing.payments import inbox, pulling, refunds


class Command(BaseCommand):
    """What the worker does by itself, for operators who do not want to wait."""

    help = "Settle what the payment service has told, and with --pull ask for what never came."

    def add_arguments(self, parser: CommandParser) -> None:
        """Nothing is needed."""
        parser.add_argument("--pull", action="store_true", help="Ask for events that never came.")
        parser.add_argument(
            "--failed", action="store_true", help="Try once more what was given up."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """One line about each thing that was done."""
        if options["pull"]:
            self.stdout.write(f"{pulling.run()} events had not come.")
        if options["failed"]:
            self.stdout.write(f"{inbox.again()} events are tried once more.")
        handled = 0
        while count := inbox.run():
            handled += count
        self.stdout.write(f"{handled} events were looked at.")
        while count := refunds.run_due():
            self.stdout.write(f"{count} refunds were asked for.")
        for state in (EventState.WAITING, EventState.FAILED):
            left = PaymentEvent.objects.filter(state=state).count()
            self.stdout.write(f"{left} {state.label.lower()}.")
