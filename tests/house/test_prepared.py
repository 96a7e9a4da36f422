"""What is asked again and again is prepared once, where the database keeps it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import override_settings

from kling_saas.lib.postgresql import base


@pytest.mark.parametrize(("wanted", "kept"), [(True, 1), (False, 0)])
def test_a_call_is_prepared_unless_that_is_forbidden_and_nothing_else_is(
    wanted: bool, kept: int
) -> None:
    call = f"SELECT %s::text || 'prepared {wanted}'"
    with override_settings(DATABASE_PREPARE=wanted):
        assert base.fetch_one(call, ["is "]) == (f"is prepared {wanted}",)
    with connection.cursor() as cursor:
        for _ in range(7):
            cursor.execute("SELECT 'told often'")
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        told = [statement for (statement,) in cursor.fetchall()]
    assert sum(f"prepared {wanted}" in statement for statement in told) == kept
    assert not [statement for statement in told if "told often" in statement]
