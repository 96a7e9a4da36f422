"""Pages that look into several apps: start page, models, prices, and the switches of the bar."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.middleware import MODE
from billing import prices
from generations.catalogue.capabilities import CAPABILITIES
from generations.catalogue.documentation import capability_table
from generations.catalogue.registry import SPECS
from generations.catalogue.spec import Spec
from generations.forms.order import DEFAULT_MODEL, LENGTHS
from generations.views.price_data import credits_of, price_matrix, studio_data
from kling_saas.web.context import THEMES

_YEAR = 365 * 24 * 3600
SPECS_BY_NAME = {spec.name: spec for spec in SPECS}


@dataclass(frozen=True, slots=True)
class Sample:
    """A film of the start page, made by the sandbox; `film` names its files in static/films."""

    film: str
    prompt: str
    model: str
    mode: str
    alt: Any


HERO = Sample(
    "aurora",
    "Aurora borealis over a snowy mountain valley at night",
    "kling-v2-6",
    "std",
    _("Northern lights drift over a snowy valley"),
)
SAMPLES = (
    Sample(
        "balloons",
        "Hot-air balloons over alpine peaks at sunrise",
        "kling-v3",
        "std",
        _("Striped balloons rise before pink mountains"),
    ),
    Sample(
        "tokyo",
        "Neon Tokyo street in the rain, slow push in",
        "kling-v2-5-turbo",
        "std",
        _("Rain falls on a violet city at night"),
    ),
    Sample(
        "ringed",
        "A ringed planet rises over a silent nebula",
        "kling-v2-5-turbo",
        "pro",
        _("A planet with rings turns in space"),
    ),
    Sample(
        "dunes",
        "Golden desert dunes at sunset, birds passing",
        "kling-v1-6",
        "std",
        _("Birds pass the sun above dunes"),
    ),
    Sample(
        "lighthouse",
        "A lighthouse on a calm sea at dusk, gulls",
        "kling-v1",
        "std",
        _("A lighthouse stands dark before the evening sea"),
    ),
    Sample(
        "fox",
        "A fox in a foggy forest with fireflies",
        "kling-v2-6",
        "pro",
        _("A fox stands among firs in the fog"),
    ),
)


def _titles() -> dict[str, str]:
    return {spec.name: spec.title for spec in SPECS}


def shown_samples() -> list[dict[str, Any]]:
    """The sample films with the price each would have now."""
    matrix, titles = price_matrix(), _titles()
    return [
        {
            "sample": sample,
            "title": titles[sample.model],
            "credits": credits_of(matrix, sample.model, sample.mode, 5),
        }
        for sample in (HERO, *SAMPLES)
    ]


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What this is, what it costs, and how to begin."""
    hero, *reel = shown_samples()
    matrix = price_matrix()
    cheapest = min(price for spec in SPECS if (price := _lowest(matrix, spec)) is not None)
    return render(
        request,
        "web/home.html",
        {
            "hero": hero,
            "reel": reel,
            "data": studio_data(),
            "specs": [spec for spec in reversed(SPECS) if not spec.discontinued],
            "first": SPECS_BY_NAME[DEFAULT_MODEL],
            "lengths": LENGTHS,
            "cheapest": cheapest,
            "cheapest_usd": cheapest * Decimal(settings.USD_PER_CREDIT),
        },
    )


@require_GET
def models(request: HttpRequest) -> HttpResponse:
    """Every model with what it can do and what it costs."""
    matrix = price_matrix()
    rows = [
        {
            "row": row,
            "spec": SPECS_BY_NAME[row.name],
            "from": _lowest(matrix, SPECS_BY_NAME[row.name]),
            "eta": SPECS_BY_NAME[row.name].eta(SPECS_BY_NAME[row.name].kinds[0]),
        }
        for row in reversed(capability_table())
    ]
    return render(request, "web/models.html", {"rows": rows, "capabilities": CAPABILITIES.values()})


def _lowest(matrix: dict[str, dict[str, int]], spec: Spec) -> int | None:
    """Credits of the model's cheapest five seconds, or None when it is not sold."""
    found = [
        credits_of(matrix, spec.name, mode, 5, audio)
        for mode in spec.mode_names
        for audio in ("none", "native")
    ]
    known = [price for price in found if price is not None]
    return min(known, default=None)


@require_GET
def pricing(request: HttpRequest) -> HttpResponse:
    """The price book in force, row by row."""
    book = prices.active_book()
    usd = Decimal(settings.USD_PER_CREDIT)
    titles = _titles()
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in book.rows.values():
        words = row.description.removeprefix(f"{titles.get(row.sku, row.sku)} ")
        groups.setdefault(row.sku, []).append(
            {"words": words, "unit": row.unit, "credits": row.credits, "usd": row.credits * usd}
        )
    tables = [
        {"spec": spec, "rows": groups[spec.name]} for spec in reversed(SPECS) if spec.name in groups
    ]
    context = {"tables": tables, "version": book.version, "usd": usd}
    return render(request, "web/pricing.html", context)


@require_POST
def mode(request: HttpRequest) -> HttpResponse:
    """Show the live or the test side from now on."""
    request.session[MODE] = request.POST.get("mode") != "test"
    return redirect(_next(request))


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the device has it; kept in a cookie, for strangers too."""
    response = redirect(_next(request))
    wanted = request.POST.get("theme", "")
    if wanted in THEMES:
        response.set_cookie("theme", wanted, max_age=_YEAR, samesite="Lax", secure=settings.SECURE)
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response


def _next(request: HttpRequest) -> str:
    """Back to the page the form stood on, never to another site."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else "/"
