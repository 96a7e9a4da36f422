"""Code that a page shows in several languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.conf import settings

from kling_saas.web.docs import examples
from kling_saas.web.docs.markdown import Block

register = template.Library()


@register.inclusion_tag("docs/sample.html")
def order_in_code(order: Mapping[str, Any], livemode: bool) -> dict[str, Any]:
    """The API call that makes such an order, in each language, with a place for the key."""
    sent = examples.Request(
        method="POST",
        url=f"{settings.SITE_URL}/api/v1/generations",
        key="ksk_live_…" if livemode else "ksk_test_…",
        body=dict(order),
    )
    written = {"bash": examples.curl, "python": examples.python, "javascript": examples.javascript}
    blocks = [Block(language, "", write(sent)) for language, write in written.items()]
    return {"blocks": blocks, "number": 1}
