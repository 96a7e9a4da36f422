"""What things cost: the one function behind button, quote, hold and charge."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from billing import plans
from billing.errors import UnknownPrice
from billing.items import BillableItem, ListPrice
from billing.models import BookStatus, Plan, PlanPrice, Price, PriceBook
from kling_saas.lib.postgresql import locks

CACHE_SECONDS = 5.0
_Key = tuple[str, str, str]  # sku, key, unit


@dataclass(frozen=True, slots=True)
class Book:
    """The active price book as this process knows it, at most 5 s old.

    `of_plans` is the book as subscribers of a plan have it, by the plan's id: of those plans alone
    that have prices of their own. `unlocked_by` is the plans that unlock a SKU which is not open to
    all: at least one of them is on sale.
    """

    id: int
    version: int
    rows: Mapping[_Key, ListPrice]
    of_plans: Mapping[int, Book] = field(default_factory=dict)
    unlocked_by: Mapping[str, tuple[Plan, ...]] = field(default_factory=dict)
    read_at: float = field(default_factory=time.monotonic, compare=False)

    def by_sku(self) -> dict[str, list[ListPrice]]:
        """Its rows, those of one thing together."""
        found: dict[str, list[ListPrice]] = {}
        for row in self.rows.values():
            found.setdefault(row.sku, []).append(row)
        return found


@dataclass(frozen=True, slots=True)
class Line:
    """One priced line: `credits` is `quantity` times `unit_credits`."""

    sku: str
    key: str
    description: str
    unit: str
    quantity: int
    unit_credits: int
    credits: int

    def as_json(self) -> dict[str, Any]:
        """The line as quotes store it and the API shows it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Priced:
    """The total in whole credits, its lines, and the price book they come from."""

    credits: int
    lines: tuple[Line, ...]
    book_id: int


class _Shelf:
    """The book in this process's hand."""

    book: Book | None = None


def active_book() -> Book:
    """The prices in force. Raises UnknownPrice when nothing was published yet."""
    book = _Shelf.book
    if book is None or time.monotonic() - book.read_at > CACHE_SECONDS:
        book = _Shelf.book = _read_active()
    return book


def book_of(organisation_id: int | None) -> Book:
    """The prices that hold for an organisation: its plan's where it has any. None: everybody's.

    Raises UnknownPrice when nothing was published yet.
    """
    book = active_book()
    if organisation_id is None or not book.of_plans:
        return book
    plan = plans.telling_plan(organisation_id)
    return book if plan is None else book.of_plans.get(plan, book)


def price(items: Sequence[BillableItem], organisation_id: int | None = None) -> Priced:
    """What `items` cost an organisation, or at list price when none is named.

    Raises UnknownPrice, naming the first that is not on the list.
    """
    book = book_of(organisation_id)
    lines = tuple(_line(book, item) for item in items)
    if not lines:
        raise UnknownPrice("There is nothing to price.")
    return Priced(sum(line.credits for line in lines), lines, book.id)


def _line(book: Book, item: BillableItem) -> Line:
    row = book.rows.get((item.sku, item.key, item.unit))
    if row is None or item.quantity < 1:
        raise UnknownPrice(
            f"{item.quantity} {item.unit} of {item.sku} ({item.key}) is not on the price list."
        )
    return Line(
        sku=item.sku,
        key=item.key,
        description=item.description,
        unit=item.unit,
        quantity=item.quantity,
        unit_credits=row.credits,
        credits=row.credits * item.quantity,
    )


def _read_active() -> Book:
    found = PriceBook.objects.filter(status=BookStatus.ACTIVE).first()
    if found is None:
        raise UnknownPrice("No prices are in force: run `manage.py publish_prices`.")
    rows = _rows(found)
    of_plans = {
        plan: Book(found.pk, found.version, {**rows, **changed})
        for plan, changed in _of_plans(rows).items()
    }
    return Book(found.pk, found.version, rows, of_plans, _unlocked_by())


def _unlocked_by() -> dict[str, tuple[Plan, ...]]:
    found: dict[str, list[Plan]] = {}
    for plan in Plan.objects.exclude(unlocks=[]):
        for sku in set(plan.unlocks):
            found.setdefault(sku, []).append(plan)
    return {sku: tuple(by) for sku, by in found.items() if any(plan.active for plan in by)}


def _of_plans(rows: Mapping[_Key, ListPrice]) -> dict[int, dict[_Key, ListPrice]]:
    """By plan, the rows that cost its subscribers something else. What is not sold stays unsold."""
    found: dict[int, dict[_Key, ListPrice]] = {}
    for plan, *key, credits_each in PlanPrice.objects.values_list(
        "plan_id", "sku", "key", "unit", "credits"
    ):
        if (row := rows.get((key[0], key[1], key[2]))) is not None:
            mine = found.setdefault(plan, {})
            mine[row.sku, row.key, row.unit] = replace(row, credits=credits_each)
    return found


def _rows(book: PriceBook) -> dict[_Key, ListPrice]:
    fields = ("sku", "key", "unit", "credits", "description")
    return {
        (row["sku"], row["key"], row["unit"]): ListPrice(**row)
        for row in book.prices.values(*fields)
    }


@transaction.atomic
def publish(rows: Iterable[ListPrice], name: str) -> PriceBook:
    """Put a new version in force and retire the old one, in one transaction.

    Nothing happens when the book in force says the same; it is returned. Raises ValueError for
    an empty list or two rows with one key.
    """
    wanted: dict[_Key, ListPrice] = {}
    for row in rows:
        if wanted.setdefault((row.sku, row.key, row.unit), row) is not row:
            raise ValueError(f"two prices for {row.sku} {row.key} per {row.unit}")
    if not wanted:
        raise ValueError("an empty price list would sell nothing")
    locks.hold("billing prices")  # one publisher at a time
    old = PriceBook.objects.filter(status=BookStatus.ACTIVE).first()
    if old is not None and _rows(old) == wanted:
        return old
    newest = PriceBook.objects.order_by("-version").first()
    book = PriceBook.objects.create(version=newest.version + 1 if newest else 1, name=name)
    Price.objects.bulk_create([Price(book=book, **asdict(row)) for row in wanted.values()])
    if old is not None:
        old.status = BookStatus.RETIRED
        old.save(update_fields=["status"])
    book.status, book.effective_at = BookStatus.ACTIVE, timezone.now()
    book.save(update_fields=["status", "effective_at"])
    transaction.on_commit(_forget)
    return book


def publish_list(rows: Iterable[ListPrice], name: str) -> PriceBook:
    """`publish`, unless the book in force bears another name: an operator's book is left alone."""
    mine = PriceBook.objects.filter(status=BookStatus.ACTIVE).exclude(name=name).first()
    return mine or publish(rows, name)


def _forget() -> None:
    _Shelf.book = None
