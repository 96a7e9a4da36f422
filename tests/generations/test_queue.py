"""Places in the queue, and how long the wait is: exact figures of made-up queues."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts import tenancy
from generations import attempts, lifecycle, queueing, routing, standing, turns, waiting
from generations.models import AttemptOutcome, Generation, ProviderAccount, Status
from generations.providers import breakers
from generations.queueing import MOST, Flying, Glance, Queue, free_in, starts_in
from generations.views.words import about, place
from generations.waiting import Eta, expected
from generations.wire.task import Reason
from tests.generations.orders import parked
from tests.generations.programs import funded
from tests.generations.test_fair_turns import alone, share

TURN = 12  # of weight 1


def queue(
    number: int, waiting: int, *, tag: int = 0, weight: int = 1, lane: tuple[int, ...] = (1,)
) -> Queue:
    return Queue(number, False, lane, waiting, number, tag, TURN // weight)


def positions(*queues: Queue, of: int) -> list[int]:
    glance = Glance(sorted(queues, key=lambda q: (q.tag, q.head)))
    mine = next(q for q in queues if q.organisation == of)
    line = glance.line(mine.lane, livemode=mine.livemode)
    seen = glance.queue_of(mine.whose, mine.lane)
    return [line.position(seen or mine, nth + 1) for nth in range((seen or mine).waiting)]


def test_one_order_stands_behind_the_first_of_five_thousand() -> None:
    assert positions(queue(1, 5000), queue(2, 1), of=2) == [2]


def test_equals_take_turns() -> None:
    assert positions(queue(1, 3), queue(2, 3), of=1) == [1, 3, 5]
    assert positions(queue(1, 3), queue(2, 3), of=2) == [2, 4, 6]


def test_weight_three_has_three_turns_between_two_of_one() -> None:
    assert positions(queue(1, 9, weight=3), queue(2, 3), of=2) == [2, 6, 10]
    assert positions(queue(1, 7, weight=3), queue(2, 3), of=1) == [1, 3, 4, 5, 7, 8, 9]


def test_who_had_a_turn_already_is_behind_who_had_none() -> None:
    assert positions(queue(1, 2, tag=TURN), queue(2, 2), of=1) == [2, 4]


def test_a_queue_that_ends_stands_before_nobody() -> None:
    assert positions(queue(1, 1), queue(2, 4), of=2) == [2, 3, 4, 5]


def test_who_waits_for_other_accounts_stands_before_nobody() -> None:
    assert positions(queue(1, 7, lane=(2, 3)), queue(2, 2, lane=(1,)), of=2) == [1, 2]
    assert positions(queue(1, 7, lane=(2, 3)), queue(2, 2, lane=(1, 2)), of=2) == [2, 4]


def test_of_one_organisation_too_only_what_waits_for_the_same_accounts_counts() -> None:
    other, mine = queue(1, 7, lane=(2,)), queue(2, 1)
    assert positions(other, queue(1, 2), mine, of=2) == [2]
    own = [queue(1, 7, lane=(2,)), queue(1, 2)]
    assert Glance(own).queue_of((1, False), (1,)) == own[1]
    merged = Glance(own).queue_of((1, False), (1, 2))
    assert merged is not None
    assert merged.waiting == 9


def test_the_other_mode_counts_only_where_accounts_are_shared() -> None:
    mine, live = queue(1, 1), Queue(0, True, (2,), 7, 0, 0, TURN)
    assert positions(mine, live, of=1) == [1]
    assert positions(mine, replace(live, lane=(1, 2)), of=1) == [2]
    assert positions(mine, replace(live, lane=None), of=1) == [1]


def test_what_is_accepted_is_counted_until_the_next_reading() -> None:
    glance = Glance([queue(1, 2), queue(1, 4, lane=(2,))])
    assert [glance.arrives((1, False), (1,)) for _ in range(2)] == [3, 4]
    assert glance.arrives((1, False), (2,)) == 5
    assert glance.arrives((1, False), (1, 2)) == 10
    assert glance.arrives((9, False), (1,)) == 1


def test_positions_are_counted_up_to_a_thousand() -> None:
    many = [queue(n, 3) for n in range(1500)]
    assert positions(*many, of=1499) == [MOST, MOST, MOST]
    assert positions(queue(1, 3000), of=1)[998:1001] == [999, 1000, 1000]


def test_places_are_free_now_or_when_their_films_end() -> None:
    assert free_in(4, [7.0, 3.0]) == [0.0, 0.0, 3.0, 7.0]
    assert free_in(2, [9.0, 1.0, 4.0]) == [4.0, 9.0]


def test_thirty_orders_on_four_free_places_wait_in_rounds() -> None:
    starts = [starts_in(nth, free_in(4, []), 10.0) for nth in range(1, 31)]
    assert starts == [10.0 * (n // 4) for n in range(30)]


def test_a_place_is_had_as_the_films_there_end() -> None:
    places = free_in(3, [2.0, 5.0, 8.0])
    assert [starts_in(nth, places, 10.0) for nth in (1, 2, 3, 4, 5)] == [2.0, 5.0, 8.0, 12.0, 15.0]


def test_the_wait_is_added_to_the_making_and_spreads_like_a_root() -> None:
    made = Eta(10.0, 14.0)
    assert expected(0.0, 0.0, made) == Eta(10.0, 14.0)
    assert expected(35.0, 30.0, made) == Eta(45.0, 53.0)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "about 5\u00a0s"),
        (38.2, "about 40\u00a0s"),
        (61.0, "about 70\u00a0s"),
        (200.0, "about 3\u00a0min"),
        (7000.0, "about 2\u00a0h"),
    ],
)
def test_a_time_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert about(seconds) == said


def test_a_place_is_said_as_people_say_it() -> None:
    assert [place(n) for n in (1, 3, 22, MOST)] == [
        "next in the queue",
        "3rd in the queue",
        "22nd in the queue",
        "more than 999 before it",
    ]


# ------------------------------------------------------------------ as read from the database


def told(order: Generation) -> waiting.Outlook:
    waiting.forget()
    return waiting.outlook(Generation.objects.get(pk=order.pk))


def only_these(*orders: Generation) -> None:
    """Inside a scope that is undone: the orders other tests left are not in the queue."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE generations_generation SET status = 'submitting', handed_over_at = NULL "
            "WHERE status = 'accepted' AND NOT id = ANY(%s)",
            [[o.pk for o in orders]],
        )


