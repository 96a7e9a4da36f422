"""What an upstream says that an account has used or has left: packs of units, or dollars."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A resource pack: units bought, and units left as far as the upstream has counted them."""

    id: str
    name: str
    total: Decimal
    remaining: Decimal

    @property
    def used(self) -> Decimal:
        """Units taken from it so far."""
        return self.total - self.remaining


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One reading: the account's packs, or dollars left; None where it is not told."""

    packs: tuple[Pack, ...] = ()
    balance_usd: Decimal | None = None
