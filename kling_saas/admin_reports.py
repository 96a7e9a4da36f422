"""What the operators' finance sees: revenue, what is still owed, breakage, margin, daily closes.

Each table is shown on one page and is a file of its own; money is rounded here, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import months, revenue
from billing.models import DayClose, LotSource
from billing.revenue import EARNED, RETURNED, Kind, Share
from billing.usage import Row as Bar
from billing.views.charts import chart
from generations import margin
from kling_saas.admin_tables import Column, Row, Table
from kling_saas.api.errors import InvalidQuery

_DAYS = 366
_NAMES = {"from": "The first day", "to": "The last day"}
_CLOSES = 31  # shown
_PERMISSION = "billing.view_transfer"


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
    """The reports of a span and its last close, each read when a table first asks for it."""

    def __init__(self, span: Span) -> None:
        self.span = span

    @cached_property
    def earned(self) -> revenue.Report:
        """What credits earned, and what is owed for them."""
        return revenue.report(self.span.first, self.span.last)

    @cached_property
    def closed(self) -> DayClose | None:
        """The last day of the span that is closed with what was owed for credits at its end."""
        mine = DayClose.objects.filter(day__gte=self.span.first, day__lte=self.span.last)
        return mine.filter(figures__has_key="deferred").order_by("-day", "-closed_at").first()

    @property
    def owed(self) -> dict[str, Share]:
        """What was unspent at its end, by source; cents are whole ones."""
        found = self.closed.figures["deferred"] if self.closed else {}
        return {
            source: Share(one["credits"], Fraction(one["cents"])) for source, one in found.items()
        }

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
        Column("returned_credits", _("Credits taken back"), "count"),
        Column("returned_cents", _("Money that went back"), "money"),
    )  # fmt: skip

    def row(name: str, day: date | None = None) -> Row:
        spent, expired, gone = (
            book.earned.total(*kinds, day=day) for kinds in (EARNED, (Kind.EXPIRED,), RETURNED)
        )
        return Row([name, *_flat(spent, expired), gone.credits, book.earned.returned(day)])

    days = [row(str(day), day) for day in book.earned.days if day <= months.today()]
    says = _("A credit’s money is what was paid for its lot, without tax: earned when it is spent.")
    return Table("revenue", _("Revenue by day"), says, columns, days, row(gettext("All")))


def by_money(book: Book) -> Table:
    """What came in, and where it is: the lines below the first one add up to it."""
    told = book.earned
    came = revenue.added(told.sold.values()).cents
    lines = [
        (gettext("Revenue"), told.total(*EARNED).cents, gettext("credits that were spent")),
        (gettext("Kept at refunds"), told.kept, gettext("credits taken back, not paid back")),
        (gettext("Lost to banks and refunds"), -told.lost,
         gettext("paid back for credits that stay: spent, or redeemed gifts")),
        (gettext("Breakage"), told.total(Kind.EXPIRED).cents, gettext("credits that expired")),
        (gettext("Money that went back"), told.returned(),
         gettext("refunds, and disputes that were lost")),
        (gettext("On its way back"), told.on_its_way, gettext("refunds and disputes still open")),
    ]  # fmt: skip
    rest = came - sum(cents for _words, cents, _for in lines)
    lines.append(
        (gettext("Deferred, more than before"), rest, gettext("credits that can still be spent"))
    )
    columns = (
        Column("what", _("What")), Column("cents", _("Money"), "money"), Column("for", _("For")),
    )  # fmt: skip
    total = Row([gettext("Paid for credits"), came, gettext("all of the above")])
    says = _("What was paid for credits in these days, without tax, and where it is.")
    rows = [Row(line) for line in lines]
    return Table("money", _("Where the money went"), says, columns, rows, total)


def by_source(book: Book) -> Table:
    """What came in, and what was owed at the last close and is now."""
    end = book.closed.day if book.closed else gettext("a closed day")
    columns = (
        Column("source", _("Source")), Column("sold_credits", _("Credits given"), "count"),
        Column("sold_cents", _("Paid for them"), "money"),
        Column("closed_credits", gettext("Unspent, end of %s") % end, "count"),
        Column("closed_cents", gettext("Deferred, end of %s") % end, "money"),
        Column("deferred_credits", _("Unspent now"), "count"),
        Column("deferred_cents", _("Deferred now"), "money"),
    )  # fmt: skip
    none = Share() if book.closed else None
    parts: tuple[tuple[dict[str, Share], Share | None], ...] = (
        (book.earned.sold, Share()), (book.owed, none), (book.earned.deferred, Share()),
    )  # fmt: skip
    rows = [
        Row([source.label, *_flat(*(part.get(source, usual) for part, usual in parts))])
        for source in LotSource
        if any(source in part for part, _usual in parts)
    ]
    all_of = (revenue.added(part.values()) if part else usual for part, usual in parts)
    total = Row([gettext("All"), *_flat(*all_of)])
    says = _(
        "Given in these days; unspent as of now, and when the last closed one of these days was "
        "over, credits held for films under way among them."
    )
    return Table("deferred", _("Deferred"), says, columns, rows, total)


def by_return(book: Book) -> Table:
    """The money that went back, beside what was paid for the credits that were taken for it."""
    columns = (
        Column("what", _("What")), Column("number", _("Number"), "count"),
        Column("returned_cents", _("Money that went back"), "money"), _CREDITS,
        Column("paid_cents", _("Paid for these credits"), "money"),
        Column("kept_cents", _("Kept"), "money"), Column("lost_cents", _("Lost"), "money"),
    )  # fmt: skip

    def row(name: str, parts: list[revenue.Back]) -> Row:
        taken = revenue.added(one.taken for one in parts)
        sums = (sum((getattr(one, of) for one in parts), Fraction(0)) for of in ("kept", "lost"))
        cents = sum((one.cents for one in parts), Fraction(0))
        return Row([name, len(parts), cents, *_flat(taken), *sums])

    back = list(book.earned.back)
    words = {"refund": gettext("Refunds"), "dispute": gettext("Disputes that were lost")}
    found = {said: [one for one in back if one.what == what] for what, said in words.items()}
    rows = [row(said, parts) for said, parts in found.items() if parts]
    says = _(
        "Settled in these days, without tax. Kept: paid for credits that were taken back, and not "
        "paid back. Lost: paid back for credits that were spent, or are with whoever redeemed a "
        "gift: they are revenue, by now or when they are spent."
    )
    total = row(gettext("All"), back) if back else None
    return Table("returned", _("Money back"), says, columns, rows, total)


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
    says = _("Credits that expired or were taken back, and what was paid for them.")
    return Table("breakage", _("Breakage and credits taken back"), says, columns, rows)


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
    "revenue": by_day, "money": by_money, "deferred": by_source, "returned": by_return,
    "breakage": by_loss, "margin": by_model, "failed": by_failure, "closes": by_close,
}  # fmt: skip


def _flat(*shares: Share | None) -> list[int | Fraction | None]:
    """None has no figures."""
    return [
        figure
        for one in shares
        for figure in ((one.credits, one.cents) if one is not None else (None, None))
    ]


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
    cents, count = Column("", "", "money"), Column("", "", "count")
    told: list[tuple[Promise | str, Share]] = [(_("Revenue"), earned.total(*EARNED))]
    if book.closed:
        then = gettext("Deferred at the end of %s") % book.closed.day
        told.append((then, revenue.added(book.owed.values())))
    told += [
        (_("Deferred now"), revenue.added(earned.deferred.values())),
        (_("Breakage"), earned.total(Kind.EXPIRED)),
    ]
    figures = [
        (label, cents.shown(one.cents), gettext("%(n)s credits") % {"n": count.shown(one.credits)})
        for label, one in told
    ]
    percent = Column("", "", "percent").shown(all_films.percent)
    owed = gettext("%(n)s credits became a debt") % {"n": count.shown(earned.unrecovered)}
    return [
        *figures,
        (_("Money that went back"), cents.shown(earned.returned()), gettext("without tax")),
        (_("Kept at refunds"), cents.shown(earned.kept), gettext("paid for credits taken back")),
        (_("Lost to banks and refunds"), cents.shown(earned.lost), owed),
        (_("Margin"), cents.shown(all_films.margin), percent),
    ]
