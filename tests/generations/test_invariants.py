"""Each promise about a generation is found broken when somebody breaks it behind our back."""

from __future__ import annotations

import pytest

from generations import invariants, lifecycle
from generations.models import Generation
from tests.billing import purse
from tests.generations.orders import parked
from tests.generations.programs import funded


@pytest.fixture
def order() -> Generation:
    """An accepted order nobody works on."""
    return parked(funded())


def broken(order: Generation) -> set[str]:
    """The numbers of the rules that do not hold in its organisation."""
    return {b.rule.split()[0] for b in invariants.breaches(order.organisation_id)}


def tamper(table: str, change: str, order: Generation) -> None:
    """An owner's hand, past every trigger and constraint that can be switched off."""
    purse.as_owner(
        f"ALTER TABLE {table} DISABLE TRIGGER USER;"
        f"UPDATE {table} {change} AND organisation_id = {order.organisation_id};"
        f"ALTER TABLE {table} ENABLE TRIGGER USER"
    )


def test_an_order_and_its_end_break_nothing(order: Generation) -> None:
    assert broken(order) == set()
    assert lifecycle.cancel(order)
    assert broken(order) == set()


@pytest.mark.parametrize(
    ("table", "change", "rules"),
    [
        (
            "billing_hold",
            "SET status = 'released', settled_at = now() WHERE status = 'pending'",
            {"I5", "I7"},
        ),
        (
            "generations_generation",
            "SET deadline_at = now() - interval '2 hours' WHERE finished_at IS NULL",
            {"I8"},
        ),
        (
            "generations_generationevent",
            "SET status = 'failed' WHERE status = 'accepted'",
            {"I12"},
        ),
    ],
)
def test_what_somebody_changes_is_named(
    order: Generation, table: str, change: str, rules: set[str]
) -> None:
    tamper(table, change, order)
    assert broken(order) == rules
    assert any(order.public_id in b.offender for b in invariants.breaches(order.organisation_id))
