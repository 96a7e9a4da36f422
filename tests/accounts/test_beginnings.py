"""How a transaction begins: BEGIN and its first statement travel together."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction

from accounts import tenancy
from kling_saas.lib.postgresql.base import begin_with


def _tenant() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.tenant', true)")
        return str(cursor.fetchone()[0])


def test_the_first_statement_goes_with_the_beginning_and_ends_with_the_transaction() -> None:
    with transaction.atomic():
        assert begin_with("SELECT set_config('app.tenant', '7', true)")
        assert _tenant() == "7"
    assert _tenant() in {"", "None"}


def test_a_transaction_that_has_begun_does_not_begin_again() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert not begin_with("SELECT set_config('app.tenant', '7', true)")
        assert _tenant() in {"", "None"}


def test_a_first_statement_that_fails_is_djangos_error_and_leaves_nothing_open() -> None:
    with pytest.raises(ProgrammingError, match="no_such_function"), transaction.atomic():
        begin_with("SELECT no_such_function()")
    with tenancy.system("the next transaction is whole"):
        assert _tenant() == "*"


def test_a_scope_in_a_plain_transaction_is_set_after_its_beginning() -> None:
    with transaction.atomic():
        assert _tenant() in {"", "None"}
        with tenancy.scope(5):
            assert _tenant() == "5"
        assert _tenant() == ""  # what comes after it in the same transaction sees nothing again
