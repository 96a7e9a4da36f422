"""What of the books is asked for: the filters that pages, exports and the API share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q

from billing.models import HoldLot, TransferType
from kling_saas.api import queries
from kling_saas.api.errors import InvalidQuery

FILM = "film"
OF_FILMS = (TransferType.HOLD, TransferType.CAPTURE, TransferType.RELEASE)
TYPES = (FILM, *TransferType.values)
_LONGEST = 120  # characters of a reference
# What each field takes, and how it is said.
_FORMS = {
    "member": (re.compile(r"user:\d{1,18}", re.ASCII), "a member of the list, e.g. user:12"),
    "key": (re.compile(r"(key|pair):\d{1,18}", re.ASCII), "a key of the list, e.g. key:5"),
    "lot": (re.compile(r"lot_[0-9a-z]{1,36}", re.ASCII), "the id of a lot, lot_…"),
    "generation": (re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII), "the id of a generation, gen_…"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Entries from `since` up to but without `until`; empty fields let everything through.

    `type` is one of TYPES; `member` and `key` are spenders as transfers name them; `lot` finds
    films that it paid for too; `reference` is looked for anywhere in an entry's reference,
    and in that of its lot: what went back of a purchase is found by the purchase.
    """

    since: datetime | None = None
    until: datetime | None = None
    type: str = ""
    member: str = ""
    key: str = ""
    lot: str = ""
    generation: str = ""
    reference: str = ""

    @property
    def narrow(self) -> bool:
        """Whether it leaves entries of its period out."""
        return any((self.type, self.member, self.key, self.lot, self.generation, self.reference))

    def condition(self) -> Q:
        """All of it but the period, about transfers."""
        found = Q()
        if self.type:
            found &= Q(type__in=OF_FILMS) if self.type == FILM else Q(type=self.type)
        if self.member:
            spent = Q(hold__spending__member=int(self.member.partition(":")[2]))
            found &= Q(actor=self.member) | spent
        if self.key:
            found &= Q(actor=self.key) | Q(hold__spending__credential=self.key)
        if self.lot:
            paid = HoldLot.objects.filter(hold=OuterRef("hold"), lot__public_id=self.lot)
            found &= Q(lot__public_id=self.lot) | Q(Exists(paid))
        if self.generation:
            found &= Q(hold__isnull=False, reference=self.generation)
        if self.reference:
            its_lot = Q(lot__reference__icontains=self.reference)
            found &= Q(reference__icontains=self.reference) | its_lot
        return found


EVERYTHING = Wanted()


class EndsBeforeItBegins(InvalidQuery):
    """Both ends of a period were read, and `to` is before `from`."""

    def __init__(self) -> None:
        super().__init__("to", "to must not be before from.")


def read(asked: Mapping[str, str]) -> Wanted:
    """The filters of an address: `from`, `to`, `type`, `member`, `key`, `lot`, `generation`,
    `reference`. Raises InvalidQuery, which names the field.

    Days and moments are UTC. `to` as a day is that whole day, as a moment what came before it.
    """
    since, until = queries.moment(asked, "from"), queries.moment(asked, "to")
    whole_day = bool(queries.DAY.fullmatch(asked.get("to", "").strip()))  # so `until` is beyond it
    if since and until and (until < since or (until == since and whole_day)):
        raise EndsBeforeItBegins
    kind = asked.get("type", "").strip()
    if kind and kind not in TYPES:
        raise InvalidQuery("type", f"type must be one of {', '.join(TYPES)}.")
    reference = asked.get("reference", "").strip()
    if len(reference) > _LONGEST or not reference.isprintable():
        raise InvalidQuery("reference", f"reference must be at most {_LONGEST} plain characters.")
    matching = {name: _matching(asked, name) for name in _FORMS}
    return Wanted(since=since, until=until, type=kind, reference=reference, **matching)


def carried(asked: Mapping[str, str], **changes: str) -> str:
    """The filters as an address carries them on, with `changes`; empty ones are left out."""
    names = ("from", "to", "type", "member", "key", "lot", "generation", "reference")
    parts = {name: asked.get(name, "").strip() for name in names} | changes
    return urlencode({name: value for name, value in parts.items() if value})


def _matching(asked: Mapping[str, str], name: str) -> str:
    form, words = _FORMS[name]
    value = asked.get(name, "").strip()
    if value and not form.fullmatch(value):
        raise InvalidQuery(name, f"{name} must be {words}.")
    return value
