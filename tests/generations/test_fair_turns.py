"""Organisations take turns by weight, within a limit of their own, whoever hands over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts import tenancy
from accounts.models import Organisation
from generations import lanes, lifecycle, routing, turns
from generations.models import Breaker, BreakerState, Generation, ProviderAccount, Status
from tests.generations.orders import parked
from tests.generations.programs import funded
from tests.people import Customer


def share(of: Customer, **columns: int | None) -> Customer:
    """What an operator sets."""
    with tenancy.scope(of.organisation.pk):
        Organisation.objects.filter(pk=of.organisation.pk).update(**columns)
    return of


def due(*orders: Generation) -> None:
    """They become due inside the open scope, where no running worker sees it."""
    Generation.objects.filter(pk__in=[o.pk for o in orders]).update(
        next_run_at=Now() - timedelta(seconds=1)
    )


def busy(account: ProviderAccount) -> int:
    """How many of its places are taken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT generations_in_flight(%s)", [account.pk])
        return int(cursor.fetchone()[0])


@contextmanager
def alone(*orders: Generation, places: int = 1000) -> Iterator[None]:
    """Only these wait, and the accounts have so many places; undone at the end."""
    with tenancy.system("turns across tenants"), transaction.atomic():
        # Accounts first, as the running workers lock them.
        ProviderAccount.objects.update(enabled=False)
        first = ProviderAccount.objects.filter(name="sandbox-kling")
        first.update(enabled=True, concurrency=places + busy(first.get()))
        routing.forget()
        others = Generation.objects.filter(status=Status.ACCEPTED)
        others.exclude(pk__in=[o.pk for o in orders]).update(
            next_run_at=timezone.now() + timedelta(days=1)
        )
        due(*orders)
        yield
        transaction.set_rollback(True)
    routing.forget()


def handed_over(most: int) -> list[int]:
    """The next in turn go to the upstream, one after the other; their ids."""
    account = ProviderAccount.objects.get(name="sandbox-kling")
    gone = turns.due(most)
    for pk in gone:
        lifecycle.hand_over(Generation.objects.get(pk=pk), account, keep_lease=True)
        Generation.objects.filter(pk=pk).update(lease_until=Now() + timedelta(minutes=1))
    return gone


def test_the_only_order_of_one_goes_with_the_first_of_another_s_twenty() -> None:
    alice, bob = funded(), funded("bob")
    many = [parked(alice) for _ in range(20)]
    only = parked(bob)
    with alone(*many, only):
        assert turns.due(100) == [many[0].pk, only.pk, *[o.pk for o in many[1:]]]


def test_one_place_at_a_time_is_shared_as_fairly_as_many() -> None:
    alice, bob = funded(), funded("bob")
    many = [parked(alice) for _ in range(8)]
    few = [parked(bob) for _ in range(3)]
    with alone(*many, *few):
        rounds = [handed_over(1)[0] for _ in range(8)]
    assert [("bob" if pk in {o.pk for o in few} else "alice") for pk in rounds] == [
        "alice", "bob", "alice", "bob", "alice", "bob", "alice", "alice",
    ]  # fmt: skip


