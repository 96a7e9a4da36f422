"""A mail's text as a page in the product's layout: said once, sent as text and as HTML."""

from __future__ import annotations

import re

from django.template.loader import render_to_string

from kling_saas.lib import product

_ADDRESS = re.compile(r"https?://\S+")


def as_html(subject: str, text: str) -> str:
    """The paragraphs of `text`; an address alone becomes a button, the last is the foot."""
    *paragraphs, foot = [part.strip() for part in re.split(r"\n\s*\n", text.strip())]
    parts = [{"address": part} if _ADDRESS.fullmatch(part) else {"words": part}
             for part in paragraphs]  # fmt: skip
    facts = {"subject": subject, "parts": parts, "foot": foot, "product": product.NAME}
    return render_to_string("account/email/letter.html", facts)
