"""The statement that people read: one line per film, and the same sum as the ledger's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from accounts import tenancy
from accounts.models import ApiKey
from billing import entries as books
from billing import filters, ledger, statements
from billing.ledger import Spender
from billing.models import Lot, LotSource
from kling_saas.api.errors import InvalidQuery
from tests.billing import histories, purse
from tests.billing.purse import LIVE
from tests.people import customer

BEGIN = datetime(2026, 3, 30, 20, tzinfo=UTC)


def test_a_film_is_one_line_with_what_was_held_charged_and_returned() -> None:
    alice = purse.funded(100)
    paid, partly, lost, _under_way = (
        ledger.reserve(alice, LIVE, amount, reference=f"gen_{amount}") for amount in (5, 10, 20, 30)
    )
    with tenancy.scope(alice):
        ledger.capture(paid.hold_id, 5)
        ledger.capture(partly.hold_id, 4)
        ledger.release(lost.hold_id)
    lines = statements.page(alice, LIVE).lines
    assert [(x.state, x.generation, x.held, x.charged, x.returned, x.change) for x in lines] == [
        ("pending", "gen_30", 30, None, None, -30),
        ("released", "gen_20", 20, 0, 20, 0),
        ("captured", "gen_10", 10, 4, 6, -4),
        ("captured", "gen_5", 5, 5, 0, -5),
        ("purchase", None, None, None, None, 100),
    ]
    assert sum(x.change for x in lines) == purse.figures(alice)[0] == 61


def test_the_lines_are_paged_without_a_gap() -> None:
    alice = purse.funded(100)
    for number in range(5):
        held = ledger.reserve(alice, LIVE, number + 1, reference=f"gen_{number}")
        with tenancy.scope(alice):
            ledger.release(held.hold_id)
    first = statements.page(alice, LIVE, limit=4)
    second = statements.page(alice, LIVE, after=first.next or "", limit=4)
    assert [x.held for x in first.lines] == [5, 4, 3, 2]
    assert ([x.held for x in second.lines], second.next) == ([1, None], None)
    assert statements.page(alice, LIVE, after="led_unknown").lines == []


def test_the_balance_beside_each_line_is_the_sum_up_to_it_and_a_period_adds_up() -> None:
    alice = histories.lived(7, steps=30)
    histories.spread(alice, BEGIN, timedelta(hours=5))
    lines = statements.page(alice, LIVE, limit=100).lines
    running = 0
    for line in reversed(lines):
        running += line.change
        assert line.balance == running
    assert running == purse.figures(alice)[0]
    found = [line.id for line in lines]
    films = filters.read({"type": "film"})
    assert [
        (line.id, line.balance) for line in statements.page(alice, LIVE, films, limit=2).lines
    ] == [(line.id, line.balance) for line in lines if line.generation][:2]
    of_films = [line.change for line in lines if line.generation]
    assert statements.part(alice, LIVE, films) == books.Part(len(of_films), sum(of_films))
    for day in range(5):
        cut = BEGIN.date() + timedelta(days=day)
        early = filters.read({"to": str(cut)})
        late = filters.read({"from": str(cut + timedelta(days=1))})
        first, second = (statements.totals(alice, LIVE, part) for part in (early, late))
        assert first.opening + first.change == first.closing == second.opening
        assert second.opening + second.change == second.closing == running
        parts = [statements.page(alice, LIVE, part, limit=100).lines for part in (late, early)]
        assert [line.id for part in parts for line in part] == found
        assert sum(line.change for line in parts[1]) == first.change
        of_films = [line.change for line in parts[0] if line.generation]
        shown = statements.part(alice, LIVE, replace(late, type="film"))
        assert shown == books.Part(len(of_films), sum(of_films))


def test_filters_choose_by_spender_lot_and_reference() -> None:
    person = customer()
    alice = person.organisation.pk
    with tenancy.scope(alice):
        key = ApiKey.objects.get(organisation_id=alice, livemode=True)
    me = f"user:{person.user.pk}"
    ledger.grant(alice, LIVE, 50, LotSource.GRANT, reference="first", actor=me)
    ledger.grant(alice, LIVE, 50, LotSource.BONUS, reference="purchase:pur_9:bonus")
    spender = Spender(member=person.user.pk, sku="kling-v1")
    by_hand = ledger.reserve(alice, LIVE, 40, reference="gen_hand", spender=spender)
    program = Spender(credential=f"key:{key.pk}", sku="kling-v1")
    by_key = ledger.reserve(alice, LIVE, 20, reference="gen_key", spender=program)
    with tenancy.scope(alice):
        ledger.capture(by_hand.hold_id, 40)
        ledger.release(by_key.hold_id)
        lots = dict(Lot.objects.filter(wallet__livemode=LIVE).values_list("reference", "public_id"))

    def found(**asked: str) -> list[tuple[str, str]]:
        entries = books.page(alice, LIVE, filters.read(asked)).entries
        return [(entry.type, entry.reference) for entry in reversed(entries)]

    hand = [("hold", "gen_hand"), ("capture", "gen_hand")]
    by_program = [("hold", "gen_key"), ("release", "gen_key")]
    assert found(member=me) == [("grant", "first"), *hand]
    assert found(key=f"key:{key.pk}") == by_program
    assert found(generation="gen_hand") == hand
    films = [hand[0], by_program[0], hand[1], by_program[1]]
    assert found(lot=lots["first"]) == [("grant", "first"), *films]
    assert found(lot=lots["purchase:pur_9:bonus"])[0] == ("grant", "purchase:pur_9:bonus")
    ledger.refund(alice, LIVE, 5, lot="purchase:pur_9:bonus", reference="refund:1", reason="")
    of_purchase = [("grant", "purchase:pur_9:bonus"), ("refund", "refund:1")]
    assert found(reference="PUR_9") == of_purchase
    assert found(reference="fund:1") == of_purchase[1:]
    assert found(type="capture") == [("capture", "gen_hand")]
    assert found(type="film") == films


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("from", "yesterday"),
        ("from", "2026-02-30"),
        ("to", "2026-11-01T25:00:00Z"),
        ("to", "9999-12-31"),
        ("type", "gift"),
        ("member", "12"),
        ("key", "key:x"),
        ("lot", "5"),
        ("generation", "a b"),
        ("reference", "a\x00b"),
        ("reference", "x" * 121),
    ],
)
def test_a_bad_filter_is_refused_by_its_name(field: str, value: str) -> None:
    with pytest.raises(InvalidQuery) as refusal:
        filters.read({field: value})
    assert refusal.value.facts["violations"][0]["field"] == field


def test_days_are_whole_and_moments_end_without_their_own() -> None:
    days = filters.read({"from": "2026-11-01", "to": "2026-11-30"})
    assert (days.since, days.until) == (
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2026, 12, 1, tzinfo=UTC),
    )
    moments = filters.read({"from": "2026-11-01T10:00 02:00", "to": "2026-11-01T12:00:00Z"})
    assert moments.since is not None
    assert moments.until is not None
    assert moments.until - moments.since == timedelta(hours=4)
    with pytest.raises(InvalidQuery, match="to must not be before from"):
        filters.read({"from": "2026-11-02", "to": "2026-11-01T12:00:00Z"})
