"""Keys over the native API: made, changed, rotated and ended, with caps on what each may spend."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpRequest, JsonResponse

from accounts import credentials, overlaps, tenancy
from accounts.api.endpoint import Endpoint
from accounts.credentials import Kind, Row
from accounts.models import ApiKey
from accounts.scopes import USUAL, Scope
from billing import caps, prices
from billing.models import CapPeriod
from billing.models.wallet import MOST_CREDITS
from kling_saas.api import pagination
from kling_saas.api.fields import Fields
from kling_saas.api.parsing import object_of
from kling_saas.lib.moments import iso

NAME_MAX, NETWORKS_MOST, RATE_MOST = 80, 50, 100_000
FIELDS = (
    "name", "scopes", "models", "networks", "requests_per_minute", "caps", "expires_at",
)  # fmt: skip
_NULLABLE = ("requests_per_minute", "expires_at")


class _Keys(Endpoint):
    reads = Scope.ADMIN
    writes = Scope.ADMIN
    kind: ClassVar[Kind] = "key"

    def shown(self, row: Row, secret: str = "") -> dict[str, Any]:
        """As answers show it, with its caps; the secret only when it was just made."""
        standing = caps.of_credential(self.actor, credentials.spender(row))
        return {**key_json(row), "caps": [cap_json(one) for one in standing], **_once(secret)}


class KeysView(_Keys):
    """/api/v1/keys and /api/v1/access-keys"""

    def get(self, request: HttpRequest) -> JsonResponse:
        """A page, newest first, ended ones too."""
        page = pagination.wanted(request)
        found, following = credentials.page(
            self.actor, self.kind, after=page.after, limit=page.limit
        )
        return JsonResponse(pagination.as_json([key_json(row) for row in found], following))

    def post(self, request: HttpRequest) -> JsonResponse:
        """A new one: 201, with the secret that is shown here and after a rotation only."""
        terms, capped = read(self.kind, object_of(request), new=True)
        with tenancy.scope(self.actor.organisation_id):
            row, secret = credentials.make(self.actor, self.kind, terms)
            set_caps(self.actor, "credential", credentials.spender(row), capped)
        response = JsonResponse(self.shown(row, secret), status=201)
        response["Location"] = f"{request.path}/{credentials.id_of(row)}"
        response["Cache-Control"] = "no-store"
        return response


class KeyView(_Keys):
    """/api/v1/keys/{id} and /api/v1/access-keys/{id}"""

    def get(self, request: HttpRequest, name: str) -> JsonResponse:
        """As it stands, with what its caps have left."""
        return JsonResponse(self.shown(credentials.find(self.actor, self.kind, name)))

    def patch(self, request: HttpRequest, name: str) -> JsonResponse:
        """Change what is given; a cap that is null ends."""
        terms, capped = read(self.kind, object_of(request), new=False)
        with tenancy.scope(self.actor.organisation_id):
            row = credentials.change(self.actor, self.kind, name, terms)
            set_caps(self.actor, "credential", credentials.spender(row), capped)
        return JsonResponse(self.shown(row))

    def delete(self, request: HttpRequest, name: str) -> JsonResponse:
        """End it now; accepted work goes on. Repeatable."""
        return JsonResponse(self.shown(credentials.revoke(self.actor, self.kind, name)))


class RotateKeyView(_Keys):
    """/api/v1/keys/{id}/rotate and /api/v1/access-keys/{id}/rotate"""

    def post(self, request: HttpRequest, name: str) -> JsonResponse:
        """A new secret; for `overlap` seconds the one before works as well."""
        overlap = overlaps.read(object_of(request))
        with tenancy.scope(self.actor.organisation_id):
            row, secret = credentials.rotate(self.actor, self.kind, name, overlap=overlap)
        response = JsonResponse(self.shown(row, secret))
        response["Cache-Control"] = "no-store"
        return response


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
        "name": fields.text("name", NAME_MAX, required=new),
        "scopes": fields.words("scopes", Scope.values, len(Scope.values)),
        "allowed_models": models_of(fields),
        "allowed_networks": _networks(fields),
        "requests_per_minute": fields.whole("requests_per_minute", 1, RATE_MOST),
        "expires_at": fields.moment("expires_at"),
        **({"raw_video": fields.flag("raw_video")} if kind == "key" else {}),
    }
    capped = read_caps(fields)
    fields.done()
    given = {name: value for name, value in terms.items() if value is not None} | cleared
    return ({"scopes": list(USUAL)} | given if new else given), capped


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


def set_caps(actor: Any, scope: str, subject: str, capped: Mapping[str, int | None]) -> None:
    """Set or end the caps of one spender. Raises what `caps.put` does."""
    for period, amount in capped.items():
        if amount is None:
            caps.end(actor, scope=scope, subject=subject, period=period)
        else:
            caps.put(actor, scope=scope, subject=subject, period=period, amount=amount)


def key_json(row: Row) -> dict[str, Any]:
    """A credential without its secret and caps."""
    return {
        "id": credentials.id_of(row),
        "object": "key" if isinstance(row, ApiKey) else "access_key",
        "livemode": row.livemode,
        "name": row.name,
        "hint": str(row),
        "scopes": sorted(row.scopes),
        "models": row.allowed_models,
        "networks": row.allowed_networks,
        "requests_per_minute": row.requests_per_minute,
        **({"raw_video": row.raw_video} if isinstance(row, ApiKey) else {}),
        "created_at": iso(row.created_at),
        "expires_at": iso(row.expires_at),
        "last_used_at": iso(row.last_used_at),
        "revoked_at": iso(row.revoked_at),
        "previous_works_until": iso(row.previous_until),
    }


def cap_json(one: caps.Standing) -> dict[str, Any]:
    """A cap with what is left of it."""
    return {
        "period": one.cap.period,
        "credits": one.allowed,
        "spent": one.spent,
        "left": max(0, one.allowed - one.spent),
        "resets_on": one.resets_on and str(one.resets_on),
    }


def _once(secret: str) -> dict[str, str]:
    return {"secret": secret} if secret else {}
