"""Look-ups that every request makes: one row by a function of the database, as a model.

Building a query costs Django several times what PostgreSQL needs to answer it; here that is done
once, and prepared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import connection, models

from kling_saas.lib.postgresql.base import fetch_one

M = TypeVar("M", bound=models.Model)


class OneRow(Generic[M]):
    """What `function` answers for so many `places`: RETURNS SETOF the model's table, one at most.

    The values are sent as they are: each must be of its parameter's Python type.
    """

    def __init__(self, model: type[M], function: str, places: int) -> None:
        self._model = model
        self._from = f"{function}({', '.join(['%s'] * places)})"
        self._compiled: tuple[str, Callable[[Any], M]] | None = None

    def find(self, *values: Any) -> M | None:
        """The row, or None. Who may see it is the function's to say."""
        if self._compiled is None:
            self._compiled = self._compile()
        statement, made = self._compiled
        row = fetch_one(statement, values)
        return None if row is None else made(row)

    def _compile(self) -> tuple[str, Callable[[Any], M]]:
        rows = self._model._base_manager.order_by()  # noqa: SLF001 - documented
        compiler = rows.query.get_compiler(connection=connection)
        statement, _ = compiler.as_sql()
        table = connection.ops.quote_name(self._model._meta.db_table)  # noqa: SLF001 - documented
        converters = compiler.get_converters([column for column, _, _ in compiler.select])
        names = [column.target.attname for column, _, _ in compiler.select]

        def made(row: Any) -> M:
            (values,) = compiler.apply_converters([row], converters)
            return self._model.from_db(connection.alias, names, values)

        return f"{statement.removesuffix(table)}{self._from} {table}", made