def test_positions_are_those_in_which_the_turns_go() -> None:
    heavy, light = share(funded(), dispatch_weight=3), funded("bob")
    orders = [parked(who) for who in (heavy, light, heavy, heavy, heavy, light, heavy)]
    with alone(*orders):
        only_these(*orders)
        by_turns = turns.due(100)
        by_position = sorted(orders, key=lambda o: told(o).position or 0)
        assert [o.pk for o in by_position] == by_turns
        assert [told(o).position for o in by_position] == [1, 2, 3, 4, 5, 6, 7]
    waiting.forget()


def test_a_limit_of_its_own_makes_an_organisation_wait_though_places_are_free() -> None:
    alice = share(funded(), concurrency=1)
    orders = [parked(alice) for _ in range(3)]
    with alone(*orders, places=10):
        only_these(*orders)
        made = waiting.usual(orders[0]).p50
        etas = [told(o).eta for o in orders]
        assert [round((e.p50 - etas[0].p50) / made) for e in etas if etas[0] and e] == [0, 1, 2]
    waiting.forget()


def test_once_handed_over_there_is_no_position_and_the_wait_stays_in_the_time() -> None:
    order = parked(funded())
    with alone(order):
        account = ProviderAccount.objects.get(name="sandbox-kling")
        Generation.objects.filter(pk=order.pk).update(
            created_at=timezone.now() - timedelta(seconds=60)
        )
        lifecycle.hand_over(Generation.objects.get(pk=order.pk), account)
        seen = told(order)
        assert seen.position is None
        assert seen.eta is not None
        assert seen.eta.p50 == pytest.approx(60 + waiting.usual(order).p50, abs=5)
    waiting.forget()


