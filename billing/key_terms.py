"""On what terms keys are made and changed: read from a body, held to what the actor itself has."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts import credentials
from accounts.actors import Actor
from accounts.credentials import Kind, Row
from accounts.scopes import USUAL, Scope
from billing import caps, prices
from billing.models import CapPeriod
from billing.models.wallet import MOST_CREDITS
from kling_saas.api.fields import Fields
from kling_saas.lib.refusals import Forbidden

NAME_MAX, NETWORKS_MOST, RATE_MOST = 80, 50, 100_000
FIELDS = (
    "name", "scopes", "models", "networks", "requests_per_minute", "caps", "expires_at",
)  # fmt: skip
_NULLABLE = ("requests_per_minute", "expires_at")
Caps = Mapping[str, int | None]


def make(actor: Actor, kind: Kind, terms: Mapping[str, Any], capped: Caps) -> tuple[Row, str]:
    """A new credential and its secret, shown once. Raises Forbidden. Needs an open scope."""
    _must_be_uncapped(actor)
    row, secret = credentials.make(actor, kind, terms)
    set_caps(actor, "credential", credentials.spender(row), capped)
    return row, secret


def change(actor: Actor, kind: Kind, name: str, terms: Mapping[str, Any], capped: Caps) -> Row:
    """The same on other terms; a cap that is None ends. Raises NotFound and Forbidden. Needs an
    open scope.
    """
    _must_be_uncapped(actor)
    row = credentials.change(actor, kind, name, terms)
    set_caps(actor, "credential", credentials.spender(row), capped)
    return row


def rotate(actor: Actor, kind: Kind, name: str, *, overlap: timedelta) -> tuple[Row, str]:
    """As `credentials.rotate`."""
    _must_be_uncapped(actor)
    return credentials.rotate(actor, kind, name, overlap=overlap)


def renew(actor: Actor, kind: Kind, name: str) -> tuple[Row, str]:
    """As `credentials.renew`."""
    _must_be_uncapped(actor)
    return credentials.renew(actor, kind, name)


def _must_be_uncapped(actor: Actor) -> None:
    """What a capped key may spend in all is not spent again by the keys that it makes."""
    if actor.key_name and caps.holds(actor, actor.key_name):
        raise Forbidden("This key has caps of its own: keys are managed by one that has none.")


def read(
    kind: Kind, body: Mapping[str, Any], *, new: bool
) -> tuple[dict[str, Any], dict[str, int | None]]:
    """The terms of a key in such a body, and its caps by period; None ends one.

    Raises InvalidFields.
    """
    known = (*FIELDS, "raw_video") if kind == "key" else FIELDS
    cleared = {name: None for name in _NULLABLE if name in body and body[name] is None}
    fields = Fields({n: v for n, v in body.items() if n not in cleared}, known)
    terms = {
        "name": fields.text("name", NAME_MAX, required=new or fields.given("name")),
        "scopes": fields.words("scopes", Scope.values, len(Scope.values)),
        "allowed_models": models_of(fields),
        "allowed_networks": _networks(fields),
        "requests_per_minute": fields.whole("requests_per_minute", 1, RATE_MOST),
        "expires_at": _end(fields),
        **({"raw_video": fields.flag("raw_video")} if kind == "key" else {}),
    }
    capped = read_caps(fields)
    fields.done()
    given = {name: value for name, value in terms.items() if value is not None} | cleared
    return ({"scopes": list(USUAL)} | given if new else given), capped


def _end(fields: Fields) -> datetime | None:
    found = fields.moment("expires_at")
    if found and found <= timezone.now():
        fields.refuse("expires_at", "out_of_range", "is over: send a moment to come.")
    return found


def models_of(fields: Fields) -> list[str] | None:
    """Names of models and tasks that are sold; an empty list allows all."""
    found = fields.texts("models", 100, 60)
    sold = prices.active_book().by_sku()
    for place, name in enumerate(found or ()):
        if name not in sold:
            fields.refuse(f"models[{place}]", "not_allowed", "is no model or task: see /models.")
    return found


def _networks(fields: Fields) -> list[str] | None:
    found = fields.texts("networks", NETWORKS_MOST, 50)
    read = []
    for place, text in enumerate(found or ()):
        try:
            read.append(str(ipaddress.ip_network(text, strict=False)))
        except ValueError:
            fields.refuse(f"networks[{place}]", "wrong_type", "must be a network: 192.0.2.0/24.")
    return None if found is None else read


def read_caps(fields: Fields) -> dict[str, int | None]:
    """Credits by period from the object `caps`; None where null ends one."""
    inner = fields.inner("caps", CapPeriod.values)
    if inner is None:
        return {}
    return {
        period: None if inner.is_null(period) else inner.whole(period, 0, MOST_CREDITS)
        for period in CapPeriod.values
        if inner.given(period)
    }


def set_caps(actor: Actor, scope: str, subject: str, capped: Caps) -> None:
    """Set or end the caps of one spender. Raises what `caps.put` does."""
    for period, amount in capped.items():
        if amount is None:
            caps.end(actor, scope=scope, subject=subject, period=period)
        else:
            caps.put(actor, scope=scope, subject=subject, period=period, amount=amount)
