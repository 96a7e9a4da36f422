"""Queries of Django's that are compiled once: for look-ups that every request makes.

Building a query costs Django several times what PostgreSQL needs to answer it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

from django.db import connection, models
from django.db.models.sql.compiler import SQLCompiler

from kling_saas.lib.postgresql.base import fetch_one

M = TypeVar("M", bound=models.Model)


class Slot(models.Expression):
    """Stands in a query for the value that each call brings."""

    def __init__(self, output_field: models.Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """A place for one value, which is this slot until a call fills it."""
        return "%s", (self,)


class OneRow(Generic[M]):
    """The one row that matches values of `fields`, such as those of a unique index.

    The values are sent as they are: each must be of its column's Python type.
    """

    def __init__(self, model: type[M], *fields: str) -> None:
        self._model, self._fields = model, fields
        self._compiled: tuple[str, list[int], Callable[[Any], M]] | None = None

    def find(self, *values: Any) -> M | None:
        """The row, or None. Needs what the model's manager needs, such as an open scope."""
        if self._compiled is None:
            self._compiled = self._compile()
        statement, order, made = self._compiled
        row = fetch_one(statement, [values[place] for place in order])
        return None if row is None else made(row)

    def _compile(self) -> tuple[str, list[int], Callable[[Any], M]]:
        about, manager = self._model._meta, self._model._default_manager  # noqa: SLF001 - documented
        fields = [cast("models.Field[Any, Any]", about.get_field(name)) for name in self._fields]
        slots = [Slot(field) for field in fields]
        rows = manager.filter(**dict(zip(self._fields, slots, strict=True)))
        compiler = rows.order_by().query.get_compiler(connection=connection)
        statement, places = compiler.as_sql()
        converters = compiler.get_converters([column for column, _, _ in compiler.select])
        names = [column.target.attname for column, _, _ in compiler.select]

        def made(row: Any) -> M:
            (values,) = compiler.apply_converters([row], converters)
            return self._model.from_db(connection.alias, names, values)

        return statement, [slots.index(place) for place in places], made
