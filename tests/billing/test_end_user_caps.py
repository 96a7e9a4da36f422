"""Caps where end users are many: they count together, and none makes another's order slower."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import tenancy
from billing import caps, ledger, proof
from billing.errors import CapReached
from billing.ledger import Spender
from tests.billing import purse
from tests.billing.test_caps import key_of, member, owner, rich, spend
from tests.people import Customer

MANY = 4_000


def by(who: Customer, end_user: str, member_id: int = 0) -> Spender:
    return Spender(member=member_id, credential=key_of(who), sku="kling-v1", end_user=end_user)


def spent(of: Customer) -> dict[str, int]:
    """What counts against each cap, by its scope."""
    return {one.cap.scope: one.spent for one in caps.standings(owner(of))}


def test_what_end_users_spend_counts_against_every_cap_above_them() -> None:
    alice = rich()
    bob = member(alice).user_id or 0
    for scope, subject in (
        ("organisation", ""), ("credential", key_of(alice)), ("member", str(bob)),
    ):  # fmt: skip
        caps.put(owner(alice), scope=scope, subject=subject, period="month", amount=100)
    held = spend(alice, 20, by(alice, "ann"))
    spend(alice, 30, by(alice, "ben", bob))
    taken = spend(alice, 10, by(alice, ""))
    assert spent(alice) == {"organisation": 60, "credential": 60, "member": 30}
    with tenancy.scope(alice.organisation.pk):
        ledger.release(held)
        ledger.capture(taken, 4)
        ledger.capture(spend(alice, 15, by(alice, "ann")), 15)
    assert spent(alice) == {"organisation": 49, "credential": 49, "member": 30}
    before = purse.figures(alice.organisation.pk)
    with pytest.raises(CapReached) as refused:
        spend(alice, 52, by(alice, "cleo"))
    assert refused.value.facts["spent"] == 49
    assert purse.figures(alice.organisation.pk) == before
    spend(alice, 51, by(alice, "cleo"))
    assert proof.prove(alice.organisation.pk).holds
    purse.as_owner(
        "UPDATE billing_endusersum SET credits = credits + 1 WHERE organisation_id = %s",
        alice.organisation.pk,
    )
    drifts = proof.prove(alice.organisation.pk).drifts
    assert {one.rule for one in drifts} == {"what end users spent a day is their sum"}


@pytest.fixture
def crowd() -> Iterator[tuple[psycopg.Connection, int, Customer]]:
    """A wallet's many end users of ten days, undone at the end."""
    alice = rich()
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as books:
        books.execute("SELECT set_config('app.tenant', '*', true)")
        ((wallet,),) = books.execute(
            "SELECT id FROM billing_wallet WHERE organisation_id = %s AND livemode",
            [alice.organisation.pk],
        ).fetchall()
        books.execute(
            "INSERT INTO billing_spending (organisation_id, livemode, wallet_id, day, member, "
            "credential, sku, end_user, captured, films) SELECT %s, true, %s, "
            "(now() AT TIME ZONE 'UTC')::date - n %% 10, 0, %s, 'kling-v1', 'user ' || n, 7, 1 "
            "FROM generate_series(1, %s) n",
            [alice.organisation.pk, wallet, key_of(alice), MANY],
        )
        books.execute("ANALYZE billing_spending")
        yield books, wallet, alice
        books.rollback()


@pytest.mark.parametrize("scope", ["organisation", "credential", "end_user"])
def test_an_order_reads_no_rows_of_other_end_users(
    scope: str, crowd: tuple[psycopg.Connection, int, Customer]
) -> None:
    books, wallet, alice = crowd
    whose = {"organisation": "", "credential": key_of(alice), "end_user": "user 1"}[scope]
    cap = {"organisation": alice.organisation.pk, "wallet": wallet, "scope": scope, "whose": whose}
    books.execute(
        "INSERT INTO billing_cap (organisation_id, livemode, wallet_id, scope, subject, period, "
        "credits, created_at) VALUES (%(organisation)s, true, %(wallet)s, %(scope)s, %(whose)s, "
        "'total', 1000000, now() - interval '1 year')",
        cap,
    )

    def read() -> int:
        found = books.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables "
            "WHERE relname = 'billing_spending'"
        ).fetchone()
        assert found
        return int(found[0])

    order = "SELECT billing_hold_to_caps(%s, 1, 0, %s, 'user 1')"
    before = read()
    books.execute(order, [wallet, key_of(alice)])
    assert read() - before <= 1
    books.execute("UPDATE billing_cap SET credits = 0 WHERE wallet_id = %s", [wallet])
    with pytest.raises(psycopg.Error, match="above the cap") as refused:
        books.execute(order, [wallet, key_of(alice)])
    told = 7 if scope == "end_user" else 7 * MANY
    assert f'"spent" : {told - 1}' in str(refused.value.diag.message_detail)


def test_a_cap_of_an_end_user_looks_up_no_member_and_no_key() -> None:
    alice = rich()
    with CaptureQueriesContext(connection) as asked:
        caps.put(owner(alice), scope="end_user", subject="ann", period="day", amount=10)
    read = " ".join(query["sql"] for query in asked.captured_queries)
    assert not [name for name in ("membership", "apikey", "accesskey") if name in read]
    for scope, subject in (
        ("member", "0"), ("member", key_of(alice)), ("member", "x"), ("end_user", ""),
        ("credential", str(alice.user.pk)), ("credential", f"user:{alice.user.pk}"),
        ("credential", key_of(alice).replace(":", ":0")), ("organisation", "x"),
    ):  # fmt: skip
        with pytest.raises(caps.BadCap) as refused:
            caps.put(owner(alice), scope=scope, subject=subject, period="day", amount=10)
        assert refused.value.facts["field"] == "subject"
