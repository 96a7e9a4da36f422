"""Usage and pace: the counters say what the ledger says, grouped as people ask."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from django.db.models import Sum
from django.utils import timezone

from accounts import tenancy
from accounts.models import ApiKey
from billing import ledger, months, pace, titles, usage
from billing.ledger import Spender
from billing.models import LotSource, Transfer
from billing.months import Month
from tests.billing import histories, purse
from tests.billing.purse import LIVE
from tests.billing.test_exports import signed_in
from tests.people import Customer, customer


def spent_by(person: Customer) -> None:
    """A film by hand, two by a key of which one is under way, and one that came to nothing."""
    alice = person.organisation.pk
    with tenancy.scope(alice):
        key = ApiKey.objects.get(organisation_id=alice, livemode=True)
    ledger.grant(alice, LIVE, 500, LotSource.BONUS, reference="gift")
    by_hand = Spender(member=person.user.pk, sku="kling-v1")
    by_key = Spender(credential=f"key:{key.pk}", sku="lip-sync")
    holds = [
        ledger.reserve(alice, LIVE, amount, reference=f"gen_{n}", spender=who).hold_id
        for n, (amount, who) in enumerate([(30, by_hand), (40, by_key), (7, by_key), (9, by_hand)])
    ]
    with tenancy.scope(alice):
        ledger.capture(holds[0], 30)
        ledger.capture(holds[1], 38)
        ledger.release(holds[3])


def test_usage_is_told_by_day_model_key_and_member(site: str) -> None:
    person = customer()
    spent_by(person)
    key = {"Authorization": f"Bearer {person.live_key}"}

    def ask(**asked: str) -> dict[str, Any]:
        found = requests.get(f"{site}/api/v1/usage", params=asked, headers=key, timeout=60)
        told: dict[str, Any] = found.json()
        return told

    total = {"captured": 68, "reserved": 7, "films": 2}
    by_model = ask(group_by="model")
    assert by_model["total"] == total
    assert [(row["model"], row["name"], row["captured"]) for row in by_model["data"]] == [
        ("lip-sync", "Lip-sync", 38),
        ("kling-v1", "Kling 1.0", 30),
    ]
    by_key = ask(group_by="key")["data"]
    assert [(row["name"], row["captured"], row["reserved"]) for row in by_key] == [
        (f"live (…{person.live_key[-4:]})", 38, 7),
        ("The website", 30, 0),
    ]
    by_member = ask(group_by="member")["data"]
    assert [(row["member"], row["captured"]) for row in by_member] == [
        (None, 38),
        (f"user:{person.user.pk}", 30),
    ]
    days = ask(period=str(months.current()))
    assert days["total"] == total
    assert days["data"][-1] | {"name": ""} == {"day": str(months.today()), "name": "", **total}
    assert ask(period="2020-01")["total"]["captured"] == 0
    for asked in ({"period": "2026-13"}, {"group_by": "colour"}):
        assert ask(**asked)["violations"][0]["field"] == next(iter(asked))


def test_usage_is_told_by_end_user_where_any_is_named(site: str) -> None:
    person = customer()
    alice = person.organisation.pk
    spent_by(person)
    assert "By end user" not in signed_in(person).get("/billing/usage").content.decode()
    for n, (name, amount) in enumerate([("anna", 20), ("bert", 15), ("anna", 5)]):
        whose = Spender(sku="kling-v1", end_user=name)
        hold = ledger.reserve(alice, LIVE, amount, reference=f"gen_end{n}", spender=whose)
        with tenancy.scope(alice):
            ledger.capture(hold.hold_id, amount)
    key = {"Authorization": f"Bearer {person.live_key}"}
    told = requests.get(
        f"{site}/api/v1/usage", params={"group_by": "end_user"}, headers=key, timeout=60
    ).json()
    shown = [tuple(row[name] for name in ("end_user", "name", "captured")) for row in told["data"]]
    assert shown == [
        (None, "Nobody in particular", 68), ("anna", "anna", 25), ("bert", "bert", 15)
    ]  # fmt: skip
    assert told["total"]["captured"] == 108
    client = signed_in(person)
    page = client.get("/billing/usage").content.decode()
    assert "By end user" in page
    assert '<th scope="row">anna</th>' in page
    lines = list(csv.DictReader(io.StringIO(client.get("/billing/usage.csv").content.decode())))
    assert sum(int(line["captured"]) for line in lines if line["end_user"] == "anna") == 25


def test_usage_equals_what_the_ledger_captured_of_the_same_days() -> None:
    begin = datetime(2026, 3, 30, 20, tzinfo=UTC)
    for seed in range(200, 206):
        alice = histories.lived(seed, steps=25)
        histories.spread(alice, begin, timedelta(seconds=1))
        for month in (Month(2026, 3), Month(2026, 4)):
            with tenancy.scope(alice):
                captured = Transfer.objects.filter(
                    type="capture",
                    hold__spending__day__gte=month.first,
                    hold__spending__day__lt=month.end,
                    organisation_id=alice,
                )
                posted = captured.aggregate(all=Sum("amount", default=0))["all"]
            for group in usage.GROUPS:
                assert usage.total(usage.by(alice, LIVE, month, group)).captured == posted
            assert (
                sum(
                    row[usage.COLUMNS.index("captured")]
                    for row in usage.counters(alice, LIVE, month)
                )
                == posted
            )


def test_the_usage_page_draws_and_tables_the_same_figures_and_exports_them() -> None:
    person = customer()
    spent_by(person)
    client = signed_in(person)
    page = client.get("/billing/usage").content.decode()
    assert "Lip-sync" in page
    assert f"{months.today()}: 68 spent" in page
    assert "68 credits spent and 7 under way in all" in page
    lines = list(csv.DictReader(io.StringIO(client.get("/billing/usage.csv").content.decode())))
    assert [(line["model"], line["captured"], line["reserved"]) for line in lines] == [
        ("kling-v1", "30", "0"),
        ("lip-sync", "38", "7"),
    ]
    assert lines[0]["member"] == person.user.email
    wrong = client.get("/billing/usage?period=May")
    assert wrong.status_code == 422
    assert "The month is written like 2026-11." in wrong.content.decode()
    assert client.get("/billing/usage.csv?period=May").status_code == 302


@pytest.mark.parametrize(
    ("descriptions", "name"),
    [
        (["Kling 2.1 std, 5 s, silent", "Kling 2.1 pro, 10 s, silent"], "Kling 2.1"),
        (["Lip-sync, per 5 s begun"], "Lip-sync"),
        (["Effects, std", "Sounds, std"], "Effects, std"),
    ],
)
def test_a_model_is_called_what_all_its_prices_begin_with(
    descriptions: list[str], name: str
) -> None:
    assert titles.beginning(descriptions) == name


def test_the_pace_is_of_the_last_seven_days_and_says_how_long_credits_last() -> None:
    alice = purse.funded(1000)
    assert pace.of(alice, LIVE) == pace.Pace(spent=0, days_left=None)
    held = ledger.reserve(alice, LIVE, 70, reference="gen_now")
    assert pace.of(alice, LIVE).days_left is None
    with tenancy.scope(alice):
        ledger.capture(held.hold_id, 70)
    assert pace.of(alice, LIVE) == pace.Pace(spent=70, days_left=93)
    assert pace.of(alice, LIVE).a_day == 10
    old = timezone.now() - timedelta(days=pace.DAYS)
    histories.spread(alice, old, timedelta(seconds=0))
    assert pace.of(alice, LIVE).days_left is None
