"""Credits and references as the wallet's templates write them."""

from __future__ import annotations

from fractions import Fraction

from django import template

register = template.Library()


@register.filter
def figure(amount: int | None) -> str:
    """`1,234`; nothing where there is none."""
    return "" if amount is None else f"{amount:,}"


@register.filter
def signed(amount: int) -> str:
    """`+1,234`, `−10` or `0`."""
    return f"{amount:+,}".replace("-", "−") if amount else "0"


@register.filter
def rate(amount: Fraction) -> str:
    """Credits a day: whole from ten up, else to a tenth."""
    return f"{round(amount):,}" if amount >= 10 else f"{float(amount):.1f}".removesuffix(".0")
