"""What everything costs: each variant, each pack and plan, and a month of films reckoned up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from billing import offers, prices
from billing.items import ListPrice
from billing.offers import Offer
from generations import products
from generations.catalogue.newcomers import FIRST_MODEL
from generations.catalogue.registry import SPECS
from generations.views.price_data import credits_of, price_matrix
from generations.views.words import QUALITY, plain
from kling_saas.templatetags.screen import money

FILMS, FILMS_MOST, SECONDS = 100, 1_000_000, 5
_SOUND = {"none": "", "native": gettext_lazy("with sound")}


@require_GET
def pricing(request: HttpRequest) -> HttpResponse:
    """At list price, for everybody: the figures of GET /api/v1/prices."""
    context = {
        **offers.cards(),
        **_reckoned(request),
        "tables": _tables(),
        "version": prices.active_book().version,
        "usd": Decimal(settings.USD_PER_CREDIT),
    }
    return render(request, "web/pricing.html", context)


def _reckoned(request: HttpRequest) -> dict[str, Any]:
    """So many films of one variant a month, and the cheapest way to their credits."""
    variants, offered = _variants(), offers.everything()
    chosen = request.GET.get("variant", "")
    if chosen not in variants:
        chosen = next(name for name in variants if name.startswith(f"{FIRST_MODEL}:"))
    films = _films(request.GET.get("films", ""))
    each = variants[chosen]["credits"]
    way = offers.cheapest(films * each, offered)
    return {
        "variants": variants,
        "chosen": chosen,
        "films": films,
        "films_most": FILMS_MOST,
        "each": each,
        "need": films * each,
        "way": way,
        "left": way.credits - films * each if way else 0,
        "label": _label(way.offer) if way else "",
        "data": {
            "credits": {name: variant["credits"] for name, variant in variants.items()},
            "most": FILMS_MOST,
            "offers": [
                {
                    "kind": offer.kind,
                    "label": _label(offer),
                    "credits": offer.credits,
                    "cents": offer.cents,
                }
                for offer in offered
            ],
            "money": money(0, settings.CURRENCY).replace("0.00", "#"),
        },
    }


def _films(text: str) -> int:
    """As typed, or the usual number when it is none."""
    typed = int(text) if text.isdecimal() and len(text) < 10 else 0
    return min(typed, FILMS_MOST) or FILMS


def _label(offer: Offer) -> str:
    return _("%(name)s plan") % {"name": offer.name} if offer.kind == "plan" else offer.name


def _variants() -> dict[str, dict[str, Any]]:
    """Every film of 5 s that Kling keeps, newest model first, as `model:mode:sound`."""
    matrix = price_matrix()
    return {
        f"{spec.name}:{mode.name}:{sound}": {
            "words": " ".join(filter(None, [str(QUALITY[mode.name]), mode.lines, str(words)])),
            "title": spec.title,
            "credits": price,
        }
        for spec in reversed(SPECS)
        if not spec.discontinued
        for mode in spec.modes
        for sound, words in _SOUND.items()
        if (price := credits_of(matrix, spec.name, mode.name, SECONDS, sound)) is not None
    }


def _tables() -> list[dict[str, Any]]:
    """The book in force, row by row: models, newest first, then the other products."""
    retiring = {spec.name for spec in SPECS if spec.discontinued}
    titles = {spec.name: spec.title for spec in reversed(SPECS)}
    titles |= {product.name: product.title for product in products.current().values()}
    sold = prices.active_book().by_sku()
    return [
        {
            "title": title,
            "retiring": sku in retiring,
            "rows": [_row(title, row) for row in sold[sku]],
        }
        for sku, title in titles.items()
        if sku in sold
    ]


def _row(title: str, row: ListPrice) -> dict[str, Any]:
    usd = row.credits * Decimal(settings.USD_PER_CREDIT)
    facts = dict(pair.split("=", 1) for pair in row.key.split(",") if pair)
    seconds = 1 if row.unit == "second" else int(facts.get("seconds", 0))
    return {
        "words": plain(row.description.removeprefix(title).strip(" ,")) or title,
        "credits": row.credits,
        "usd": usd,
        "a_second": usd / seconds if seconds else None,
    }
