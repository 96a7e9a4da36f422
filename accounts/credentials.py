"""A customer's credentials, kept by a program of theirs: listed, made, changed, rotated, ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from django.conf import settings

from accounts import access_keys, api_keys, audit, proven, tenancy
from accounts.actors import Actor
from accounts.models import AccessKey, ApiKey
from accounts.scopes import USUAL
from kling_saas.lib import pages
from kling_saas.lib.postgresql import locks
from kling_saas.lib.refusals import Conflict, Forbidden, NotFound

Kind = Literal["key", "pair"]
Row = ApiKey | AccessKey
_MODELS: dict[Kind, Any] = {"key": ApiKey, "pair": AccessKey}
_IDS: dict[Kind, str] = {"key": "key_id", "pair": "access_key"}
_SECRETS: dict[Kind, Any] = {"key": api_keys, "pair": access_keys}


class TooManyKeys(Conflict):
    """The organisation has as many working keys in this mode as it may have: revoke one."""

    code, title = "too_many_keys", "Too many keys"


def id_of(row: Row) -> str:
    """What addresses name it by: a part of the key's text, or the access key."""
    return row.key_id if isinstance(row, ApiKey) else row.access_key


def spender(row: Row) -> str:
    """As caps and the ledger name it: `key:5` or `pair:3`."""
    return f"{'key' if isinstance(row, ApiKey) else 'pair'}:{row.pk}"


def page(actor: Actor, kind: Kind, *, after: str, limit: int) -> tuple[list[Row], str | None]:
    """Newest first, ended ones too; and the cursor of what follows. Raises NotFound for a cursor
    that is not the actor's.
    """
    with tenancy.scope(actor.organisation_id):
        rows = _MODELS[kind].objects.filter(livemode=actor.livemode)
        if after:
            rows = rows.filter(pk__lt=find(actor, kind, after).pk)
        return pages.first(rows.order_by("-pk"), limit, id_of)


def find(actor: Actor, kind: Kind, name: str) -> Row:
    """One of the actor's organisation and mode. Raises NotFound."""
    with tenancy.scope(actor.organisation_id):
        mine = _MODELS[kind].objects.filter(livemode=actor.livemode)
        row: Row | None = mine.filter(**{_IDS[kind]: name}).first()
    if row is None:
        raise NotFound(f"There is no {kind} {name[:60]!r}.")
    return row


def any_working(actor: Actor) -> bool:
    """Whether a key or pair of this mode was made and not revoked."""
    with tenancy.scope(actor.organisation_id):
        return any(
            rows.objects.filter(livemode=actor.livemode, revoked_at=None).exists()
            for rows in _MODELS.values()
        )


def make(actor: Actor, kind: Kind, terms: Mapping[str, Any]) -> tuple[Row, str]:
    """A new one on these terms (arguments of `issue`), and its secret, shown once.

    It is for the actor's own models and addresses where the terms name none. Raises Forbidden for
    what the actor itself has not, and TooManyKeys. Needs an open scope.
    """
    models = terms.get("allowed_models") or sorted(actor.allowed_models)
    networks = terms.get("allowed_networks") or actor.allowed_networks
    terms = {**terms, "allowed_models": models, "allowed_networks": networks}
    actor.must_cover(terms.get("scopes", USUAL), models, networks)
    locks.hold(f"{kind}s of {actor.organisation_id}")
    working = _MODELS[kind].objects.filter(livemode=actor.livemode, revoked_at=None)
    if working.count() >= settings.KEYS_MAX:
        raise TooManyKeys(
            f"An organisation has at most {settings.KEYS_MAX} {kind}s in each mode: revoke those "
            "that are not needed. Browsers take tokens instead (POST /api/v1/tokens)."
        )
    row, secret = _SECRETS[kind].issue(
        actor.organisation_id, livemode=actor.livemode, user_id=actor.user_id, **terms
    )
    audit.note(actor, f"{kind}.made", id_of(row))
    return row, secret


def change(actor: Actor, kind: Kind, name: str, terms: Mapping[str, Any]) -> Row:
    """The same on other terms. Raises NotFound, and Forbidden for what the actor itself has not,
    and for its own terms. Needs an open scope.
    """
    row = find(actor, kind, name)
    if spender(row) == actor.key_name:
        raise Forbidden("A key does not change its own terms: use another one.")
    _must_cover(actor, row)
    for column, value in terms.items():
        setattr(row, column, value)
    _must_cover(actor, row)
    if terms:
        row.save(update_fields=list(terms))
        audit.note(actor, f"{kind}.changed", id_of(row))
    proven.forget()
    return row


def rotate(actor: Actor, kind: Kind, name: str, *, overlap: timedelta) -> tuple[Row, str]:
    """A new secret; the one before works for `overlap` longer. Raises NotFound, also for one that
    was revoked, and Forbidden for one of scopes that the actor has not. Needs an open scope.
    """
    row = _working(actor, kind, name)
    secret = _SECRETS[kind].rotate(row, overlap=overlap)
    audit.note(actor, f"{kind}.rotated", id_of(row))
    return row, secret


def renew(actor: Actor, kind: Kind, name: str) -> tuple[Row, str]:
    """A new secret in place of the newest, which was lost on its way; the one before that works as
    long as it did. Raises what `rotate` does. Needs an open scope.
    """
    row = _working(actor, kind, name)
    secret = _SECRETS[kind].renew(row)
    audit.note(actor, f"{kind}.renewed", id_of(row))
    return row, secret


def revoke(actor: Actor, kind: Kind, name: str) -> Row:
    """End it now; accepted work goes on. Repeatable. Raises NotFound."""
    with tenancy.scope(actor.organisation_id):
        row = find(actor, kind, name)
        if _SECRETS[kind].revoke(actor.organisation_id, name):
            audit.note(actor, f"{kind}.revoked", id_of(row))
        return find(actor, kind, name)


def _working(actor: Actor, kind: Kind, name: str) -> Row:
    """One whose secret the actor may be shown."""
    row = find(actor, kind, name)
    if row.revoked_at:
        raise NotFound(f"The {kind} {name[:60]!r} was revoked: make a new one.")
    _must_cover(actor, row)
    return row


def _must_cover(actor: Actor, row: Row) -> None:
    actor.must_cover(row.scopes, row.allowed_models, row.allowed_networks)
