"""What the operators' finance sees: revenue, what is still owed, breakage, margin, daily closes.

Each table is shown on one page and is a file of its own; money is rounded here, once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import exports, months, revenue
from billing.models import DayClose, LotSource
from billing.revenue import EARNED, RETURNED, Kind, Share
from billing.usage import Row as Bar
from billing.views.charts import chart
from generations import margin
from kling_saas.api.errors import InvalidQuery
from kling_saas.templatetags.screen import money

_DAYS = 366
_NAMES = {"from": "The first day", "to": "The last day"}
_CLOSES = 31  # shown
_PERMISSION = "billing.view_transfer"


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
        return exports.written([[column.name for column in self.columns], *rows])


@dataclass(frozen=True, slots=True)
class Span:
    """The days `first` to `last`, UTC."""

    first: date
    last: date

    @property
    def query(self) -> str:
        """The same as an address says it."""
        return f"from={self.first}&to={self.last}"


class Book:
    """The two reports of a span, each read when a table first asks for it."""

    def __init__(self, span: Span) -> None:
        self.span = span

    @cached_property
    def earned(self) -> revenue.Report:
        """What credits earned, and what is owed for them."""
        return revenue.report(self.span.first, self.span.last)

    @cached_property
    def margins(self) -> margin.Report:
        """What films brought and cost."""
        return margin.report(self.span.first, self.span.last)


def read(query: QueryDict) -> Span:
    """`from` and `to` of an address, this month by default. Raises InvalidQuery."""
    month, found = months.current(), []
    for name, usual in (("from", month.first), ("to", month.last)):
        try:
            found.append(date.fromisoformat(query.get(name) or str(usual)))
        except ValueError:
            says = f"{_NAMES[name]} is a day of the calendar, written like 2026-11-01."
            raise InvalidQuery(name, says) from None
    first, last = found
    if not timedelta(0) <= last - first < timedelta(days=_DAYS):
        raise InvalidQuery("to", f"The last day is the first or later, by less than {_DAYS} days.")
    if not 2000 <= first.year <= last.year <= 2999:
        raise InvalidQuery("from", "The first day is one of this millennium.")
    return Span(first, last)


# -------------------------------------------------------------------- tables

_CREDITS = Column("credits", _("Credits"), "count")
_REVENUE = Column("revenue_cents", _("Revenue"), "money")


def by_day(book: Book) -> Table:
    """What each day earned, and what else left the lots on it."""
    columns = (
        Column("day", _("Day")), Column("credits", _("Credits spent"), "count"), _REVENUE,
        Column("expired_credits", _("Credits expired"), "count"),
        Column("breakage_cents", _("Breakage"), "money"),
        Column("returned_credits", _("Credits returned"), "count"),
        Column("returned_cents", _("Returned"), "money"),
    )  # fmt: skip

    def row(name: str, day: date | None = None) -> Row:
        parts = (EARNED, (Kind.EXPIRED,), RETURNED)
        return Row([name, *_flat(*(book.earned.total(*kinds, day=day) for kinds in parts))])

    days = [row(str(day), day) for day in book.earned.days if day <= months.today()]
    says = _("A credit’s money is what was paid for its lot, without tax: earned when it is spent.")
    return Table("revenue", _("Revenue by day"), says, columns, days, row(gettext("All")))


def by_source(book: Book) -> Table:
    """What came in, and what is owed now."""
    columns = (
        Column("source", _("Source")), Column("sold_credits", _("Credits given"), "count"),
        Column("sold_cents", _("Paid for them"), "money"),
        Column("deferred_credits", _("Credits unspent now"), "count"),
        Column("deferred_cents", _("Deferred now"), "money"),
    )  # fmt: skip
    sold, owed = book.earned.sold, book.earned.deferred
    rows = [
        Row([source.label, *_flat(sold.get(source, Share()), owed.get(source, Share()))])
        for source in LotSource
        if source in sold or source in owed
    ]
    total = Row([gettext("All"), *_flat(*(revenue.added(each.values()) for each in (sold, owed)))])
    says = _("Given in these days; unspent as of now, credits held for films under way among them.")
    return Table("deferred", _("Deferred"), says, columns, rows, total)


def by_loss(book: Book) -> Table:
    """What expired and what went back, by the source of the credits."""
    columns = (
        Column("what", _("What")), Column("source", _("Source")), _CREDITS,
        Column("cents", _("Paid for them"), "money"),
    )  # fmt: skip
    words = {
        Kind.EXPIRED: gettext("Expired"), Kind.REFUNDED: gettext("Refunded"),
        Kind.CLAWED_BACK: gettext("Clawed back"), Kind.REINSTATED: gettext("Given back again"),
    }  # fmt: skip
    rows = [
        Row([said, LotSource(source).label, *_flat(lost)])
        for kind, said in words.items()
        for source in LotSource
        if (lost := _left(book.earned, kind, source)).credits
    ]
    says = _("Breakage is what was paid for credits that expired.")
    return Table("breakage", _("Breakage and returns"), says, columns, rows)


def _left(report: revenue.Report, kind: Kind, source: str) -> Share:
    return revenue.added(m.share for m in report.moved if (m.kind, m.source) == (kind, source))


_COST = (
    Column("cost_cents", _("Cost"), "money"),
    Column("estimated_cents", _("of it estimated"), "money"),
)


def by_model(book: Book) -> Table:
    """Films that were charged, and what is left of their revenue."""
    columns = (
        Column("model", _("Model")), Column("account", _("Upstream account")),
        Column("films", _("Films"), "count"), _CREDITS, _REVENUE, *_COST,
        Column("margin_cents", _("Margin"), "money"), Column("margin_percent", "%", "percent"),
    )  # fmt: skip

    def row(name: str, account: str, one: margin.Line) -> Row:
        costs = one.cost, one.estimated, one.margin, one.percent
        return Row([name, account, one.films, *_flat(one.share), *costs])

    made = book.margins.made
    rows = [row(one.model or gettext("No film"), one.account or "–", one) for one in made]
    total = row(gettext("All"), "", sum(made, margin.Line())) if made else None
    says = _(
        "Films charged in these days. A cost that no upstream told is an estimate by the account’s "
        "cost book."
    )
    return Table("margin", _("Margin by model and upstream account"), says, columns, rows, total)


def by_failure(book: Book) -> Table:
    """What was not charged, and may be billed."""
    columns = (
        Column("model", _("Model")), Column("account", _("Upstream account")),
        Column("attempts", _("Attempts"), "count"), *_COST,
    )  # fmt: skip

    def row(name: str, account: str, one: margin.Line) -> Row:
        return Row([name, account, one.films, one.cost, one.estimated])

    failed = book.margins.failed
    rows = [row(one.model, one.account, one) for one in failed]
    total = row(gettext("All"), "", sum(failed, margin.Line())) if failed else None
    says = _("Attempts of these days that brought no charge and may be on an upstream’s bill.")
    return Table("failed", _("Paid for nothing"), says, columns, rows, total)


def by_close(book: Book) -> Table:
    """The last closes, whatever the span."""
    columns = (
        Column("day", _("Day")), Column("payment_service", _("Payment service")),
        Column("differences", _("Differences"), "count"), Column("closed_at", _("Closed")),
    )  # fmt: skip
    rows = [
        Row(
            [str(one.day), one.get_vendor_display(), len(one.differences),
             f"{one.closed_at:%Y-%m-%d %H:%M} UTC"],
            reverse("admin:billing_dayclose_change", args=[one.pk]),
        )
        for one in DayClose.objects.order_by("-day", "vendor")[:_CLOSES]
    ]  # fmt: skip
    says = _("Books proven, and payments held against the payment service’s; 0 is to zero.")
    return Table("closes", _("Daily closes"), says, columns, rows)


TABLES = {
    "revenue": by_day, "deferred": by_source, "breakage": by_loss, "margin": by_model,
    "failed": by_failure, "closes": by_close,
}  # fmt: skip


def _flat(*shares: Share) -> list[int | Fraction]:
    return [figure for one in shares for figure in (one.credits, one.cents)]


# -------------------------------------------------------------------- pages


def page(request: HttpRequest, site: dict[str, Any]) -> HttpResponse:
    """Everything of a span; `site` is what each page of the console knows."""
    _allowed(request)
    context: dict[str, Any] = {**site, "title": _("Reports"), "subtitle": None}
    try:
        book = Book(read(request.GET))
    except InvalidQuery as refusal:
        asked = {"sentence": refusal.detail, "span": read(QueryDict())}
        return TemplateResponse(request, "admin/reports.html", {**context, **asked}, status=422)
    tables = [table(book) for table in TABLES.values()]
    days = [(row.values[0], round(row.values[2])) for row in tables[0].rows]
    month = months.of(book.span.first)
    context |= {
        "span": book.span, "tables": tables, "figures": _figures(book), "before": month.previous,
        "after": month.next if month < months.current() else None,
        "chart": chart([Bar(day, day, cents, 0, 0) for day, cents in days]),
        "currency": settings.CURRENCY,
    }  # fmt: skip
    return TemplateResponse(request, "admin/reports.html", context)


def file(request: HttpRequest, name: str) -> HttpResponse:
    """One table as CSV."""
    _allowed(request)
    if name not in TABLES:
        raise Http404
    try:
        span = read(request.GET)
    except InvalidQuery as refusal:
        return HttpResponse(refusal.detail, status=422, content_type="text/plain; charset=utf-8")
    called = f"{name}-{span.first}-{span.last}.csv"
    return HttpResponse(
        TABLES[name](Book(span)).csv(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{called}"'},
    )


def _allowed(request: HttpRequest) -> None:
    if not request.user.has_perm(_PERMISSION):
        raise PermissionDenied


def _figures(book: Book) -> list[tuple[Promise | str, str, str]]:
    """Label, money and a word on it."""
    earned, all_films = book.earned, book.margins.total
    told = [
        (_("Revenue"), earned.total(*EARNED)),
        (_("Deferred now"), revenue.added(earned.deferred.values())),
        (_("Breakage"), earned.total(Kind.EXPIRED)),
        (_("Returned"), earned.total(*RETURNED)),
    ]
    cents, count = Column("", "", "money"), Column("", "", "count")
    figures = [
        (label, cents.shown(one.cents), gettext("%(n)s credits") % {"n": count.shown(one.credits)})
        for label, one in told
    ]
    percent = Column("", "", "percent").shown(all_films.percent)
    owed = gettext("%(n)s credits") % {"n": count.shown(earned.unrecovered)}
    return [
        *figures,
        (_("Margin"), cents.shown(all_films.margin), percent),
        (_("Taken back after they were spent"), owed, gettext("became a debt")),
    ]
