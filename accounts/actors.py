"""Who acts in a request, for which organisation and in which mode: what every door passes on."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models.organisation import Role
from kling_saas.lib.refusals import Forbidden

BUYERS = frozenset({Role.OWNER, Role.ADMIN, Role.BILLING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Proven by a credential or a session. `user_id` is set for sessions, the key for programs.

    A program acts with its organisation's full rights; a person with those of their role.
    """

    organisation_id: int
    livemode: bool
    user_id: int | None = None
    api_key_id: int | None = None
    access_key_id: int | None = None
    role: Role = Role.OWNER
    suspended: bool = False
    raw_video: bool = False

    @property
    def name(self) -> str:
        """As the ledger writes it: `user:12`, `key:5`, `pair:3`."""
        known = {"user": self.user_id, "key": self.api_key_id, "pair": self.access_key_id}
        return next((f"{kind}:{number}" for kind, number in known.items() if number), "")

    @property
    def may_buy(self) -> bool:
        """Whether it may add credits: pay for them, or use a voucher."""
        return self.role in BUYERS

    def must_buy(self, to: str) -> None:
        """Raises Forbidden, saying who may do what it is `to` do, unless it may buy."""
        if not self.may_buy:
            raise Forbidden(f"Only owners, admins and billing members may {to}.")

    @property
    def may_order(self) -> bool:
        """Whether it may spend credits on films."""
        return self.role not in {Role.VIEWER, Role.BILLING}

    @property
    def may_hold_keys(self) -> bool:
        """Whether it may issue and revoke credentials."""
        return self.role in {Role.OWNER, Role.ADMIN, Role.DEVELOPER}
