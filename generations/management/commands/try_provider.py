"""Make one real film at one upstream account; print how its answers differ from the record."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from generations import trial
from generations.models import ProviderAccount


class Command(BaseCommand):
    help = "Make one real film at ACCOUNT, for at most --max-cost credits (list price)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account", help="The account's name in the console.")
        parser.add_argument("--max-cost", type=int, required=True, help="Credits at list price.")
        parser.add_argument("--wait", type=float, default=1200.0, help="Seconds to wait for it.")

    def handle(self, *args: Any, **options: Any) -> None:
        """What was ordered, what came, what differed."""
        account = ProviderAccount.objects.filter(name=options["account"]).first()
        if account is None:
            names = ", ".join(ProviderAccount.objects.values_list("name", flat=True)) or "none"
            raise CommandError(f"There is no account {options['account']!r}; there are: {names}.")
        try:
            made = trial.run(account, max_cost=options["max_cost"], wait=options["wait"])
        except trial.TrialRefused as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(
            f"{made.params.model} {made.params.mode} {made.params.duration} s, "
            f"{made.cost} credits at list price, {made.seconds:.0f} s, {made.url}"
        )
        for line in made.differences:
            self.stdout.write(f"DIFFERENT {line}")
        if not made.differences:
            self.stdout.write("Every answer had the recorded format.")
