"""An upstream repeats the credential that we sent: it is kept nowhere, and told to nobody."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from generations import outcomes, providers
from generations.models import Protocol, ProviderAccount
from generations.providers import health
from generations.wire.task import Rejected
from tests.generations.programs import funded, native
from tests.generations.test_given_up import begun, now
from tests.serving import Quiet, serving

_TEXTS = """SELECT c.table_name, c.column_name FROM information_schema.columns c
  JOIN information_schema.tables t USING (table_schema, table_name)
 WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
   AND c.data_type IN ('text', 'character varying', 'jsonb', 'ARRAY')"""


@contextmanager
def echoing(status: int, words: str) -> Iterator[str]:
    """The address of an upstream that answers everything with these words."""
    body = json.dumps({"error": words, "message": words}).encode()

    class Server(Quiet):
        def post(self) -> None:
            self.body()
            self.get()

        def get(self) -> None:
            self.answer(status, body)

    with serving(Server) as address:
        yield address


def account_at(address: str, protocol: Protocol, credential: str) -> ProviderAccount:
    account = ProviderAccount(
        name=f"echo-{secrets.token_hex(4)}", protocol=protocol, enabled=False, base_url=address,
        serves_live=False, auth_failures=99,
    )  # fmt: skip
    account.set_credential(credential)
    account.save()
    return account


def places_of(secret: str) -> list[str]:
    """The columns, of all tables, in which it stands in clear."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        owner.execute("SELECT set_config('app.tenant', '*', true)")
        found = []
        for table, column in owner.execute(_TEXTS).fetchall():
            asked = sql.SQL("SELECT count(*) FROM {} WHERE strpos({}::text, %s) > 0").format(
                sql.Identifier(table), sql.Identifier(column)
            )
            row = owner.execute(asked, [secret]).fetchone()
            if row and row[0]:
                found.append(f"{table}.{column}")
        return found


@pytest.mark.parametrize("status", [400, 401, 402, 404, 429, 500])
@pytest.mark.parametrize(
    ("protocol", "credential", "secret"),
    [
        (Protocol.SEGMIND, "SG_{}", "SG_{}"),
        (Protocol.KLING, "AccessNo{}|{}", "{}"),
    ],
)
def test_an_answer_that_repeats_our_credential_is_kept_without_it(
    site: str, status: int, protocol: Protocol, credential: str, secret: str
) -> None:
    unique = secrets.token_hex(16)
    credential = credential.format("0", unique) if "|" in credential else credential.format(unique)
    secret = secret.format(unique)
    alice = funded()
    with echoing(status, f"Incorrect API key provided: {secret}.") as address:
        account = account_at(address, protocol, credential)
        order, attempt = begun(alice, account)
        adapter = providers.adapter(account)
        exchange = adapter.create(order.order(), external_id=attempt.external_id, callback_url="")
        outcomes.record(order, attempt, exchange)
        asked = adapter.get("text2video", "1")
        assert isinstance(asked, Rejected)
        health.trouble(account, asked)
    account.refresh_from_db()
    assert (account.disabled_because != "") == (status == 401)
    assert places_of(secret) == []
    told = native(site, alice.test_key).get(f"/generations/{order.public_id}")
    assert secret not in told.text
    code = (told.json()["error"] or {}).get("code")
    # Where a 500 told nothing, we look for the film for a while, and then give it up.
    assert (code in (None, "upstream_unknown")) == (status != 400)
    if now(order).finished_at is None:  # no worker is to go on with it
        outcomes.give_up(now(order), "deadline", "a story")
