"""Many films at once: priced row by row, then ordered all together or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor
from accounts.requests import ActingRequest
from billing import wallets
from billing.pages import signed_in
from generations import batches, presenting
from generations.batches import Terms
from generations.catalogue.registry import SPECS
from generations.catalogue.spec import ASPECT_RATIOS
from generations.errors import CapExceeded, InvalidRequest
from generations.forms import batch as forms
from generations.forms.batch import Batch
from generations.forms.order import LENGTHS, MODE_WORDS
from generations.models import Generation
from generations.submission import Prepared, Receipt, Submission
from generations.views.words import plain
from kling_saas.lib.numbers import whole
from kling_saas.lib.refusals import Refusal


@require_http_methods(["GET", "POST"])
@signed_in
def batch(request: ActingRequest, actor: Actor) -> HttpResponse:
    """A text of prompts; priced, it comes back as a table with one button that orders all."""
    if request.method == "GET":
        return _page(request, actor, Batch(text=request.GET.get("text", "")))
    typed = forms.read(request.POST, settings.BATCH_MAX)
    if typed.problem:
        return _page(request, actor, typed, status=422)
    orders = [Submission(fields=fields, door="website") for fields in typed.orders()]
    ordering = "order" in request.POST
    terms = Terms(
        key=f"{actor.user_id}:{request.POST.get('key', '')[:64] or uuid.uuid4()}",
        body={"orders": typed.orders()},
        max_cost=whole(request.POST.get("quoted", "")) if ordering else None,
        all_or_nothing=True,
    )
    try:
        if not ordering:
            return _page(request, actor, typed, found=batches.price(actor, orders, terms))
        outcomes = batches.place(actor, orders, terms, _named)
    except CapExceeded as refusal:
        now = {"now": refusal.facts["credits"], "shown": refusal.facts["max_cost"]}
        typed.problem = (
            _("The price is %(now)s credits now, not %(shown)s. Nothing was charged.") % now
        )
        return _page(request, actor, typed, status=409)
    except Refusal as refusal:
        typed.problem = plain(refusal.detail)
        return _page(request, actor, typed, status=refusal.status)
    made = [each for each in outcomes if isinstance(each, Receipt)]
    if not made:
        return _page(request, actor, typed, found=outcomes, status=422)
    words = ngettext("%(n)s film is ordered.", "%(n)s films are ordered.", len(made))
    messages.success(request, words % {"n": len(made)})
    return redirect("jobs")


def _named(generation: Generation) -> str:
    return generation.public_id


def _page(
    request: ActingRequest,
    actor: Actor,
    typed: Batch,
    *,
    found: Sequence[Prepared | Receipt | Refusal | None] = (),
    status: int = 200,
) -> HttpResponse:
    rows = (
        [_row(order, each) for order, each in zip(typed.orders(), found, strict=True)]
        if found
        else []
    )
    due = sum(row["credits"] or 0 for row in rows)
    wrong = sum(row["problem"] != "" for row in rows)
    available = wallets.balance(actor.organisation_id, actor.livemode).available
    context = {
        "typed": typed,
        "rows": rows,
        "due": due,
        "wrong": wrong,
        "after": available - due,
        "orderable": rows and not wrong and due <= available,
        "missing": max(0, due - available),
        "key": str(uuid.uuid4()),
        "specs": sorted(SPECS, key=lambda spec: (spec.discontinued, -SPECS.index(spec))),
        "modes": MODE_WORDS,
        "lengths": LENGTHS,
        "ratios": ASPECT_RATIOS,
        "most": settings.BATCH_MAX,
        "columns": forms.COLUMNS,
    }
    return render(request, "generations/batch.html", context, status=status)


def _row(order: dict[str, Any], found: Prepared | Receipt | Refusal | None) -> dict[str, Any]:
    """One film of the table; what fell with others has neither price nor problem."""
    row: dict[str, Any] = {"order": order, "credits": None, "problem": ""}
    if isinstance(found, Prepared):
        row |= {"order": presenting.ordered(found.film), "credits": found.credits}
    elif isinstance(found, InvalidRequest):
        row["problem"] = " ".join(plain(each["message"]) for each in found.violations)
    elif isinstance(found, Refusal):
        row["problem"] = plain(found.detail)
    return row
