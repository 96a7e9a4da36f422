"""A mail's text as a page in the product's layout: said once, sent as text and as HTML."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone

from kling_saas.lib import product

LEASE = timedelta(minutes=5)  # of who sends one that is owed
_PAUSES = (60, 600, 3600, 6 * 3600)  # seconds until the n-th next try
_ADDRESS = re.compile(r"https?://\S+")


def as_html(subject: str, text: str) -> str:
    """The paragraphs of `text`; an address alone becomes a button, the last is the foot."""
    *paragraphs, foot = [part.strip() for part in re.split(r"\n\s*\n", text.strip())]
    parts = [{"address": part} if _ADDRESS.fullmatch(part) else {"words": part}
             for part in paragraphs]  # fmt: skip
    facts = {"subject": subject, "parts": parts, "foot": foot, "product": product.NAME}
    return render_to_string("account/email/letter.html", facts)


def send(subject: str, text: str, to: str) -> None:
    """One letter to one address. Raises whatever a mail server may fail with."""
    letter = EmailMultiAlternatives(subject, text, to=[to])
    letter.attach_alternative(as_html(subject, text), "text/html")
    letter.send()


def split(text: str) -> tuple[str, str]:
    """Subject and body of a template's text: its first line, and what follows."""
    subject, _, body = text.strip().partition("\n")
    return subject.strip(), body.strip()


def next_try(failures: int) -> datetime | None:
    """When a letter is sent again that could not be so many times; None: never."""
    if failures > len(_PAUSES):
        return None
    return timezone.now() + timedelta(seconds=_PAUSES[failures - 1])
