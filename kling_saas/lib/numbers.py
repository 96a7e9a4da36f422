"""Numbers as people type them into a form."""

from __future__ import annotations

MOST_DIGITS = 12  # of what fits everywhere a number is kept


def whole(text: str) -> int | None:
    """A whole number that is not negative, thousands parted by commas; None for anything else."""
    digits = text.replace(",", "").strip()
    return int(digits) if digits.isdecimal() and len(digits) <= MOST_DIGITS else None
