"""Tokens for one end user's browser, minted by a key on the customer's server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.http import HttpRequest, JsonResponse

from accounts import end_users, tenancy
from accounts.api.endpoint import Endpoint
from accounts.scopes import Scope
from billing import caps
from billing.api.keys import cap_json
from billing.key_terms import models_of, read_caps, set_caps
from kling_saas.api.fields import Fields
from kling_saas.api.parsing import object_of
from kling_saas.lib.moments import iso
from kling_saas.lib.refusals import NotFound

LIFETIME_LEAST, LIFETIME = 60, 900  # seconds
MAY = (Scope.GENERATE.value, Scope.READ.value)


class TokensView(Endpoint):
    """/api/v1/tokens"""

    def post(self, request: HttpRequest) -> JsonResponse:
        """A token that opens what `end_user` orders, for `expires_in` seconds. `caps` replace that
        end user's, whichever token they come with.
        """
        fields = Fields(object_of(request), ("end_user", "expires_in", "scopes", "models", "caps"))
        name = fields.text("end_user", caps.END_USER_MAX, required=True) or ""
        seconds = fields.whole("expires_in", LIFETIME_LEAST, end_users.LIFETIME_MAX)
        scopes, allowed = fields.words("scopes", MAY, len(MAY)), models_of(fields)
        capped = read_caps(fields)
        fields.done()
        scopes = self._scopes(scopes)
        for model in allowed or ():
            self.actor.must_make(model)
        with tenancy.scope(self.actor.organisation_id):
            set_caps(self.actor, "end_user", name, capped)
            token, secret = end_users.mint(
                self.actor,
                name,
                lifetime=timedelta(seconds=seconds or LIFETIME),
                scopes=scopes,
                allowed_models=allowed or sorted(self.actor.allowed_models),
            )
        response = JsonResponse(
            {
                "object": "token",
                "id": token.token_id,
                "livemode": token.livemode,
                "token": secret,
                "end_user": name,
                "scopes": sorted(token.scopes),
                "models": token.allowed_models,
                "caps": [cap_json(one) for one in caps.of_end_user(self.actor, name)],
                "expires_at": iso(token.expires_at),
            },
            status=201,
        )
        response["Cache-Control"] = "no-store"
        return response

    def _scopes(self, wanted: Sequence[str] | None) -> list[str]:
        """What was asked for, or all that the key can give. Raises Forbidden for more."""
        self.actor.must_have_all(wanted or ())
        return list(wanted or (scope for scope in MAY if scope in self.actor.scopes))


class TokenView(Endpoint):
    """/api/v1/tokens/{id}"""

    def delete(self, request: HttpRequest, name: str) -> JsonResponse:
        """End it now."""
        if not end_users.revoke(self.actor, name):
            raise NotFound(f"There is no token {name[:60]!r} in use.")
        return JsonResponse({"object": "token", "id": name, "deleted": True})
