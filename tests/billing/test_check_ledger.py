"""The proof of the books finds every kind of drift, stops the spending and repairs nothing."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from accounts import tenancy
from accounts.models import Organisation
from billing import ledger
from billing.errors import WalletFrozen
from billing.models import Wallet
from tests.billing import purse
from tests.billing.purse import LIVE


def check(organisation: int, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and output of `manage.py check_ledger --organisation`."""
    with tenancy.scope(organisation):
        public_id = Organisation.objects.get(pk=organisation).public_id
    code = 0
    try:
        call_command("check_ledger", organisation=public_id, books=True)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, capsys.readouterr().out


def damage(organisation: int, table: str, change: str) -> None:
    """What no trigger of ours would have let happen."""
    where = f"{'AND' if 'WHERE' in change else 'WHERE'} organisation_id = {organisation}"
    if table == "wallet":
        where = where.replace("organisation_id", "livemode AND organisation_id")
    act = "DELETE FROM" if change.startswith("WHERE") else "UPDATE"
    purse.as_owner(
        f"ALTER TABLE billing_{table} DISABLE TRIGGER USER;"
        f"{act} billing_{table} {change} {where};"
        f"ALTER TABLE billing_{table} ENABLE TRIGGER USER"
    )


@pytest.fixture
def alice() -> int:
    """100 bought, 30 charged, 20 held."""
    made = purse.funded(100)
    charged = ledger.reserve(made, LIVE, 30, reference="gen_a").hold_id
    with tenancy.scope(made):
        ledger.capture(charged, 30)
    ledger.reserve(made, LIVE, 20, reference="gen_b")
    return made


def test_books_that_add_up_are_printed_and_pass(
    alice: int, capsys: pytest.CaptureFixture[str]
) -> None:
    code, output = check(alice, capsys)
    assert code == 0
    assert output.splitlines() == [
        "Live credits",
        "  available                 50",
        "  held                      20",
        "  purchases               -100",
        "  revenue                   30",
        "  sum                        0",
        "Test credits",
        "  sum                        0",
        "1 wallets, 4 transfers. The books add up.",
    ]


@pytest.mark.parametrize(
    ("table", "change", "rule"),
    [
        ("wallet", "SET available = available + 1", "available is the sum of its transfers"),
        ("wallet", "SET reserved = 0", "reserved is the sum of its transfers"),
        ("wallet", "SET pending = 1", "pending is the sum of its transfers"),
        ("wallet", "SET owed = 1", "owed is the sum of its transfers"),
        ("wallet", "SET sequence = 3", "the newest transfer bears the wallet's number"),
        ("lot", "SET remaining = remaining - 1", "lots hold what is available"),
        ("lot", "SET granted = granted + 1", "lots were granted by transfers"),
        (
            "hold",
            "SET amount = 21 WHERE reference = 'gen_b'",
            "pending holds are what is reserved",
        ),
        (
            "hold",
            "SET captured = 29 WHERE reference = 'gen_a'",
            "every hold agrees with its pins and transfers",
        ),
        ("spending", "SET reserved = 21", "what was spent a day is the sum of its holds"),
        ("spending", "SET captured = 29", "what was spent a day is the sum of its holds"),
        ("spending", "SET films = 2", "what was spent a day is the sum of its holds"),
        ("holdlot", "SET amount = amount + 1", "every hold agrees with its pins and transfers"),
        (
            "transfer",
            "SET available_after = 69 WHERE sequence = 2",
            "every transfer follows from the one before",
        ),
        (
            "transfer",
            "SET reserved_after = 1 WHERE sequence = 3",
            "every transfer follows from the one before",
        ),
        (
            "transfer",
            "SET pending_after = 1 WHERE sequence = 3",
            "every transfer follows from the one before",
        ),
        (
            "transfer",
            "SET sequence = 9 WHERE sequence = 4",
            "transfers are numbered without a gap",
        ),
    ],
)
def test_drift_is_named_and_the_wallet_frozen(
    alice: int, table: str, change: str, rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(alice, table, change)
    before = purse.figures(alice)
    code, output = check(alice, capsys)
    assert code == 1
    assert rule in output
    assert f"Frozen: the live wallet of organisation {alice}" in output
    assert purse.figures(alice) == before
    with pytest.raises(WalletFrozen):
        ledger.reserve(alice, LIVE, 1, reference="gen_c")
    with tenancy.scope(alice):
        assert Wallet.objects.get().frozen_reason.startswith("check_ledger: not so: ")


def test_figures_that_no_transfer_stands_for_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    bob = purse.organisation().pk
    ledger.open_wallet(bob, LIVE)
    purse.as_owner(
        "ALTER TABLE billing_wallet DISABLE TRIGGER USER;"
        "UPDATE billing_wallet SET available = 1, reserved = 1, pending = 1, owed = 1, sequence = 1"
        f" WHERE organisation_id = {bob};"
        "ALTER TABLE billing_wallet ENABLE TRIGGER USER"
    )
    code, output = check(bob, capsys)
    assert code == 1
    for rule in (
        *(f"{figure} is the sum" for figure in ("available", "reserved", "pending", "owed")),
        "the newest transfer bears", "lots hold what is available", "pending holds are what",
    ):  # fmt: skip
        assert rule in output


@pytest.mark.parametrize("figure", ["reserved", "captured", "films"])
def test_a_day_of_spending_without_a_hold_is_drift(
    alice: int, figure: str, capsys: pytest.CaptureFixture[str]
) -> None:
    purse.as_owner(
        "INSERT INTO billing_spending "
        f"(organisation_id, livemode, wallet_id, day, member, credential, sku, {figure}) "
        "SELECT organisation_id, livemode, wallet_id, day - 1, member, credential, sku, 1 "
        "FROM billing_spending WHERE organisation_id = %s LIMIT 1",
        alice,
    )
    code, output = check(alice, capsys)
    assert (code, "what was spent a day is the sum of its holds" in output) == (1, True)


@pytest.mark.parametrize(
    ("figure", "rules"),
    [
        ("available", ("available is the sum of its transfers", "lots hold what is available")),
        (
            "reserved",
            ("reserved is the sum of its transfers", "pending holds are what is reserved"),
        ),
        ("pending", ("pending is the sum of its transfers",)),
        ("owed", ("owed is the sum of its transfers",)),
        ("sequence", ("the newest transfer bears the wallet's number",)),
    ],
)
def test_figures_of_a_wallet_without_a_transfer_are_drift(
    figure: str, rules: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    empty = purse.organisation().pk
    with tenancy.scope(empty):
        ledger.open_wallet(empty, LIVE)
    assert check(empty, capsys)[0] == 0
    damage(empty, "wallet", f"SET {figure} = 1")
    code, output = check(empty, capsys)
    assert (code, [rule for rule in rules if rule not in output]) == (1, [])


def test_a_lot_that_no_transfer_gave_is_drift(capsys: pytest.CaptureFixture[str]) -> None:
    alice = purse.funded(1)
    damage(alice, "transfer", "WHERE lot_id IS NOT NULL")
    code, output = check(alice, capsys)
    assert (code, "lots were granted by transfers" in output) == (1, True)


@pytest.mark.parametrize("table", ["holdlot", "transfer"])
def test_a_hold_of_one_credit_that_nothing_was_taken_for_is_drift(
    table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    alice = purse.funded(1)
    ledger.reserve(alice, LIVE, 1, reference="gen_a")
    damage(alice, table, "WHERE hold_id IS NOT NULL")
    code, output = check(alice, capsys)
    assert (code, "every hold agrees with its pins and transfers" in output) == (1, True)
