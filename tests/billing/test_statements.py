"""The statement that people read: one line per film, and the same sum as the ledger's."""

from __future__ import annotations

from accounts import tenancy
from billing import ledger, statements
from tests.billing import purse
from tests.billing.purse import LIVE


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
