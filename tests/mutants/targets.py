"""What is mutated, and by which tests its mutants should die."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field

from kling_saas import env
from tests.mutants import sqltext, syntax
from tests.mutants.mutant import Mutant

_LEDGER = (
    "tests/billing/test_worked_examples.py",
    "tests/billing/test_returns.py",
    "tests/billing/test_the_database_refuses.py",
    "tests/billing/test_check_ledger.py",
    "tests/billing/test_races.py",
)
_CAPS = ("tests/billing/test_caps.py",)
_PLANS = tuple(
    f"tests/billing/test_plan_prices.py::test_{name}"
    for name in ("a_price", "a_busy", "the_plan", "a_plan", "figures", "what_a_plan")
)
_PRICES = ("tests/billing/test_prices.py", *_PLANS)


@dataclass(frozen=True, slots=True)
class Target:
    """A file, the tests that cover it, and how many histories of a wallet are played first.

    A test is named as pytest does, or by how that name begins; it must need no worker.
    """

    path: str
    tests: tuple[str, ...]
    histories: int = 0
    module: str = field(default="", kw_only=True)  # where the SQL is a constant of a module

    def mutants(self) -> list[Mutant]:
        """All of them."""
        if self.module:
            return sqltext.mutants(self.path, importlib.import_module(self.module).ACCEPT)
        source = (env.ROOT / self.path).read_text()
        make = sqltext.mutants if self.is_sql else syntax.mutants
        return make(self.path, source)

    @property
    def is_sql(self) -> bool:
        """Whether a mutant is a function in the database."""
        return bool(self.module) or self.path.endswith(".sql")

    def plant(self, mutant: Mutant) -> None:
        """In this process, for a target that is Python."""
        module = importlib.import_module(self.path.removesuffix(".py").replace("/", "."))
        syntax.plant(mutant, module, (env.ROOT / self.path).read_text())


TARGETS = (
    Target("billing/sql/ledger.sql", (*_LEDGER, *_CAPS), 6),
    Target("billing/sql/posting.sql", (*_LEDGER, *_CAPS), 6),
    Target("billing/sql/returns.sql", _LEDGER, 12),
    Target(
        "billing/sql/upkeep.sql",
        (*_LEDGER, "tests/billing/test_starting_credits.py", *_PLANS),
        2,
    ),
    Target("billing/sql/caps.sql", _CAPS, 6),
    Target("billing/sql/gifts.sql", ("tests/billing/test_gifts.py", *_LEDGER)),
    Target("billing/sql/guards.sql", (*_LEDGER, *_PRICES), 1),
    Target(
        "generations/sql_functions.py",
        ("tests/generations/test_accepting.py", "tests/races/test_orders.py"),
        module="generations.sql_functions",
    ),
    Target("billing/ledger.py", _LEDGER, 2),
    Target("billing/quotes.py", (*_PRICES, "tests/house/test_forgetting.py::test_an_old_quote")),
    Target("billing/caps.py", _CAPS),
    Target("billing/prices.py", _PRICES),
    Target(
        "generations/lifecycle.py",
        (
            "tests/generations/test_lifecycle.py",
            "tests/generations/test_fencing.py",
            "tests/generations/test_turns.py",
            "tests/generations/test_fair_turns.py",
            "tests/generations/test_invariants.py",
            "tests/generations/test_resending.py",
            "tests/generations/test_ingest.py::test_a_film_that_could",
            "tests/generations/test_held_calls.py::test_a_film_that_comes",
            "tests/races/test_endings.py::test_success_and_failure",
            "tests/races/test_endings.py::test_two_successes",
            "tests/races/test_endings.py::test_eight_cancels",
            "tests/races/test_endings.py::test_what_no_upstream_took",
        ),
    ),
)
