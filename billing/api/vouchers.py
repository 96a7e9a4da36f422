"""Codes that give credits, used by a program."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse

from accounts.api.endpoint import Endpoint
from accounts.scopes import Scope
from billing import gifts, vouchers, wallets
from kling_saas.api.fields import Fields
from kling_saas.api.parsing import object_of
from kling_saas.lib.moments import iso


class VouchersView(Endpoint):
    """POST /api/v1/vouchers"""

    writes = Scope.BILLING

    def post(self, request: HttpRequest) -> JsonResponse:
        """Use `code` for the key's organisation, a voucher's or a gift's; what it gave, and what is
        available now.
        """
        fields = Fields(object_of(request), ("code",))
        code = fields.text("code", vouchers.CODE_MAX, required=True) or ""
        fields.done()
        given = vouchers.redeem(self.actor, code)
        balance = wallets.balance(self.actor.organisation_id, self.actor.livemode)
        ends = given.expires_at
        return JsonResponse(
            {
                "object": "gift" if given.gift else "voucher",
                "code": given.code,
                "credits": given.credits,
                "expires_at": iso(ends),
                "available": balance.available,
                **_words(given.gift),
            },
            status=201,
        )


def _words(gift: gifts.Words | None) -> dict[str, str]:
    return {"from_name": gift.from_name, "message": gift.message} if gift else {}
