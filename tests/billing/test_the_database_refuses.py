"""What no code can do to the books, however wrong it is."""

from __future__ import annotations

import os

import psycopg
import pytest
from django.db import IntegrityError

from billing import gifts, ledger
from billing.models import LotSource
from tests.billing import presents, purse
from tests.billing.purse import LIVE

MONEY = ["wallet", "lot", "hold", "holdlot", "transfer"]


def refusal(role: str, organisation: int, *statements: str) -> str:
    """The SQLSTATE with which a role is refused, in the scope of an organisation."""
    scope = f"SELECT set_config('app.tenant', '{organisation}', true)"
    try:
        with psycopg.connect(os.environ[role]) as connection:
            for statement in (scope, *statements):
                connection.execute(statement.encode())
    except psycopg.Error as refused:
        return refused.sqlstate or ""
    return "accepted"


APP, OWNER = "DATABASE_URL", "DATABASE_OWNER_URL"
FORBIDDEN, POSTED, UNBALANCED, CHECK = "42501", "KL001", "KB009", "23514"


@pytest.fixture(scope="module")
def alice() -> int:
    """Someone with a held, a charged and a returned film."""
    made = purse.funded(100)
    for number in range(3):
        ledger.reserve(made, LIVE, 10, reference=f"gen_{number}")
    return made


@pytest.mark.parametrize("table", MONEY)
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO billing_{table} DEFAULT VALUES",
        "UPDATE billing_{table} SET livemode = false",
        "DELETE FROM billing_{table}",
        "TRUNCATE billing_{table} CASCADE",
    ],
)
def test_the_application_writes_no_money_table(alice: int, table: str, statement: str) -> None:
    assert refusal(APP, alice, statement.format(table=table)) == FORBIDDEN


@pytest.mark.parametrize(
    "call",
    [
        "SELECT billing_post(1, 'grant', 'grants', 'available', 5, NULL, NULL, 'x', '', '')",
        "SELECT billing_expire_lot(1)",
        "SELECT billing_unpin_lots(1, 1)",
        "SELECT billing_settle(1, 'released', NULL)",
    ],
)
def test_the_application_cannot_call_what_is_inside_the_ledger(alice: int, call: str) -> None:
    assert refusal(APP, alice, call) == FORBIDDEN


@pytest.mark.parametrize("table", MONEY)
def test_the_owner_deletes_no_posted_row(alice: int, table: str) -> None:
    assert refusal(OWNER, alice, f"DELETE FROM billing_{table}") == POSTED
    assert refusal(OWNER, alice, f"TRUNCATE billing_{table} CASCADE") == POSTED


def test_the_owner_changes_no_transfer_and_no_pin(alice: int) -> None:
    assert refusal(OWNER, alice, "UPDATE billing_transfer SET amount = 1") == POSTED
    assert refusal(OWNER, alice, "UPDATE billing_holdlot SET amount = 1") == POSTED


def test_a_settled_hold_stays_settled() -> None:
    bob = purse.funded(10)
    held = ledger.reserve(bob, LIVE, 10, reference="gen_a").hold_id
    purse.as_owner("SELECT billing_release(%s)", held)
    again = "UPDATE billing_hold SET status = 'captured', captured = 10"
    assert refusal(OWNER, bob, again) == POSTED


def test_a_wallet_shows_only_what_was_posted(alice: int) -> None:
    assert refusal(OWNER, alice, "UPDATE billing_wallet SET available = 999") == UNBALANCED
    assert refusal(OWNER, alice, "UPDATE billing_wallet SET available = -1") == CHECK


POST = """
INSERT INTO billing_transfer (organisation_id, livemode, wallet_id, public_id, sequence, type,
    debit, credit, amount, available_after, reserved_after, pending_after, reference, reason)
SELECT organisation_id, livemode, wallet_id, 'led_x', sequence + {step}, '{type}',
    '{debit}', '{credit}', {amount}, available_after + {change}, reserved_after + {held},
    pending_after + {pending}, 'x', ''
  FROM billing_transfer ORDER BY sequence DESC LIMIT 1
"""
GIFT = {
    "step": 1, "type": "grant", "debit": "grants", "credit": "available", "amount": 5, "change": 5,
    "held": 0, "pending": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "state"),
    [
        ({"change": 6}, UNBALANCED),
        ({"held": 1}, UNBALANCED),
        ({"pending": 1}, UNBALANCED),
        ({"step": 2}, UNBALANCED),
        ({"debit": "revenue"}, UNBALANCED),
        ({"type": "hold", "debit": "available", "credit": "revenue", "change": -5}, UNBALANCED),
        ({"amount": -5, "change": -5}, CHECK),
        ({"amount": 0, "change": 0}, CHECK),
    ],
)
def test_a_transfer_that_does_not_follow_is_refused(
    alice: int, wrong: dict[str, object], state: str
) -> None:
    assert refusal(OWNER, alice, POST.format(**{**GIFT, **wrong})) == state


def test_a_lot_never_holds_more_than_was_granted_or_less_than_nothing(alice: int) -> None:
    assert refusal(OWNER, alice, "UPDATE billing_lot SET remaining = granted + 1") == CHECK
    assert refusal(OWNER, alice, "UPDATE billing_lot SET remaining = -1") == CHECK


def test_without_a_scope_there_is_no_money_to_see(alice: int) -> None:
    with psycopg.connect(os.environ[APP]) as connection:
        for table in MONEY:
            row = connection.execute(f"SELECT count(*) FROM billing_{table}".encode()).fetchone()
            assert row == (0,)


def test_a_row_never_points_into_another_tenant_s_wallet(alice: int) -> None:
    mallory = purse.funded(1)
    foreign = (
        "INSERT INTO billing_hold (organisation_id, livemode, wallet_id, amount, reference, "
        f"spending_id) SELECT {mallory}, true, id, 1, 'x', 1 FROM billing_wallet "
        f"WHERE organisation_id = {alice}"
    )
    everyone = "SELECT set_config('app.tenant', '*', true)"
    assert refusal(OWNER, mallory, everyone, foreign) == "23503"


def test_a_gift_is_redeemed_once_and_for_good() -> None:
    buyer, taker = purse.organisation().pk, purse.organisation().pk
    made = presents.paid(buyer, 10)
    given = gifts.reference(made)
    ledger.grant(taker, LIVE, 10, LotSource.GIFT, reference=given)
    with pytest.raises(IntegrityError, match="one_lot_per_gift"):
        ledger.grant(buyer, LIVE, 10, LotSource.GIFT, reference=given)
    void = "UPDATE billing_gift SET status = 'void', ended_at = now(), void_for = 'refund:ref_x'"
    taken = "UPDATE billing_gift SET status = 'redeemed', ended_at = now(), void_for = ''"
    again = "UPDATE billing_gift SET status = 'open', ended_at = NULL, void_for = ''"
    assert refusal(OWNER, buyer, void, again) == "accepted"
    for statements in ((taken, again), (taken, void), (void, taken)):
        assert refusal(OWNER, buyer, *statements) == POSTED
    for changed in ("code_hash = 'x'", "status = 'unpaid'", "purchase_id = 0"):
        assert refusal(OWNER, buyer, f"UPDATE billing_gift SET {changed}") == POSTED
    assert refusal(OWNER, buyer, "DELETE FROM billing_gift") == POSTED