@pytest.mark.parametrize("at_once", [1, 3, 12])
def test_weight_three_gets_three_turns_for_one(at_once: int) -> None:
    heavy, light = share(funded(), dispatch_weight=3), funded("bob")
    orders = [parked(heavy) for _ in range(12)] + [parked(light) for _ in range(12)]
    with alone(*orders):
        gone = [pk for _ in range(12 // at_once) for pk in handed_over(at_once)]
        owners = {o.pk: o.organisation_id for o in orders}
    assert Counter(owners[pk] for pk in gone) == {
        heavy.organisation.pk: 9,
        light.organisation.pk: 3,
    }


def test_who_was_away_has_saved_up_no_turns() -> None:
    alice, bob = funded(), funded("bob")
    many = [parked(alice) for _ in range(10)]
    late = [parked(bob) for _ in range(4)]
    with alone(*many, *late):
        Generation.objects.filter(pk__in=[o.pk for o in late]).update(
            next_run_at=timezone.now() + timedelta(days=1)
        )
        assert len(handed_over(6)) == 6
        due(*late)
        after = turns.due(4)
    assert sorted(pk in {o.pk for o in late} for pk in after) == [False, False, True, True]


def test_without_room_nothing_new_is_looked_at_but_what_is_past_its_deadline() -> None:
    waiting, late = parked(funded()), parked(funded("bob"))
    with alone(waiting, late, places=0):
        Generation.objects.filter(pk=late.pk).update(deadline_at=Now() - timedelta(seconds=1))
        assert turns.due(100) == [late.pk]


def test_no_more_are_looked_at_than_the_organisation_may_have_under_way() -> None:
    alice, bob = share(funded(), concurrency=2), funded("bob")
    many = [parked(alice) for _ in range(5)]
    other = [parked(bob) for _ in range(3)]
    with alone(*many, *other):
        assert [pk for pk in turns.due(100) if pk in {o.pk for o in many}] == [
            many[0].pk,
            many[1].pk,
        ]
        assert len(handed_over(100)) == 5
        assert turns.due(100) == []


def test_six_dispatchers_at_once_hand_over_no_more_than_the_organisation_may() -> None:
    alice = share(funded(), concurrency=2)
    orders = [parked(alice) for _ in range(12)]
    together = Barrier(6)

    def hand_over(mine: list[Generation]) -> int:
        together.wait()
        done = 0
        for order in mine:
            with lifecycle.scope(order), transaction.atomic():
                if turns.seat(order):
                    lifecycle.hand_over(order, account, keep_lease=True)
                    done += 1
        connection.close()
        return done

    account = ProviderAccount.objects.create(
        name=f"seats-{alice.organisation.pk}", protocol="kling", enabled=False,
        base_url="http://127.0.0.1:1",
    )  # fmt: skip
    with ThreadPoolExecutor(6) as pool:
        done = sum(pool.map(hand_over, [orders[n::6] for n in range(6)]))
    try:
        assert done == 2
        with tenancy.scope(alice.organisation.pk):
            mine = Generation.objects.filter(organisation=alice.organisation)
            assert Counter(mine.values_list("status", flat=True)) == {
                Status.SUBMITTING: 2,
                Status.ACCEPTED: 10,
            }
            first = mine.filter(status=Status.SUBMITTING).first()
        # One ends: its place is the next one's.
        lifecycle.fail(first, "internal", "It ends.")
        with lifecycle.scope(orders[0]):
            assert turns.seat(mine.filter(status=Status.ACCEPTED).first())
    finally:
        with tenancy.scope(alice.organisation.pk):
            for order in Generation.objects.filter(
                finished_at=None, organisation=alice.organisation
            ):
                lifecycle.fail(order, "internal", "It ends.")


@pytest.mark.parametrize(
    "wrong", [{"dispatch_weight": 0}, {"dispatch_weight": 101}, {"concurrency": 0}]
)
def test_a_share_that_means_nothing_is_refused_by_the_database(wrong: dict[str, int]) -> None:
    alice = funded()
    with pytest.raises(IntegrityError):
        share(alice, **wrong)


def test_a_put_back_order_needs_no_second_place() -> None:
    alice = share(funded(), concurrency=1)
    order, rival = parked(alice), parked(alice)
    with alone(order, rival):
        assert handed_over(100) == [order.pk]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT generations_seat(%s, false, %s), generations_seat(%s, false, %s)",
                [alice.organisation.pk, order.pk, alice.organisation.pk, rival.pk],
            )
            assert cursor.fetchone() == (True, False)


def test_what_was_put_back_keeps_nobody_else_of_its_organisation_waiting() -> None:
    alice = share(funded(), concurrency=1)
    order, rival = parked(alice), parked(alice)
    with alone(order, rival):
        assert handed_over(100) == [order.pk]
        assert turns.due(100) == []
        lifecycle.put_back(Generation.objects.get(pk=order.pk), again_in=60)
        assert handed_over(100) == [rival.pk]
        seats = [turns.seat(Generation.objects.get(pk=each.pk)) for each in (order, rival)]
        assert seats == [False, True]


def test_many_that_were_put_back_go_first_to_a_place_but_fill_no_round() -> None:
    alice, bob = funded(), funded("bob")
    back = [parked(alice) for _ in range(20)]
    elsewhere, new = parked(bob), parked(bob)
    with alone(*back, elsewhere, new):
        full, idle = ProviderAccount.objects.order_by("pk")[:2]
        both = ProviderAccount.objects.filter(pk__in=[idle.pk, full.pk])
        both.update(enabled=True, concurrency=1000, disabled_because="", paused_until=None)
        for order in (*back, new):
            lane_of(order, full)
        lane_of(elsewhere, idle)
        Generation.objects.filter(pk__in=[o.pk for o in back]).update(status=Status.SUBMITTING)
        place = ProviderAccount.objects.filter(pk=full.pk)
        place.update(concurrency=busy(full))
        assert turns.due(16) == [elsewhere.pk]
        place.update(concurrency=busy(full) + 2)
        assert turns.due(16) == [back[0].pk, back[1].pk, elsewhere.pk]
        place.update(concurrency=1000)
        assert turns.due(16) == [*[o.pk for o in back[:8]], elsewhere.pk, new.pk]


def test_look_ups_fill_no_round_either() -> None:
    asked, new = [parked(funded()) for _ in range(10)], [parked(funded("bob")) for _ in range(9)]
    with alone(*asked, *new):
        somewhere = ProviderAccount.objects.get(name="sandbox-kling")
        Generation.objects.filter(pk__in=[o.pk for o in asked]).update(
            status=Status.SUBMITTING, account=somewhere
        )
        due = turns.due(16)
    assert due == [o.pk for o in (*asked[:8], *new[:8])]


def lane_of(order: Generation, *accounts: ProviderAccount) -> None:
    """It can be made by these alone."""
    Generation.objects.filter(pk=order.pk).update(lane=[a.pk for a in accounts])


def test_of_a_lane_no_more_are_looked_at_than_have_a_place_and_others_pass() -> None:
    alice, bob = funded(), funded("bob")
    many = [parked(alice) for _ in range(5)]
    only, elsewhere = parked(bob), parked(alice)
    with alone(*many, only, elsewhere):
        idle, full = ProviderAccount.objects.order_by("pk")[:2]
        ProviderAccount.objects.filter(pk__in=[idle.pk, full.pk]).update(
            enabled=True, concurrency=1000, serves_test=True, disabled_because="", paused_until=None
        )
        for order in [*many, only]:
            lane_of(order, full)
        lane_of(elsewhere, idle)
        place = ProviderAccount.objects.filter(pk=full.pk)
        place.update(concurrency=busy(full) + 2)
        assert set(turns.due(100)) == {many[0].pk, only.pk, elsewhere.pk}
        place.update(concurrency=busy(full))
        assert turns.due(100) == [elsewhere.pk]
        Generation.objects.filter(pk=only.pk).update(lane=None)
        assert set(turns.due(100)) == {only.pk, elsewhere.pk}


def test_of_lanes_that_share_an_open_account_the_first_in_turn_goes() -> None:
    alice, bob = funded(), funded("bob")
    first, second = parked(alice), parked(bob)
    with alone(first, second):
        one, other = ProviderAccount.objects.order_by("pk")[:2]
        accounts = ProviderAccount.objects.filter(pk__in=[one.pk, other.pk])
        accounts.update(enabled=True, concurrency=0, disabled_because="", paused_until=None)
        lane_of(first, one, other)
        lane_of(second, one)
        ProviderAccount.objects.filter(pk=one.pk).update(concurrency=busy(one) + 1)
        assert turns.due(100) == [first.pk]


def test_a_model_that_fails_upstream_hides_no_other_and_is_tried_with_one_order() -> None:
    alice = funded()
    failing = [parked(alice) for _ in range(20)]
    works = parked(alice)
    with alone(*failing, works):
        one = ProviderAccount.objects.get(name="sandbox-kling")
        for order in (*failing, works):
            lane_of(order, one)
        Generation.objects.filter(pk=works.pk).update(kind="multi-image2video")
        rests = Breaker.objects.update_or_create(
            account=one, model=failing[0].model,
            defaults={"state": BreakerState.OPEN, "next_probe_at": Now() + timedelta(minutes=1)},
        )[0]  # fmt: skip
        assert turns.due(16) == [works.pk]
        Breaker.objects.filter(pk=rests.pk).update(next_probe_at=Now() - timedelta(seconds=1))
        assert turns.due(100) == [failing[0].pk, works.pk]
        Breaker.objects.filter(pk=rests.pk).update(state=BreakerState.CLOSED)
        assert turns.due(16) == [order.pk for order in failing[:16]]


def test_an_order_leaves_a_lane_that_is_its_own_no_more_and_only_then() -> None:
    stays, strays = parked(funded()), parked(funded("bob"))
    with alone(stays, strays):
        right = routing.lane(stays.order(), livemode=False)
        Generation.objects.filter(pk=stays.pk).update(lane=right)
        Generation.objects.filter(pk=strays.pk).update(lane=[*right, 10**9])
        lanes.refresh()
        kept = dict(
            Generation.objects.filter(pk__in=[stays.pk, strays.pk]).values_list("pk", "lane")
        )
        assert kept == {stays.pk: right, strays.pk: None}
