"""Everything of a person's own as one JSON document, written as it is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import F

from accounts import leaving, sessions, tenancy
from accounts.models import AuditEvent, User
from generations.models import Generation
from kling_saas.lib.moments import iso

_BATCH = 500
_PREFERENCES = ("language", "time_zone", "density", "motion", "shortcuts_off", "film_mails")


def written(user: User) -> Iterator[str]:
    """The document in pieces; each batch is read in a scope of its own."""
    mine = leaving.organisations(user)
    yield json.dumps(_account(user, mine), indent=2).removesuffix("\n}") + ',\n  "orders": ['
    yield from _listed(row for each in mine for row in _orders(user, each.organisation_id))
    yield '],\n  "acts": ['
    yield from _listed(row for each in mine for row in _acts(user, each.organisation_id))
    yield "]\n}\n"


def _account(user: User, mine: list[leaving.Leaving]) -> dict[str, Any]:
    return {
        "email": user.email,
        "name": user.name,
        "joined_at": iso(user.date_joined),
        "addresses": list(
            EmailAddress.objects.filter(user=user).values("email", "verified", "primary")
        ),
        "preferences": {name: getattr(user, name) for name in _PREFERENCES},
        "organisations": [{"name": each.name, "role": each.role} for each in mine],
        "sessions": [
            {"address": each.ip, "browser": each.user_agent, "seen_at": iso(each.last_seen_at)}
            for each in sessions.of(user)
        ],
    }


def _orders(user: User, organisation_id: int) -> Iterator[dict[str, Any]]:
    """What the person ordered, oldest first, with what they wrote."""
    after = 0
    while True:
        with tenancy.scope(organisation_id):
            mine = Generation.objects.filter(user=user, pk__gt=after).order_by("pk")
            rows = list(
                mine.values("pk", "public_id", "model", "kind", "status", "credits", "charged",
                            "params", "livemode", ordered_at=F("created_at"))[:_BATCH]
            )  # fmt: skip
        for row in rows:
            after = row.pop("pk")
            yield {**row, "ordered_at": iso(row["ordered_at"])}
        if len(rows) < _BATCH:
            return


def _acts(user: User, organisation_id: int) -> Iterator[dict[str, Any]]:
    """What the audit says of them, oldest first."""
    after = 0
    while True:
        with tenancy.scope(organisation_id):
            mine = AuditEvent.objects.filter(
                organisation_id=organisation_id, actor=user, pk__gt=after
            )
            rows = list(mine.order_by("pk")[:_BATCH])
        for row in rows:
            after = row.pk
            yield {"at": iso(row.at), "action": row.action, "subject": row.subject,
                   "address": row.address, "detail": row.detail}  # fmt: skip
        if len(rows) < _BATCH:
            return


def _listed(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    between = "\n    "
    for row in rows:
        yield between + json.dumps(row)
        between = ",\n    "
