"""A key that proved good is remembered, and never for longer than promised."""

from __future__ import annotations

from datetime import datetime

import psycopg
import pytest
from django.conf import settings as product
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import access_keys, api_keys, proven, tenancy
from kling_saas.lib.refusals import Unauthenticated
from tests.accounts.test_credentials import signed
from tests.generations.programs import native
from tests.people import customer
from tests.waiting import until


def by_another_process(statement: str, *values: object) -> None:
    """Somebody else's change, committed."""
    with psycopg.connect(product.DATABASE_OWNER_URL, autocommit=True) as other, other.transaction():
        other.execute("SELECT set_config('app.tenant', '*', true)")
        assert other.execute(statement, values).rowcount == 1


def test_a_key_seen_a_moment_ago_costs_no_question() -> None:
    alice = customer()
    with tenancy.scope(alice.organisation.pk):
        pair, secret = access_keys.issue(alice.organisation.pk, livemode=False, name="pair")
    first = api_keys.verify(alice.test_key), access_keys.verify(signed(pair.access_key, secret))
    with CaptureQueriesContext(connection) as asked:
        again = api_keys.verify(alice.test_key), access_keys.verify(signed(pair.access_key, secret))
    assert again == first
    assert [q["sql"] for q in asked if "find_" in q["sql"]] == []


def test_a_pair_is_in_use_when_a_token_of_its_own_proves_it() -> None:
    alice = customer()
    with tenancy.scope(alice.organisation.pk):
        pair, secret = access_keys.issue(alice.organisation.pk, livemode=False, name="pair")

    def last_used() -> datetime | None:
        with tenancy.scope(alice.organisation.pk):
            pair.refresh_from_db()
        return pair.last_used_at

    with pytest.raises(Unauthenticated):
        access_keys.verify(signed(pair.access_key, "x" * 43))
    assert last_used() is None
    access_keys.verify(signed(pair.access_key, secret))
    assert last_used() is not None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE accounts_apikey SET revoked_at = now() WHERE key_id = %s",
        "UPDATE accounts_apikey SET expires_at = now() WHERE key_id = %s",
        "DELETE FROM accounts_apikey WHERE key_id = %s",
    ],
)
def test_what_another_process_ends_opens_nothing_after_the_next_look(change: str) -> None:
    alice = customer()
    api_keys.verify(alice.test_key)
    by_another_process(change, alice.test_key[9:17])
    proven.forget()
    with pytest.raises(Unauthenticated):
        api_keys.verify(alice.test_key)


def test_a_suspension_is_seen_at_the_next_look() -> None:
    alice = customer()
    assert not api_keys.verify(alice.test_key).suspended
    by_another_process(
        "UPDATE accounts_organisation SET suspended_at = now() WHERE id = %s", alice.organisation.pk
    )
    proven.forget()
    assert api_keys.verify(alice.test_key).suspended


def test_a_key_expires_by_the_clock_though_it_is_remembered() -> None:
    alice = customer()
    by_another_process(
        "UPDATE accounts_apikey SET expires_at = clock_timestamp() + interval '0.3 s' "
        "WHERE key_id = %s",
        alice.test_key[9:17],
    )

    def refused() -> bool:
        try:
            api_keys.verify(alice.test_key)
        except Unauthenticated:
            return True
        return False

    assert not refused()
    until(refused, seconds=3, what="the end of the key")


def test_the_site_refuses_a_revoked_key_within_a_moment(site: str) -> None:
    alice = customer()
    program = native(site, alice.test_key)
    assert program.get("/wallet").status_code == 200
    api_keys.revoke(alice.organisation.pk, alice.test_key[9:17])
    until(lambda: program.get("/wallet").status_code == 401, seconds=3, what="the refusal")


def test_only_what_changes_has_every_process_look_again(site: str) -> None:
    """Its own product's, where nobody else changes a credential meanwhile."""
    alice = customer()
    program = native(site, alice.test_key)
    key = program.post("/keys", {"name": "a program", "scopes": ["read"]}).json()
    path = f"/keys/{key['id']}"

    def changes() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT changes FROM accounts_credential_changes")
            return int(cursor.fetchone()[0])

    def patched(**terms: object) -> int:
        answer = program.http.patch(program.root + path, json=terms, timeout=60)
        assert answer.status_code == 200
        return changes()

    before = changes()
    assert patched(scopes=["read"]) == before
    assert patched(name="another name") == before
    assert patched(scopes=["read", "generate"]) == before + 1
    assert patched(requests_per_minute=7) == before + 2
    for _ in range(3):
        assert program.http.delete(program.root + path, timeout=60).status_code == 200
        assert changes() == before + 3
