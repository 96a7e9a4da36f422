"""Numbers as people type them into a form."""

from __future__ import annotations

import re

MOST_DIGITS = 12  # of what fits everywhere a number is kept
# A comma parts thousands and nothing else: "50,00" is fifty to many, and must not be 5,000.
_WHOLE = r"[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+"
_MONEY = re.compile(rf"\$?({_WHOLE})(?:\.([0-9]{{1,2}}))?")


def whole(text: str) -> int | None:
    """A whole number that is not negative, thousands parted by commas; None for anything else."""
    found = re.fullmatch(_WHOLE, text.strip())
    digits = found[0].replace(",", "") if found else ""
    return int(digits) if digits and len(digits) <= MOST_DIGITS else None


def cents(text: str) -> int | None:
    """Cents of an amount such as `1,250.50`, with `$` before it or not; None for anything else."""
    found = _MONEY.fullmatch(text.strip())
    units = whole(found[1]) if found else None
    if found is None or units is None:
        return None
    return 100 * units + int((found[2] or "").ljust(2, "0"))
