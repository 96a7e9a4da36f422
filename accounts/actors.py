"""Who acts in a request, for which organisation and in which mode: what every door passes on."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from accounts import scopes
from accounts.models.organisation import Role
from accounts.scopes import Scope
from kling_saas.lib.addresses import parsed
from kling_saas.lib.refusals import Forbidden

BUYERS = frozenset({Role.OWNER, Role.ADMIN, Role.BILLING})
MANAGERS = frozenset({Role.OWNER, Role.ADMIN})


def scopes_of(role: Role) -> frozenset[str]:
    """What a person of that role has, and so may give to a key."""
    return scopes.ALL if role in MANAGERS else scopes.ALL - {Scope.ADMIN.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Proven by a credential or a session. `user_id` is set for sessions, the key for programs.

    A program acts with its organisation's rights as far as its key's `scopes` go; a person with
    those of their role. Empty `allowed_models` and `allowed_networks` (CIDR) allow all. With
    `end_user` it is a token of that end user, and has the key that minted it. Rates are requests a
    minute, None where the settings say.
    """

    organisation_id: int
    livemode: bool
    user_id: int | None = None
    api_key_id: int | None = None
    access_key_id: int | None = None
    role: Role = Role.OWNER
    suspended: bool = False
    raw_video: bool = False
    scopes: frozenset[str] = scopes.ALL
    allowed_models: frozenset[str] = frozenset()
    allowed_networks: tuple[str, ...] = ()
    end_user: str = ""
    key_rate: int | None = None
    organisation_rate: int | None = None

    @property
    def name(self) -> str:
        """As the ledger writes it: `user:12`, `key:5`, `pair:3`."""
        return f"user:{self.user_id}" if self.user_id else self.key_name

    @property
    def key_name(self) -> str:
        """Its credential: `key:5`, `pair:3`, or empty."""
        known = {"key": self.api_key_id, "pair": self.access_key_id}
        return next((f"{kind}:{number}" for kind, number in known.items() if number), "")

    @property
    def may_buy(self) -> bool:
        """Whether it may add credits: pay for them, or use a voucher."""
        return self.role in BUYERS

    def must_buy(self, to: str) -> None:
        """Raises Forbidden, saying who may do what it is `to` do, unless it may buy."""
        if not self.may_buy:
            raise Forbidden(f"Only owners, admins and billing members may {to}.")

    def must_have(self, scope: Scope) -> None:
        """Raises Forbidden, naming the scope, unless its key has it."""
        if scope not in self.scopes:
            has = ", ".join(sorted(self.scopes)) or "none"
            raise Forbidden(
                f"This needs a key with the scope {scope.value}; this one has {has}.",
                scope=scope.value,
            )

    def must_have_all(self, wanted: Iterable[str]) -> None:
        """Raises Forbidden, naming them, when it gives scopes that it has not."""
        more = set(wanted) - self.scopes
        if more:
            who = f"Your role ({self.role})" if self.user_id else "This key"
            raise Forbidden(f"{who} cannot give what it has not: {', '.join(sorted(more))}.")

    def must_cover(
        self, wanted: Iterable[str], models: Collection[str], networks: Collection[str]
    ) -> None:
        """Raises Forbidden unless a credential on these terms may do no more than this one does;
        no models and no networks (CIDR) are all of them.
        """
        self.must_have_all(wanted)
        if self.allowed_models and not (models and self.allowed_models.issuperset(models)):
            told = ", ".join(sorted(self.allowed_models))
            raise Forbidden(f"This key is for {told}: it manages keys for these alone.")
        if self.allowed_networks and not (networks and all(map(self._holds, networks))):
            told = ", ".join(self.allowed_networks)
            raise Forbidden(f"This key is for use from {told}: it manages keys for there alone.")

    def _holds(self, network: str) -> bool:
        inner = ipaddress.ip_network(network)
        mine = map(ipaddress.ip_network, self.allowed_networks)
        return any(inner[0] in outer and inner[-1] in outer for outer in mine)

    def must_be_at(self, address: str) -> None:
        """Raises Forbidden unless its key may be used from the IP address `address`."""
        if not self.allowed_networks or _is_in(address, self.allowed_networks):
            return
        raise Forbidden(f"This key is not for use from {address or 'here'}: see its addresses.")

    def must_make(self, *names: str) -> None:
        """Raises Forbidden unless its key is for one of these names of what is to be made."""
        if self.allowed_models and not self.allowed_models.intersection(names):
            allowed = ", ".join(sorted(self.allowed_models))
            raise Forbidden(f"This key is not for {names[0]}: it is for {allowed}.")

    @property
    def may_manage(self) -> bool:
        """Whether it may manage the organisation, its members, and read the audit."""
        return self.role in MANAGERS

    @property
    def may_order(self) -> bool:
        """Whether it may spend credits on films."""
        return self.role not in {Role.VIEWER, Role.BILLING} and Scope.GENERATE in self.scopes

    @property
    def may_hold_keys(self) -> bool:
        """Whether it may look after credentials, what they did, and webhooks."""
        return self.role in {Role.OWNER, Role.ADMIN, Role.DEVELOPER}


def _is_in(address: str, networks: tuple[str, ...]) -> bool:
    found = parsed(address)
    return any(found in ipaddress.ip_network(network) for network in networks if found)
