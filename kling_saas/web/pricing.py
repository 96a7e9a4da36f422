"""What everything costs: each variant, each pack and plan, and a month of films reckoned up."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from billing import offers, prices, unlocking, ways
from billing import plans as in_force
from billing.items import ListPrice
from billing.offers import Offer
from generations import products
from generations.catalogue.newcomers import FIRST_MODEL
from generations.catalogue.registry import SPECS
from generations.views.price_data import credits_of, price_matrix
from generations.views.words import QUALITY, plain

FILMS, FILMS_MOST, SECONDS = 100, 1_000_000, 5
_WHOLE = re.compile(r"\d{1,12}|\d{1,3}(,\d{3}){1,3}", re.ASCII)
_SOUND = {"none": "", "native": gettext_lazy("with sound")}


@require_GET
def pricing(request: HttpRequest) -> HttpResponse:
    """At list price, for everybody: the figures of GET /api/v1/prices."""
    actor = getattr(request, "actor", None)
    current = in_force.plan_of(actor.organisation_id) if actor else None
    context = {
        **offers.cards(current),
        "current": current,
        **_reckoned(request),
        "tables": _tables(),
        "version": prices.active_book().version,
        "usd": Decimal(settings.USD_PER_CREDIT),
    }
    return render(request, "web/pricing.html", context)


@require_GET
def month(request: HttpRequest) -> HttpResponse:
    """Only what a month of films costs, for static/js/reckon.js."""
    return render(request, "web/parts/way.html", _reckoned(request))


def _reckoned(request: HttpRequest) -> dict[str, Any]:
    """So many films of one variant a month, and the cheapest way to their credits."""
    variants, offered = _variants(), offers.everything()
    chosen = request.GET.get("variant", "")
    if chosen not in variants:
        chosen = next(name for name in variants if name.startswith(f"{FIRST_MODEL}:"))
    typed = request.GET.get("films", str(FILMS)).strip()
    films, each = _films(typed), variants[chosen]["credits"]
    need = (films or FILMS) * each
    opened_by = unlocking.plans_for(variants[chosen]["sku"])
    way = ways.cheapest(need, offered, [plan.slug for plan in opened_by])
    left = way.credits - need if way else 0
    return {
        "variants": variants,
        "chosen": chosen,
        "typed": typed,
        "wrong": films is None,
        "offered": bool(offered),
        "currency": settings.CURRENCY,
        "films_most": FILMS_MOST,
        "each": each,
        "need": need,
        "way": way,
        "left": left,
        "lasts": left > 0 and any(part.offer.kind == "pack" for part in (way.parts if way else ())),
        "opened_by": opened_by,
        "title": variants[chosen]["title"],
        "parts": [
            (_label(part.offer), part.times, part.offer.slug) for part in (way.parts if way else ())
        ],
    }


def _films(typed: str) -> int | None:
    """A whole number from 1 to FILMS_MOST, also as 1,000; None when it is none such."""
    if not _WHOLE.fullmatch(typed):
        return None
    films = int(typed.replace(",", ""))
    return films if 1 <= films <= FILMS_MOST else None


def _label(offer: Offer) -> str:
    return _("%(name)s plan") % {"name": offer.name} if offer.kind == "plan" else offer.name


def _variants() -> dict[str, dict[str, Any]]:
    """Every film of 5 s that Kling keeps, newest model first, as `model:mode:sound`."""
    matrix = price_matrix()
    return {
        f"{spec.name}:{mode.name}:{sound}": {
            "words": " ".join(filter(None, [str(QUALITY[mode.name]), mode.lines, str(words)])),
            "sku": spec.name,
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
            "plans": unlocking.plans_for(sku),
            "least": min(sold[sku], key=lambda row: row.credits),
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
