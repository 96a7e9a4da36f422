"""Small things that templates draw or say: icons, lengths of time, the request's id."""

from __future__ import annotations

from datetime import UTC, datetime

from django import template
from django.conf import settings
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from kling_saas.api.requests import request_id as current_request_id
from kling_saas.lib import product as names

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
def code_words(sentence: str) -> SafeString:
    """The sentence with what stands between backticks set as code."""
    parts = sentence.split("`")
    plain, marked = parts[::2], [*parts[1::2], ""]
    return format_html_join(
        "",
        "{}{}",
        (
            (words, format_html("<code>{}</code>", code) if code else "")
            for words, code in zip(plain, marked, strict=False)
        ),
    )


@register.filter
def clock(seconds: float) -> str:
    """Seconds as 2:05."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


@register.simple_tag
def when(moment: datetime, manner: str = "full") -> SafeString:
    """A moment as `<time>`: `full`, `short` (no seconds), `day`, `clock` or `ago`. The text is in
    the zone that the reader chose, else in UTC, and says which; scripts put it into the browser's
    where none was chosen (static/js/when.js).
    """
    at = timezone.localtime(moment)
    texts = {"full": f"{at:%Y-%m-%d %H:%M:%S %Z}", "day": f"{at:%Y-%m-%d %Z}",
             "short": f"{at:%Y-%m-%d %H:%M %Z}", "clock": f"{at:%H:%M %Z}"}  # fmt: skip
    return format_html(
        '<time datetime="{}" data-when="{}" title="{}">{}</time>',
        f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        manner,
        texts["full"],
        texts.get(manner) or naturaltime(moment),
    )


@register.filter
def credits_words(amount: int) -> str:
    """`1 credit`, `10 credits`."""
    return ngettext("%(amount)s credit", "%(amount)s credits", amount) % {"amount": f"{amount:,}"}


@register.filter
def money(cents: int, currency: str = "usd") -> str:
    """Cents as `$1,234.50`, or `1,234.50 EUR` in another currency than dollars."""
    amount = f"{abs(cents) // 100:,}.{abs(cents) % 100:02d}"
    sign = "−" if cents < 0 else ""
    return f"{sign}${amount}" if currency == "usd" else f"{sign}{amount} {currency.upper()}"


@register.filter
def megabytes(size: int) -> str:
    """Bytes as `4.2 MB`."""
    return f"{size / 1_000_000:.1f} MB"


@register.simple_tag
def is_demo() -> bool:
    """Whether this place says that its films come from the sandbox."""
    return bool(settings.DEMO)


@register.simple_tag
def product() -> str:
    """What this product calls itself."""
    return names.NAME


@register.simple_tag
def request_id() -> str:
    """The id that this request has in our logs."""
    return current_request_id.get()
