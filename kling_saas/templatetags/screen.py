"""Small things that templates draw or say: icons, lengths of time, the request's id."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from kling_saas.api.requests import request_id as current_request_id

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite; silent to screen readers unless `label` says what it means."""
    address = static("vendor/lucide/icons.svg")
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"></use></svg>',
            label,
            address,
            name,
        )
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', address, name
    )


@register.filter
def clock(seconds: float) -> str:
    """Seconds as 2:05."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


@register.filter
def credits_words(amount: int) -> str:
    """`1 credit`, `10 credits`."""
    return ngettext("%(amount)s credit", "%(amount)s credits", amount) % {"amount": f"{amount:,}"}


@register.filter
def megabytes(size: int) -> str:
    """Bytes as `4.2 MB`."""
    return f"{size / 1_000_000:.1f} MB"


@register.simple_tag
def is_demo() -> bool:
    """Whether this place says that its films come from the sandbox."""
    return bool(settings.DEMO)


@register.simple_tag
def request_id() -> str:
    """The id that this request has in our logs."""
    return current_request_id.get()
