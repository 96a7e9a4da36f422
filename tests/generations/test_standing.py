"""Where orders stand is told alike by Python, by the ORM and by the database's functions."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import BigIntegerField, Value

from generations import standing
from generations.models import Generation, Status


@pytest.mark.parametrize("account", [None, 1])
@pytest.mark.parametrize("status", Status)
def test_with_nobody_is_said_three_times_alike(status: Status, account: int | None) -> None:
    by_python = standing.with_nobody(Generation(status=status, account_id=account))
    at = Value(account, BigIntegerField())
    by_the_orm = standing.WITH_NOBODY.check({"status": status, "account": at})
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {standing.WITH_NOBODY_SQL}, {standing.PUT_BACK_SQL}"
            " FROM (VALUES (%s::text, %s::bigint)) AS g (status, account_id)",
            [status, account],
        )
        by_sql, put_back = cursor.fetchone()
    assert by_python == by_the_orm == by_sql
    assert put_back == (by_python and status == Status.SUBMITTING)
