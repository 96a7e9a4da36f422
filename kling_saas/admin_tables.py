"""A table of the console's reports: in words on a page, in plain figures as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.conf import settings
from django.utils.functional import Promise

from kling_saas.lib.sheets import written
from kling_saas.templatetags.screen import money


@dataclass(frozen=True, slots=True)
class Column:
    """`name` in files, `words` on the page; `money` is cents, of any fraction."""

    name: str
    words: Promise | str
    kind: Literal["text", "count", "money", "percent"] = "text"

    def shown(self, value: Any) -> str:
        """A value in words; a dash where there is none."""
        if value is None:
            return "–"
        if self.kind == "money":
            return money(round(value), settings.CURRENCY)
        if self.kind == "percent":
            return f"{float(value):.1f} %".replace("-", "−")
        return f"{value:,}" if self.kind == "count" else str(value)

    def plain(self, value: Any) -> Any:
        """A value for programs: whole cents, percent to a tenth."""
        if value is None or self.kind in {"text", "count"}:
            return value
        return round(value) if self.kind == "money" else round(float(value), 1)


@dataclass(frozen=True, slots=True)
class Row:
    """Values in the order of the columns; `link`: where the first one leads."""

    values: Sequence[Any]
    link: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """`says` what its figures are, or that there are none."""

    name: str
    title: Promise | str
    says: Promise | str
    columns: Sequence[Column]
    rows: list[Row]
    total: Row | None = None

    @property
    def shown(self) -> Iterator[tuple[Row, list[tuple[Column, str]]]]:
        """Each row with its words."""
        for row in self.rows:
            yield row, self._words(row)

    @property
    def shown_total(self) -> list[tuple[Column, str]]:
        """The words of the total; empty without one."""
        return self._words(self.total) if self.total else []

    def _words(self, row: Row) -> list[tuple[Column, str]]:
        pairs = zip(self.columns, row.values, strict=True)
        return [(column, column.shown(value)) for column, value in pairs]

    def csv(self) -> str:
        """Without the total, which a spreadsheet adds up itself."""
        pairs = [zip(self.columns, row.values, strict=True) for row in self.rows]
        rows = [[column.plain(value) for column, value in each] for each in pairs]
        return written([[column.name for column in self.columns], *rows])
