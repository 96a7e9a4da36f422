"""The ledger's words as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import tenancy
from billing import freezes, statements
from billing.filters import EndsBeforeItBegins
from billing.models import Dispute, Refund
from billing.naming import Names
from kling_saas.api.errors import InvalidQuery

_WORDS: dict[str, tuple[Promise | str, str]] = {
    "grant": (_("Credits given"), "plus"),
    "purchase": (_("Credits bought"), "plus"),
    "plan": (_("Credits of your plan"), "plus"),
    "adjust": (_("Adjusted by us"), "settings"),
    "film": (_("Films"), "film"),
    "hold": (_("Reserved for a film"), "hourglass"),
    "pending": (_("Film under way"), "hourglass"),
    "captured": (_("Film delivered"), "circle-check"),
    "released": (_("No film, credits returned"), "undo-2"),
    "capture": (_("Film delivered, reservation spent"), "circle-check"),
    "release": (_("Credits returned"), "undo-2"),
    "expire": (_("Credits expired"), "clock"),
    "announce": (_("Top-up announced"), "hourglass"),
    "withdraw": (_("Top-up withdrawn"), "circle-x"),
    "refund": (_("Refunded in money"), "undo-2"),
    "claw_back": (_("Payment taken back"), "circle-x"),
    "reinstate": (_("Returned after all"), "undo-2"),
    "settle_debt": (_("Debt paid"), "circle-check"),
    "write_off": (_("Debt forgiven"), "settings"),
}

_OF_PURCHASES: dict[str, tuple[Any, str]] = {
    "refund": (Refund, "public_id"),
    "dispute": (Dispute, "stripe_id"),
}

_FROZEN = {
    "dispute": _(
        "Your bank was told that a payment for credits was not right, and took it back. If that "
        "was not you, or a mistake, tell your bank and write to us; if the payment stays with "
        "the bank, the wallet opens again as soon as nothing is owed."
    ),
    "fraud": _(
        "The bank of the card that paid for credits warned us that it may be stolen. Write to us: "
        "we open the wallet again, or pay the money back."
    ),
}


_BEFORE = _("The last day comes before the first: change one of them.")
_WRONG: dict[str, Promise] = {
    "from": _("The first day is a day of the calendar, written like 2026-11-23."),
    "to": _("The last day is a day of the calendar, written like 2026-11-30."),
    "period": _("The month is written like 2026-11."),
    "type": _("Choose a kind of the list."),
    "member": _("Choose a member of the list."),
    "key": _("Choose a key of the list."),
    "lot": _("A lot is written like lot_5kq2: “Entries” beside it on the wallet’s page finds it."),
    "generation": _("A film is written like gen_5kq2, as in its address."),
    "reference": _("A reference is one line of at most 120 characters."),
}


def field(refusal: InvalidQuery) -> str:
    """The name of the field that is wrong."""
    return str(refusal.facts["violations"][0]["field"])


def refused(refusal: InvalidQuery) -> str:
    """What is wrong with a filter, for people: the API's sentence names fields of addresses."""
    if isinstance(refusal, EndsBeforeItBegins):
        return str(_BEFORE)
    return str(_WRONG[field(refusal)])


def why_frozen(cause: str, reason: str) -> str:
    """What happened to a frozen wallet, and the way out; `reason` for causes without words."""
    return str(_FROZEN.get(freezes.kind(cause), reason))


def said(state: str, reference: str = "") -> dict[str, Any]:
    """`words` and `icon` of a line's state or an entry's type, and of what it is about: its
    reference, or the source of all of a kind.
    """
    if state == "purchase" and reference.partition(":")[0] == "gift":  # who redeems bought nothing
        return {"words": _("Gift redeemed"), "icon": "plus"}
    words, icon = _WORDS.get(state, (state, "info"))
    return {"words": words, "icon": icon}


def told(lines: list[statements.Line], names: Names) -> list[dict[str, Any]]:
    """Lines of the statement, each with its words, who did it, and the purchase it is about."""
    actors = names.of(line.actor for line in lines)
    bought = purchases_of(names.organisation_id, [line.reference for line in lines])
    return [
        {
            "line": line,
            "actor": actors[line.actor],
            "purchase": bought.get(line.reference, ""),
            **said(line.state, line.reference),
        }
        for line in lines
    ]


def purchases_of(organisation_id: int, references: Iterable[str]) -> dict[str, str]:
    """The ids of the purchases that references are about, by the reference: `purchase:pur_…`,
    `refund:ref_…` (both also with `:bonus`) and `dispute:dp_…`.
    """
    named: dict[str, dict[str, str]] = {}
    for reference in references:
        kind, _colon, rest = reference.partition(":")
        named.setdefault(kind, {})[reference] = rest.partition(":")[0]
    bought = named.get("purchase", {}).items()
    found = {reference: name for reference, name in bought if name.startswith("pur_")}
    with tenancy.scope(organisation_id):
        for kind, (rows, field) in _OF_PURCHASES.items():
            if kind in named:
                mine = rows.objects.filter(**{f"{field}__in": set(named[kind].values())})
                ids = dict(mine.values_list(field, "purchase__public_id"))
                found |= {one: ids[name] for one, name in named[kind].items() if name in ids}
    return found
