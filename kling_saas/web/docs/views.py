"""The documentation's doors: a page, its Markdown twin, and the list for programs that read."""

from __future__ import annotations

import time
from functools import lru_cache

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import Context
from django.template.loader import get_template
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from kling_saas.lib import product
from kling_saas.web.docs import facts, markdown, reader, reference
from kling_saas.web.docs.pages import FIRST, GROUPS, PAGES, Page

_MARKDOWN = "text/markdown; charset=utf-8"
_REFERENCE = "reference-"
_KEPT_SECONDS = 60  # that a changed price may take to be told here


@require_safe
def page(request: HttpRequest, slug: str = FIRST) -> HttpResponse:
    """One page; its Markdown for who asks for text/markdown."""
    found = _find(slug)
    if request.get_preferred_type(["text/html", "text/markdown"]) == "text/markdown":
        response = _twin(found)
    else:
        key = reader.key_of(request)
        yours = key != reader.NOBODYS
        context = {
            "page": found,
            "groups": GROUPS.items(),
            "body": _body(found.slug, _now()).replaced(reader.NOBODYS, key),
            "key_is_yours": yours,
            "keys_page": reverse("keys"),
        }
        response = render(request, "docs/page.html", context)
        if yours:
            response["Cache-Control"] = "no-store"
    patch_vary_headers(response, ["Accept"])
    return response


@require_safe
def twin(request: HttpRequest, slug: str) -> HttpResponse:
    """The same page as Markdown, with no key in it."""
    return _twin(_find(slug))


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """/llms.txt: every page's Markdown, with what it is for."""
    lines = [f"# {product.NAME}", "", f"> {PAGES[FIRST].summary}"]
    for name, pages in GROUPS.items():
        lines += ["", f"## {name}", ""]
        lines += [f"- [{p.title}]({settings.SITE_URL}{p.twin}): {p.summary}" for p in pages]
    lines += ["", "## Schemas", "", f"- [OpenAPI]({settings.SITE_URL}/api/v1/openapi.json)"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def _find(slug: str) -> Page:
    if slug not in PAGES:
        raise Http404
    return PAGES[slug]


def _twin(found: Page) -> HttpResponse:
    text = f"# {found.title}\n\n{found.summary}\n\n{_source(found.slug, _now())}"
    return HttpResponse(text, content_type=_MARKDOWN)


def _now() -> int:
    return int(time.monotonic() // _KEPT_SECONDS)


@lru_cache(maxsize=2 * len(PAGES))
def _body(slug: str, minute: int) -> markdown.Rendered:
    """In HTML: some take half a second, and anybody may ask."""
    return markdown.render(_source(slug, minute))


@lru_cache(maxsize=2 * len(PAGES))
def _source(slug: str, _: int) -> str:
    """The body's Markdown: written in a template, or derived from an OpenAPI document."""
    found, key = PAGES[slug], reader.NOBODYS
    if found.slug.startswith(_REFERENCE):
        return reference.markdown(found.slug.removeprefix(_REFERENCE), key)
    template = get_template(f"docs/pages/{found.slug}.md").template  # type: ignore[attr-defined]
    return str(template.render(Context(facts.facts(key), autoescape=False)))
