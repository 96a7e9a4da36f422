"""Which bells are rung for what is due, and how many workers they may take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.test import override_settings
from django_q.models import OrmQ

from generations import bells
from generations.due import Due

MUCH = Due(
    polls=True, news=True, calls=True, dispatch=True, deliveries=True, payments=True, films=50,
    previews=True,
)  # fmt: skip


@pytest.fixture(autouse=True)
def nobody_answers() -> Iterator[None]:
    """No cluster sees the rows of a transaction that is undone, and meanwhile nobody else rings."""
    with transaction.atomic():
        connection.cursor().execute("LOCK TABLE django_q_ormq IN EXCLUSIVE MODE")
        OrmQ.objects.all().delete()
        yield
        transaction.set_rollback(True)


def rung(cluster: str) -> Counter[str]:
    bells_of = OrmQ.objects.filter(key=cluster)
    return Counter(str(bell.task["func"]).rpartition(".")[2] for bell in bells_of)


@override_settings(SWEEP_SECONDS=-1, WORKERS_SHORT=2, WORKERS_MEDIA=2)
def test_what_may_wait_for_others_takes_one_worker_of_each_cluster() -> None:
    for _ in range(10):
        bells.ring(MUCH)
    assert rung("short") == {"dispatch": 2, "settle_payments": 1, "sweep": 1}
    OrmQ.objects.filter(key="short").delete()
    bells.ring(MUCH)  # in turn
    assert rung("short") == {"dispatch": 1, "deliver": 1, "sweep": 1}
    assert rung("media") == {"take_in": 3, "catch_up": 1}


@override_settings(SWEEP_SECONDS=10**9)
def test_nothing_is_rung_for_nothing() -> None:
    bells.ring(Due(False, False, False, False, False, False, 0, False))
    assert (rung("short"), rung("media")) == ({}, {})