def test_what_an_upstream_put_back_waits_anew_and_its_time_says_so() -> None:
    order = parked(funded())
    with alone(order):
        account = ProviderAccount.objects.get(name="sandbox-kling")
        lifecycle.hand_over(Generation.objects.get(pk=order.pk), account)
        lifecycle.put_back(Generation.objects.get(pk=order.pk), again_in=30)
        Generation.objects.filter(pk=order.pk).update(
            created_at=timezone.now() - timedelta(seconds=500),
            handed_over_at=timezone.now() - timedelta(seconds=490),
        )
        again = Generation.objects.get(pk=order.pk)
        seen = told(order)
        left = waiting.left(again, seen)
        assert seen.position == 1
        assert standing.public_status(again) == "queued"
        assert left == pytest.approx(waiting.usual(order).p50, abs=5)
        mine = Generation.objects.filter(pk=order.pk)
        assert mine.filter(standing.told_as("queued")).exists()
        assert not mine.filter(standing.told_as("processing")).exists()
        lifecycle.hand_over(again, account)
        assert mine.filter(standing.told_as("processing")).exists()
        at = Generation.objects.get(pk=order.pk).handed_over_at
        assert at is not None
        assert timezone.now() - at < timedelta(seconds=30)
    waiting.forget()


def test_equal_films_of_an_age_are_counted_together_and_each_keeps_its_place() -> None:
    whose = funded()
    orders = [parked(whose) for _ in range(6)]
    with alone(*orders):
        account = ProviderAccount.objects.get(name="sandbox-kling")
        for order, age in zip(orders, (50, 51, 52, 52, 900, 901), strict=True):
            Generation.objects.filter(pk=order.pk).update(
                status=Status.IN_FLIGHT,
                account=account,
                handed_over_at=timezone.now() - timedelta(seconds=age),
            )
        queueing.forget()
        flying = [f for f in queueing.look().flying if f.organisation == whose.organisation.pk]
        assert sorted((f.films, round(f.age)) for f in flying) == [(2, 900), (4, 51)]
    waiting.forget()


def test_while_no_account_is_in_service_nobody_promises_a_time() -> None:
    order = parked(funded())
    with tenancy.system("a test looks on"), alone(order):
        ProviderAccount.objects.update(
            enabled=True, paused_until=timezone.now() + timedelta(minutes=1)
        )
        routing.forget()
        seen = told(order)
        assert (seen.position is not None, seen.eta) == (True, None)
    waiting.forget()
    routing.forget()


def test_while_no_account_takes_orders_of_a_product_nobody_promises_a_time() -> None:
    order = parked(funded(), task="text-to-audio", model=None, seconds=3)
    with tenancy.system("a test looks on"), alone(order):
        routing.forget()
        assert told(order).eta is not None
        assert waiting.warnings(order.order(), livemode=False) == []
        for account in ProviderAccount.objects.all():
            for _ in range(settings.BREAKER_FAILURES):
                breakers.record(account.pk, order.called, ok=False)
        assert waiting.warnings(order.order(), livemode=False) == [waiting.NOBODY]
        seen = told(order)
        assert (seen.position is not None, seen.eta) == (True, None)
    waiting.forget()
    routing.forget()


def test_of_an_order_that_every_account_has_refused_for_good_nobody_promises_a_time() -> None:
    order = parked(funded())
    with alone(order):
        for account in routing.able(order.order(), livemode=False):
            assert told(order).eta is not None
            now = Generation.objects.get(pk=order.pk)
            attempt = attempts.begin(now, account)
            why = {"reason": Reason.DISCONTINUED, "message": "gone"}
            attempts.close(now, attempt, AttemptOutcome.REJECTED, **why)
            lifecycle.put_back(now, again_in=30)
        seen = told(order)
        assert (seen.position, seen.eta) == (1, None)
    waiting.forget()


def test_a_film_over_its_time_is_not_said_to_have_come() -> None:
    order = parked(funded())
    with alone(order):
        account = ProviderAccount.objects.get(name="sandbox-kling")
        lifecycle.hand_over(Generation.objects.get(pk=order.pk), account)
        made = waiting.usual(order)
        for seconds, is_told in ((made.p50, True), (made.p90 + 1, False)):
            ago = timezone.now() - timedelta(seconds=seconds)
            Generation.objects.filter(pk=order.pk).update(created_at=ago, handed_over_at=ago)
            assert bool(told(order).eta) == is_told
    waiting.forget()


def test_a_film_over_its_time_is_said_to_end_soon() -> None:
    film = Flying(1, 1, False, None, "kling-v1", "text2video", None, 0, True, 500.0)
    assert waiting._left(100.0, film) == 10.0


def test_a_reading_serves_for_a_while_and_counts_what_came_since() -> None:
    queueing.forget()
    first = queueing.look()
    first.arrives((7, False), (1,))
    assert queueing.look() is first
    queueing.forget()
    assert queueing.look() is not first
