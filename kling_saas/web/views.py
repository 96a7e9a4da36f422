"""Pages that look into several apps: start page, models, and the switches of the bar."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.middleware import MODE
from billing import unlocking
from generations import routing
from generations.catalogue.documentation import CapabilityRow, capability_table
from generations.catalogue.newcomers import FIRST_MODEL, FIRST_PROMPT
from generations.catalogue.registry import SPECS
from generations.catalogue.spec import Spec
from generations.forms.order import LENGTHS, MODE_WORDS
from generations.views.price_data import credits_of, price_matrix, studio_data
from generations.views.samples import samples
from generations.views.words import QUALITY, plain
from generations.waiting import usual_for
from kling_saas.lib.way_back import way_back
from kling_saas.web.context import THEMES

_YEAR = 365 * 24 * 3600
SPECS_BY_NAME = {spec.name: spec for spec in SPECS}


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What this is, what it costs, and how to begin."""
    asked_by = _organisation(request)
    hero, *reel = samples(asked_by)
    matrix = price_matrix(asked_by)
    usd = Decimal(settings.USD_PER_CREDIT)
    first = credits_of(matrix, FIRST_MODEL, SPECS_BY_NAME[FIRST_MODEL].default_mode, 5)
    kept = [spec for spec in reversed(SPECS) if not spec.discontinued]
    cheapest = min(price for spec in SPECS if (price := _lowest(matrix, spec)) is not None)
    return render(
        request,
        "web/home.html",
        {
            "hero": hero,
            "reel": reel,
            "data": {**studio_data(asked_by), "usd": float(usd)},
            "modes": MODE_WORDS,
            "first_credits": first,
            "first_usd": (first or 0) * usd,
            "specs": kept,
            "first": SPECS_BY_NAME[FIRST_MODEL],
            "lengths": LENGTHS,
            "cheapest": cheapest,
            "first_prompt": FIRST_PROMPT,
        },
    )


def _organisation(request: HttpRequest) -> int | None:
    """Whose prices are shown: those of who is signed in, else everybody's."""
    actor = getattr(request, "actor", None)
    return actor.organisation_id if actor else None


@require_GET
def models(request: HttpRequest) -> HttpResponse:
    """Every model with what it can do and what it costs."""
    matrix = price_matrix(_organisation(request))
    actor = getattr(request, "actor", None)
    livemode = actor is None or actor.livemode
    rows = [_model(matrix, row, livemode=livemode) for row in reversed(capability_table())]
    return render(request, "web/models.html", {"rows": rows})


def _model(
    matrix: dict[str, dict[str, int]], row: CapabilityRow, *, livemode: bool
) -> dict[str, Any]:
    spec = SPECS_BY_NAME[row.name]
    return {
        "row": row,
        "plans": unlocking.plans_for(row.name),
        "kinds": [plain(kind) for kind in row.kinds],
        "modes": [f"{QUALITY[mode.name]} {mode.lines}" for mode in spec.modes],
        "abilities": [
            (plain(words), "" if presence == "yes" else plain(presence))
            for words, presence in row.capabilities.items()
            if presence
        ],
        "from": _lowest(matrix, spec),
        "eta": usual_for(spec.name, spec.kinds[0], spec.default_mode, livemode=livemode),
        "made": routing.makes(spec, livemode=livemode),
    }


def _lowest(matrix: dict[str, dict[str, int]], spec: Spec) -> int | None:
    """Credits of the model's cheapest five seconds, or None when it is not sold."""
    found = [
        credits_of(matrix, spec.name, mode, 5, audio)
        for mode in spec.mode_names
        for audio in ("none", "native")
    ]
    known = [price for price in found if price is not None]
    return min(known, default=None)


@require_POST
def mode(request: HttpRequest) -> HttpResponse:
    """Show the live or the test side from now on."""
    request.session[MODE] = request.POST.get("mode") != "test"
    return redirect(way_back(request))


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the device has it; kept in a cookie, for strangers too."""
    return set_theme(redirect(way_back(request)), request.POST.get("theme", ""))


def set_theme(response: HttpResponse, wanted: str) -> HttpResponse:
    """Keep it in this browser's cookie; whatever is no theme of ours is the device's."""
    if wanted in THEMES:
        response.set_cookie("theme", wanted, max_age=_YEAR, samesite="Lax", secure=settings.SECURE)
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response
