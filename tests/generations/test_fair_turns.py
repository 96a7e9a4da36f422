"""Organisations take turns: one with many orders waiting delays nobody else's first."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from accounts import tenancy
from generations import dispatch
from generations.models import Generation, ProviderAccount
from tests.generations.orders import parked
from tests.generations.programs import funded


def due(*orders: Generation) -> None:
    """They become due inside the open scope, where no running worker sees it."""
    Generation.objects.filter(pk__in=[o.pk for o in orders]).update(
        next_run_at=Now() - timedelta(seconds=1)
    )


def test_the_only_order_of_one_goes_with_the_first_of_another_s_twenty() -> None:
    alice, bob = funded(), funded("bob")
    many = [parked(alice) for _ in range(20)]
    only = parked(bob)
    with tenancy.system("turns across tenants"):
        due(*many, only)
        mine = {o.pk for o in (*many, only)}
        order = [pk for pk in dispatch.turns(100) if pk in mine]
        assert order[:2] == [many[0].pk, only.pk]
        assert order[2:] == [o.pk for o in many[1:]][: len(order) - 2]


def test_without_room_nothing_new_is_looked_at_but_what_is_past_its_deadline() -> None:
    waiting, late = parked(funded()), parked(funded("bob"))
    with tenancy.system("turns across tenants"):
        due(waiting, late)
        Generation.objects.filter(pk=late.pk).update(deadline_at=Now() - timedelta(seconds=1))
        paused = ProviderAccount.objects.filter(enabled=True)
        before = dict(paused.values_list("pk", "paused_until"))
        paused.update(paused_until=timezone.now() + timedelta(minutes=1))
        found = set(dispatch.turns(100)) & {waiting.pk, late.pk}
        for pk, until in before.items():
            ProviderAccount.objects.filter(pk=pk).update(paused_until=until)
        assert found == {late.pk}
