"""What lines come to: discounts spread over them, then taxes. Integers throughout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from billing.sandbox import coupons
from billing.sandbox.store import Doc

# Value added tax in hundredths of a percent, for who has no VAT id. Elsewhere nothing is collected.
_RATES = {
    "AT": 2000, "BE": 2100, "CZ": 2100, "DE": 1900, "DK": 2500, "ES": 2100, "FI": 2550, "FR": 2000,
    "GB": 2000, "GR": 2400, "HU": 2700, "IE": 2300, "IT": 2200, "LU": 1700, "NL": 2100, "PL": 2300,
    "PT": 2300, "SE": 2500,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tax:
    """A rate in hundredths of a percent, where, and why it is what it is."""

    rate: int = 0
    country: str = ""
    reason: str = "not_collecting"


@dataclass(frozen=True, slots=True)
class Line:
    """`amount` before all; `discounts` taken off by each coupon; `tax` within or on top of it."""

    amount: int
    inclusive: bool = False
    discountable: bool = True
    product: str = ""
    discounts: tuple[int, ...] = ()
    tax: int = 0

    @property
    def discounted(self) -> int:
        """What is left after the discounts."""
        return self.amount - sum(self.discounts)

    @property
    def total(self) -> int:
        """What is to be paid for it."""
        return self.discounted + (0 if self.inclusive else self.tax)


def tax_for(country: str | None, *, has_vat_id: bool, enabled: bool) -> Tax | None:
    """The tax of a customer there; None when nobody asked for taxes."""
    if not enabled:
        return None
    rate = _RATES.get(country or "", 0)
    if rate and has_vat_id:
        return Tax(0, country or "", "reverse_charge")
    return Tax(rate, country or "", "standard_rated" if rate else "not_collecting")


def reckon(lines: Sequence[Line], given: Sequence[Doc], tax: Tax | None) -> list[Line]:
    """The lines with what coupons take off and taxes add."""
    found = list(lines)
    for coupon in given:
        found = _discounted(found, coupon)
    rate = tax.rate if tax else 0
    return [replace(line, tax=_tax(line, rate)) for line in found]


def _discounted(lines: list[Line], coupon: Doc) -> list[Line]:
    only = coupon.get("_products")
    bases = [
        line.discounted if line.discountable and (not only or line.product in only) else 0
        for line in lines
    ]
    whole = sum(bases)
    off = coupons.off(coupon, whole)
    found, before, taken = [], 0, 0
    for line, base in zip(lines, bases, strict=True):
        before += base
        upto = off * before // whole if whole else 0
        found.append(replace(line, discounts=(*line.discounts, upto - taken)))
        taken = upto
    return found


def _tax(line: Line, rate: int) -> int:
    base = line.discounted
    sign = -1 if base < 0 else 1
    if line.inclusive:
        net = (2 * abs(base) * 10000 + 10000 + rate) // (2 * (10000 + rate))
        return sign * (abs(base) - net)
    return sign * ((abs(base) * rate + 5000) // 10000)


def taxes_of(lines: Sequence[Line], tax: Tax | None) -> list[Doc]:
    """The `taxes` of an invoice's line, or of all of them together."""
    if tax is None or not lines:
        return []
    inclusive = lines[0].inclusive
    amount = sum(line.tax for line in lines)
    base = sum(line.discounted for line in lines)
    return [
        {
            "amount": amount,
            "tax_behavior": "inclusive" if inclusive else "exclusive",
            "tax_rate_details": {"tax_rate": f"txr_{tax.country or 'none'}"},
            "taxability_reason": tax.reason,
            "taxable_amount": base - amount if inclusive else base,
            "type": "tax_rate_details",
        }
    ]
