"""A month's statement drawn as PDF.

The product's own fonts are Latin only, so the paper has Noto Sans (billing/fonts): Latin, Greek
and Cyrillic. What else a name is written in is shown as question marks, beside the id.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from fontTools.ttLib import TTFont
from fpdf import FPDF, XPos, YPos

from billing.models import Lot
from billing.monthly import Statement
from billing.templatetags.words import figure, signed
from billing.views.words import said
from kling_saas.lib import product

_FONTS = Path(__file__).parent.parent / "fonts"
_FACES = {"": "noto-sans-regular.ttf", "B": "noto-sans-bold.ttf"}
_MINUS = "\N{MINUS SIGN}"  # on our pages; the font has only the hyphen
_WIDTH = 180.0  # millimetres between the margins of an A4 page
_ROW = 6.5
_INK, _SOFT, _LINE = (32, 30, 40), (100, 98, 108), (205, 203, 198)


def drawn(statement: Statement) -> bytes:
    """The PDF."""
    paper = _Paper(statement)
    paper.head()
    paper.sums()
    paper.kinds()
    paper.models()
    paper.lots()
    return bytes(paper.output())


@cache
def _printable() -> frozenset[int]:
    with TTFont(_FONTS / _FACES[""], lazy=True) as font:
        return frozenset(font.getBestCmap())


def printed(text: str) -> str:
    """The text as the paper can show it; letters with marks of their own become one."""
    known = _printable()
    plain = unicodedata.normalize("NFC", text).replace(_MINUS, "-")
    return "".join(letter if ord(letter) in known else "?" for letter in plain)


class _Paper(FPDF):
    """Sections of the paper, from top to bottom."""

    def __init__(self, statement: Statement) -> None:
        super().__init__(format="A4")
        self.told = statement
        self.title_ = _("Statement %(month)s") % {
            "month": date_format(statement.month.first, "F Y")
        }
        for style, file in _FACES.items():
            self.add_font("noto", style, _FONTS / file)
        self.set_margin(15)
        self.set_auto_page_break(True, 20)
        self.set_title(self.title_)
        self.set_author(product.NAME)
        self.set_lang("en")
        self.add_page()

    def footer(self) -> None:
        """Whose it is and which page, on each."""
        self.set_y(-15)
        whose = printed(f"{self.told.organisation.name} · {self.told.organisation.public_id}")
        self._write(f"{product.NAME} · {self.title_} · {whose}", 150, size=8, soft=True)
        self._write(f"{self.page_no()} / {{nb}}", 30, size=8, soft=True, right=True, ends=True)

    def head(self) -> None:
        """What it is, whose, and of which days."""
        told = self.told
        self._write(product.NAME, _WIDTH, size=10, soft=True, ends=True)
        self._write(self.title_, _WIDTH, size=20, bold=True, ends=True)
        self.ln(2)
        self._write(printed(told.organisation.name), _WIDTH, size=12, bold=True, ends=True)
        wallet = _("live wallet") if told.livemode else _("test wallet: test credits cost nothing")
        self._write(f"{told.organisation.public_id} · {wallet}", _WIDTH, soft=True, ends=True)
        days = _("%(first)s up to and without %(end)s, 00:00 UTC") % {
            "first": told.month.first,
            "end": told.month.end,
        }
        self._write(days, _WIDTH, soft=True, ends=True)
        drawn_up = _("Drawn up %(moment)s UTC.") % {"moment": f"{timezone.now():%Y-%m-%d %H:%M}"}
        if not told.over:
            drawn_up += " " + _("The month is not over: figures up to then.")
        self._write(drawn_up, _WIDTH, soft=True, ends=True)

    def sums(self) -> None:
        """Opening, changes, closing."""
        period = self.told.period
        self._table(
            _("Balance"),
            [(_("Whole credits"), 140), (_("Available"), 40)],
            [
                [_("Opening balance"), figure(period.opening)],
                [_("Sum of all changes"), signed(period.change)],
            ],
            [_("Closing balance"), figure(period.closing)],
        )

    def kinds(self) -> None:
        """Every kind of entry and what it changed."""
        period = self.told.period
        self._table(
            _("Changes by kind"),
            [(_("Kind"), 80), (_("Entries"), 30), (_("Moved"), 35), (_("Change"), 35)],
            [
                [
                    str(said(k.type, k.source)["words"]),
                    figure(k.count),
                    figure(k.moved),
                    signed(k.amount),
                ]
                for k in period.kinds
            ],
            [_("All"), figure(sum(k.count for k in period.kinds)), "", signed(period.change)],
        )

    def models(self) -> None:
        """What was charged for films, by model."""
        made = self.told.made
        self._table(
            _("Credits by model"),
            [(_("Charged in this month"), 100), (_("Films"), 40), (_("Credits"), 40)],
            [[one.name, figure(one.films), figure(one.credits)] for one in made],
            [_("All"), figure(sum(m.films for m in made)), figure(sum(m.credits for m in made))],
        )

    def lots(self) -> None:
        """What the credits came in, with what is left of it on the day that this is drawn."""
        self._table(
            _("Lots"),
            [(_("Came in"), 28), (_("Source"), 62), (_("Credits"), 30), (_("Left today"), 30),
             (_("Expires"), 30)],
            [_lot(lot) for lot in self.told.lots],
            words=2,
        )  # fmt: skip

    def _table(
        self,
        title: str,
        columns: Sequence[tuple[str, float]],
        rows: Iterable[Sequence[str]],
        last: Sequence[str] = (),
        *,
        words: int = 1,
    ) -> None:
        """A titled table, its head on each page that it goes on to.

        The first `words` columns are words, the rest figures, which stand right.
        """
        rows = list(rows)
        if not rows:
            return
        if self.will_page_break(4 * _ROW):
            self.add_page()
        self.ln(5)
        self._write(title, _WIDTH, size=13, bold=True, ends=True)
        heads = [name for name, _width in columns]
        self._row(heads, columns, words, soft=True)
        for row in rows:
            if self.will_page_break(_ROW):
                self.add_page()
                self._row(heads, columns, words, soft=True)
            self._row(row, columns, words)
        if last:
            self._row(last, columns, words, bold=True)

    def _row(
        self,
        cells: Sequence[str],
        columns: Sequence[tuple[str, float]],
        words: int,
        *,
        bold: bool = False,
        soft: bool = False,
    ) -> None:
        for number, (text, (_name, width)) in enumerate(zip(cells, columns, strict=True)):
            last = number == len(columns) - 1
            self._write(
                text, width, bold=bold, soft=soft, right=number >= words, ends=last, ruled=True
            )

    def _write(
        self,
        text: str,
        width: float,
        *,
        size: float = 9.5,
        bold: bool = False,
        soft: bool = False,
        right: bool = False,
        ends: bool = False,
        ruled: bool = False,
    ) -> None:
        """A cell, cut to its width."""
        self.set_font("noto", "B" if bold else "", size)
        self.set_text_color(*(_SOFT if soft else _INK))
        self.set_draw_color(*_LINE)
        self.cell(
            width,
            max(_ROW, size * 0.5),
            self._cut(printed(text), width - 2),
            border="B" if ruled else 0,
            align="R" if right else "L",
            new_x=XPos.LMARGIN if ends else XPos.RIGHT,
            new_y=YPos.NEXT if ends else YPos.TOP,
        )

    def _cut(self, text: str, width: float) -> str:
        if self.get_string_width(text) <= width:
            return text
        while text and self.get_string_width(text + "…") > width:
            text = text[:-1]
        return text + "…"


def _lot(lot: Lot) -> list[str]:
    return [
        _day(lot.created_at),
        lot.reason or str(lot.get_source_display()),
        figure(lot.granted),
        figure(lot.remaining),
        _day(lot.expires_at) if lot.expires_at else _("never"),
    ]


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"
