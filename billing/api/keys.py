"""Keys over the native API: made, changed, rotated and ended, with caps on what each may spend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.http import HttpRequest, JsonResponse

from accounts import credentials, idempotency, tenancy
from accounts.api import overlaps
from accounts.api.endpoint import Endpoint
from accounts.credentials import Kind, Row
from accounts.models import ApiKey
from accounts.scopes import Scope
from billing import caps, key_terms
from kling_saas.api import headers, pagination
from kling_saas.api.parsing import object_of
from kling_saas.lib.moments import iso


class _Keys(Endpoint):
    reads = Scope.ADMIN
    writes = Scope.ADMIN
    kind: ClassVar[Kind] = "key"

    def shown(self, row: Row, secret: str = "") -> dict[str, Any]:
        """As answers show it, with its caps; the secret only when it was just made."""
        standing = caps.of_credential(self.actor, credentials.spender(row))
        return {**key_json(row), "caps": [cap_json(one) for one in standing], **_once(secret)}

    def once(
        self,
        request: HttpRequest,
        asked: Mapping[str, Any],
        act: Callable[[], tuple[Row, str]],
        status: int = 200,
    ) -> JsonResponse:
        """The answer with the secret of what `act` made. A repeated call acts on nothing else: it
        is told a new secret for the same, as nobody can show the lost one again.
        """
        made: dict[str, tuple[Row, str]] = {}

        def first() -> str:
            row, secret = act()
            made[credentials.id_of(row)] = row, secret
            return credentials.id_of(row)

        with tenancy.scope(self.actor.organisation_id):
            name, again = idempotency.once(
                self.actor, headers.idempotency_key(request), asked, first
            )
            row, secret = key_terms.renew(self.actor, self.kind, name) if again else made[name]
        response = JsonResponse(self.shown(row, secret), status=status)
        response["Cache-Control"] = "no-store"
        if status == 201:
            response["Location"] = f"{request.path}/{name}"
        return headers.replayed(response, again=again)


class KeysView(_Keys):
    """/api/v1/keys and /api/v1/access-keys"""

    takes = pagination.paged()

    def get(self, request: HttpRequest) -> JsonResponse:
        """A page, newest first, ended ones too."""
        page = pagination.wanted(request)
        found, following = credentials.page(
            self.actor, self.kind, after=page.after, limit=page.limit
        )
        return JsonResponse(pagination.as_json([key_json(row) for row in found], following))

    def post(self, request: HttpRequest) -> JsonResponse:
        """A new one: 201, with the secret that is shown here and after a rotation only."""
        body = object_of(request)
        terms, capped = key_terms.read(self.kind, body, new=True)
        return self.once(
            request,
            {"make": self.kind, **body},
            lambda: key_terms.make(self.actor, self.kind, terms, capped),
            status=201,
        )


class KeyView(_Keys):
    """/api/v1/keys/{id} and /api/v1/access-keys/{id}"""

    def get(self, request: HttpRequest, name: str) -> JsonResponse:
        """As it stands, with what its caps have left."""
        return JsonResponse(self.shown(credentials.find(self.actor, self.kind, name)))

    def patch(self, request: HttpRequest, name: str) -> JsonResponse:
        """Change what is given; a cap that is null ends."""
        terms, capped = key_terms.read(self.kind, object_of(request), new=False)
        with tenancy.scope(self.actor.organisation_id):
            row = key_terms.change(self.actor, self.kind, name, terms, capped)
        return JsonResponse(self.shown(row))

    def delete(self, request: HttpRequest, name: str) -> JsonResponse:
        """End it now; accepted work goes on. Repeatable."""
        return JsonResponse(self.shown(credentials.revoke(self.actor, self.kind, name)))


class RotateKeyView(_Keys):
    """/api/v1/keys/{id}/rotate and /api/v1/access-keys/{id}/rotate"""

    def post(self, request: HttpRequest, name: str) -> JsonResponse:
        """A new secret; for `overlap` seconds the one before works as well."""
        overlap = overlaps.read(object_of(request))
        return self.once(
            request,
            {"rotate": name, "overlap": overlap.total_seconds()},
            lambda: key_terms.rotate(self.actor, self.kind, name, overlap=overlap),
        )


def key_json(row: Row) -> dict[str, Any]:
    """A credential without its secret and caps."""
    return {
        "id": credentials.id_of(row),
        "object": "key" if isinstance(row, ApiKey) else "access_key",
        "livemode": row.livemode,
        "name": row.name,
        "hint": str(row),
        "ledger_name": credentials.spender(row),
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
