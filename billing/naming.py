"""Who did it, in words: what a transfer's `actor` says, as customers know these people and keys."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from accounts import tenancy
from accounts.models import AccessKey, ApiKey, Membership, User
from kling_saas.lib import product

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Choice:
    """A spender to choose from: `value` is `user:12`, `key:5` or `pair:3`."""

    value: str
    words: str


@dataclass(slots=True)
class Names:
    """Looks names up, each once."""

    organisation_id: int
    _known: dict[str, str] = field(default_factory=dict)

    def of(self, actors: Iterable[str]) -> dict[str, str]:
        """Words for each: a person's name or address, a key's name and last four characters.

        Empty is ourselves, and so is one of our people who is not of the organisation.
        """
        missing = set(actors) - self._known.keys()
        if missing:
            with tenancy.scope(self.organisation_id):
                self._known |= {actor: _("unknown") for actor in missing}
                self._known |= _people(_ids(missing, "user"))
                self._known |= _keys(_ids(missing, "key"))
                self._known |= _pairs(_ids(missing, "pair"))
            self._known[""] = product.NAME
        return self._known


def members(organisation_id: int) -> list[Choice]:
    """Everybody in the organisation, by name."""
    with tenancy.scope(organisation_id):
        mine = Membership.objects.filter(organisation_id=organisation_id).select_related("user")
        found = [Choice(f"user:{one.user_id}", one.user.called) for one in mine]
    return sorted(found, key=lambda choice: choice.words.casefold())


def credentials(organisation_id: int, livemode: bool, *, usable: bool = False) -> list[Choice]:
    """Every key and pair of this mode, or those not revoked: the others have spent too."""
    with tenancy.scope(organisation_id):
        mine: dict[str, Any] = {"organisation_id": organisation_id, "livemode": livemode}
        if usable:
            mine["revoked_at"] = None
        keys = _keys(ApiKey.objects.filter(**mine).values_list("pk", flat=True))
        pairs = _pairs(AccessKey.objects.filter(**mine).values_list("pk", flat=True))
    return [Choice(value, words) for value, words in (keys | pairs).items()]


def is_member(organisation_id: int, user: str) -> bool:
    """Whether user `12` is in the organisation."""
    if not _NUMBER.fullmatch(user):
        return False
    with tenancy.scope(organisation_id):
        mine = Membership.objects.filter(organisation_id=organisation_id)
        return bool(mine.filter(user_id=user).exists())


def is_usable(organisation_id: int, livemode: bool, credential: str) -> bool:
    """Whether `key:5` or `pair:3` is one of this mode that was not revoked."""
    kind, _colon, number = credential.partition(":")
    if kind not in ("key", "pair") or not _NUMBER.fullmatch(number):
        return False
    rows = ApiKey if kind == "key" else AccessKey
    with tenancy.scope(organisation_id):
        mine = rows.objects.filter(organisation_id=organisation_id, livemode=livemode)
        return bool(mine.filter(pk=number, revoked_at=None).exists())


def _ids(actors: Iterable[str], kind: str) -> list[int]:
    return [int(one.partition(":")[2]) for one in actors if one.startswith(f"{kind}:")]


def _people(ids: Iterable[int]) -> dict[str, str]:
    found = User.objects.in_bulk(list(ids))
    here = set(Membership.objects.filter(user__in=found).values_list("user_id", flat=True))
    return {
        f"user:{pk}": product.NAME if user.is_staff and pk not in here else user.called
        for pk, user in found.items()
    }


def _keys(ids: Iterable[int]) -> dict[str, str]:
    found = ApiKey.objects.filter(pk__in=list(ids)).order_by("pk")
    return {f"key:{key.pk}": f"{key.name} (…{key.last4})" for key in found}


def _pairs(ids: Iterable[int]) -> dict[str, str]:
    found = AccessKey.objects.filter(pk__in=list(ids)).order_by("pk")
    return {f"pair:{pair.pk}": f"{pair.name} (…{pair.access_key[-4:]})" for pair in found}
