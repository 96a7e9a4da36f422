"""The ledger as a file: everything that was posted is in it, and it adds up to the balance."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from django.test import Client

from billing import entries as books
from billing import exports, filters, ledger, proof
from billing.models import LotSource
from tests.billing import histories, purse
from tests.billing.purse import LIVE
from tests.people import Customer, customer

BEGIN = datetime(2026, 3, 30, 20, tzinfo=UTC)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def exported(organisation: int, **asked: str) -> list[dict[str, str]]:
    """The CSV's lines under these filters."""
    return rows("".join(exports.csv_of(organisation, LIVE, filters.read(asked))))


def added(lines: Iterable[dict[str, str]]) -> int:
    return sum(int(line["amount"]) for line in lines)


def signed_in(person: Customer) -> Client:
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(person.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.mark.parametrize("block", range(10))
def test_a_hundred_random_wallets_add_up_whole_by_page_and_split_at_any_day(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "BATCH", 4)
    for seed in range(block * 10, block * 10 + 10):
        organisation = histories.lived(seed)
        histories.spread(organisation, BEGIN, timedelta(hours=5))
        shown = purse.figures(organisation)
        lines = exported(organisation)
        last = lines[-1]
        assert added(lines) == shown[0]
        assert (int(last["reserved_after"]), int(last["pending_after"])) == shown[1:]
        running = 0
        for line in lines:
            running += int(line["amount"])
            assert running == int(line["balance_after"])

        paged, after = [], ""
        while True:
            page = books.page(organisation, LIVE, after=after, limit=3)
            paged += page.entries
            if page.next is None:
                break
            after = page.next
        assert [entry.id for entry in reversed(paged)] == [line["id"] for line in lines]
        assert sum(entry.amount for entry in paged) == shown[0]

        cut = BEGIN.date() + timedelta(days=random.Random(seed).randint(-1, 4))
        early = exported(organisation, to=str(cut))
        late = exported(organisation, **{"from": str(cut + timedelta(days=1))})
        assert early + late == lines
        before = books.totals(organisation, LIVE, filters.read({"to": str(cut)}))
        later = books.totals(
            organisation, LIVE, filters.read({"from": str(cut + timedelta(days=1))})
        )
        assert before.closing == later.opening == added(early)
        for period in (before, later):
            assert period.opening + period.change == period.closing
        assert proof.prove(organisation).holds


def downloaded(client: Client, address: str) -> Any:
    """The answer, read to its end."""
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.streaming
    return b"".join(answer.streaming_content).decode()


def test_the_files_of_the_site_carry_the_filters_and_nothing_that_a_spreadsheet_executes() -> None:
    person = customer()
    alice, actor = person.organisation.pk, f"user:{person.user.pk}"
    formula = '=HYPERLINK("http://evil.example","x")'
    ledger.grant(alice, LIVE, 30, LotSource.GRANT, reference="@cell", reason=formula, actor=actor)
    ledger.reserve(alice, LIVE, 10, reference="gen_a")
    client = signed_in(person)

    text = downloaded(client, "/billing/statement.csv")
    lines = rows(text)
    assert tuple(lines[0]) == exports.COLUMNS
    given = next(line for line in lines if line["amount"] == "30")
    assert (given["reference"], given["reason"]) == ("'@cell", f"'{formula}")
    assert given["actor"] == person.user.email
    held = next(line for line in lines if line["generation"] == "gen_a")
    assert (held["amount"], held["reserved_after"], held["actor"]) == ("-10", "10", "Kling SaaS")
    assert added(lines) == purse.figures(alice)[0]

    film = downloaded(client, "/billing/statement.csv?type=film")
    assert [line["type"] for line in rows(film)] == ["hold"]
    told = json.loads(downloaded(client, "/billing/statement.json?reference=cell"))
    assert [(row["reason"], row["amount"]) for row in told["data"]] == [(formula, 30)]
    assert json.loads(downloaded(client, "/billing/statement.json?to=2020-01-01"))["data"] == []

    wrong = client.get("/billing/statement.csv?from=soon&type=film")
    assert wrong.headers["Location"] == "/billing/statement/entries?from=soon&type=film"
    page = client.get(wrong.headers["Location"])
    assert page.status_code == 422
    assert "The first day is a day of the calendar" in page.content.decode()


def test_programs_read_the_same_entries_by_the_same_filters(site: str) -> None:
    person = customer()
    alice = person.organisation.pk
    ledger.grant(alice, LIVE, 40, LotSource.BONUS, reference="gift")
    ledger.reserve(alice, LIVE, 25, reference="gen_1")
    key = {"Authorization": f"Bearer {person.live_key}"}

    def ask(path: str, **asked: str) -> requests.Response:
        return requests.get(f"{site}/api/v1/{path}", params=asked, headers=key, timeout=60)

    page = ask("ledger", type="hold").json()
    assert [(e["amount"], e["generation"]) for e in page["data"]] == [(-25, "gen_1")]
    lot = ask("ledger", type="grant").json()["data"][0]["lot"]
    assert [e["type"] for e in ask("ledger", lot=lot).json()["data"]] == ["hold", "grant"]
    assert ask("ledger", generation="gen_2").json()["data"] == []
    answer = ask("ledger.csv", **{"from": "2020-01-01", "type": "film"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert [line["amount"] for line in rows(answer.text)] == ["-25"]
    assert added(rows(ask("ledger.csv").text)) == 15
    for path in ("ledger", "ledger.csv"):
        refused = ask(path, to="2026-13-01")
        assert refused.status_code == 422
        assert refused.json()["violations"][0]["field"] == "to"
    assert [e["type"] for e in ask("ledger").json()["data"]] == ["hold", "grant"]
