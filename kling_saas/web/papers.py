"""Help and legal pages: Markdown that ships with the product, or the operator's own in its place.

What ships is a beginning for an operator's lawyer, and says so until PAPERS_DIR has a text of its
own of that name.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import Context
from django.template.loader import get_template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from kling_saas.lib import product
from kling_saas.web.docs import markdown

_KEPT_SECONDS = 60  # that an operator's new text may take to be shown


@dataclass(frozen=True, slots=True)
class Paper:
    """One page: `slug` names its address and its file."""

    slug: str
    title: Promise | str

    @property
    def own(self) -> Path | None:
        """The operator's text, where there is one."""
        if not settings.PAPERS_DIR:
            return None
        path = Path(settings.PAPERS_DIR) / f"{self.slug}.md"
        return path if path.is_file() else None


HELP = Paper("help", _("Help"))
LEGAL = {
    paper.slug: paper
    for paper in (
        Paper("terms", _("Terms of service")),
        Paper("privacy", _("Privacy")),
        Paper("acceptable-use", _("Acceptable use")),
        Paper("refunds", _("Refunds")),
        Paper("dpa", _("Data processing")),
    )
}


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """What people ask most, and whom to write to."""
    return _page(request, HELP)


@require_safe
def legal(request: HttpRequest, slug: str) -> HttpResponse:
    """One of the legal pages."""
    if slug not in LEGAL:
        raise Http404
    return _page(request, LEGAL[slug])


def _page(request: HttpRequest, paper: Paper) -> HttpResponse:
    context = {
        "paper": paper,
        "template": paper is not HELP and paper.own is None,
        "body": _body(paper, int(time.monotonic() // _KEPT_SECONDS)),
        "papers": LEGAL.values(),
    }
    return render(request, "web/paper.html", context)


@lru_cache(maxsize=2 * (len(LEGAL) + 1))
def _body(paper: Paper, _: int) -> markdown.Rendered:
    return markdown.render(_source(paper))


def _source(paper: Paper) -> str:
    if own := paper.own:
        return own.read_text()
    template = get_template(f"papers/{paper.slug}.md").template  # type: ignore[attr-defined]
    facts = {"settings": settings, "product": product.NAME, "site": settings.SITE_URL}
    return str(template.render(Context(facts, autoescape=False)))
