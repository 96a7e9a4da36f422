"""Addresses of money, as OpenAPI describes them."""

from __future__ import annotations

from django.conf import settings

from billing.filters import TYPES
from billing.usage import GROUPS
from billing.vouchers import CODE_MAX
from kling_saas.api.openapi import (
    BASE,
    FLAG,
    MOMENT,
    PAGE,
    TEXT,
    WHOLE,
    WORDS,
    Schema,
    answer,
    json_body,
    list_of,
    maybe,
    object_of,
    operation,
    page_of,
    query,
    ref,
)

_FILTERS = [
    query("from", "A day (2026-11-01) or a moment (2026-11-01T12:00:00Z), UTC: entries from it."),
    query("to", "Entries up to that day with it, or up to that moment without it."),
    query("type", f"One of {', '.join(TYPES)}; `film` is what is posted for films."),
    query("generation", "What was posted for this generation."),
    query("lot", "What was posted for this lot, and for films that it paid for."),
    query("reference", "Entries whose reference has this in it."),
]

PATHS: Schema = {
    f"{BASE}/wallet": {
        "get": operation("The wallet", {"200": answer("Whole credits", "Wallet")}, scope="billing")
    },
    f"{BASE}/wallet/refill": {
        "post": operation(
            "Refill the test wallet",
            {"200": answer("As it stands now", "Refilled")},
            scope="billing",
            body={**json_body("Nothing"), "required": False},
            description=f"Test keys only: gives what the wallet lacks of its "
            f"{settings.TEST_WALLET_GRANT:,} starting credits, as an entry of its ledger. "
            "Repeatable. A live key is refused with 403 test_mode_only.",
        )
    },
    f"{BASE}/vouchers": {
        "post": operation(
            "Use a voucher, or redeem a gift",
            {"201": answer("What it gave", "Voucher")},
            scope="billing",
            refuses=(404, 409),
            body=json_body("VoucherCode"),
            description="Its credits are added to the live wallet: a voucher's once to an "
            "organisation, a gift's once to whoever redeems it.",
        )
    },
    f"{BASE}/ledger": {
        "get": operation(
            "Every entry, newest first",
            {"200": answer("A page", "LedgerPage")},
            scope="billing",
            refuses=(404,),
            parameters=[*PAGE, *_FILTERS],
        )
    },
    f"{BASE}/ledger.csv": {
        "get": operation(
            "Every entry as a file, oldest first",
            {"200": {"description": "CSV", "content": {"text/csv": {}}}},
            scope="billing",
            parameters=_FILTERS,
        )
    },
    f"{BASE}/usage": {
        "get": operation(
            "A month's credits",
            {"200": answer("Grouped and in all", "Usage")},
            scope="billing",
            parameters=[
                query("period", "A month, UTC, such as 2026-11; without it, this month."),
                query("group_by", "Without it, by day.", {"enum": list(GROUPS)}),
            ],
            description="A film counts on the day it was ordered: `captured` is spent, "
            "`reserved` is under way.",
        )
    },
    f"{BASE}/prices": {
        "get": operation(
            "The price list", {"200": answer("Every row in force", "PriceBook")}, scope=None
        )
    },
}

PLANS: Schema = {
    **WORDS,
    "description": "The plans whose subscribers alone may order it in live mode; empty: everybody.",
}
PRICES: Schema = {
    "type": "array",
    "items": object_of(
        "sku unit credits usd description plans",
        sku=TEXT,
        model={**TEXT, "description": "Of a task that several models make: which."},
        mode={**TEXT, "description": "The quality: `std`, `pro` or `4k`."},
        seconds={**TEXT, "description": "The length of a clip; absent where seconds are counted."},
        audio={**TEXT, "description": "`none`, or what sound the film has."},
        input={**TEXT, "description": "Whether it begins with a film: `none` or `video`."},
        unit={"enum": ["clip", "second"]},
        credits={**WHOLE, "description": "For one `unit`."},
        usd=TEXT,
        description={**TEXT, "description": "The variant in words."},
        plans=PLANS,
    ),
}
_WALLET = {
    "object": {"const": "wallet"},
    "available": WHOLE,
    "reserved": WHOLE,
    "pending": WHOLE,
    "owed": WHOLE,
    "livemode": FLAG,
}
_SPENT = {"captured": WHOLE, "reserved": WHOLE, "films": WHOLE}

SCHEMAS: dict[str, Schema] = {
    "LineItem": object_of(
        "sku key description unit quantity unit_credits credits",
        sku=TEXT,
        key=TEXT,
        description=TEXT,
        unit={"enum": ["clip", "second"]},
        quantity=WHOLE,
        unit_credits=WHOLE,
        credits=WHOLE,
    ),
    "PriceBook": object_of(
        "object version data", object={"const": "price_book"}, version=WHOLE, data=PRICES
    ),
    "Wallet": object_of(" ".join(_WALLET), **_WALLET),
    "Refilled": object_of(
        f"{' '.join(_WALLET)} added",
        **_WALLET,
        added={**WHOLE, "description": "Credits that were given now."},
    ),
    "Voucher": object_of(
        "object code credits expires_at available",
        object={"enum": ["voucher", "gift"]},
        code={"type": "string", "description": "A gift's is masked."},
        credits={"type": "integer", "minimum": 1, "description": "What it gave."},
        expires_at=maybe(MOMENT),
        available=WHOLE,
        from_name={"type": "string", "description": "Of a gift: whom it is from, or empty."},
        message={"type": "string", "description": "Of a gift: what they say, or empty."},
    ),
    "VoucherCode": object_of(
        "code", code={"type": "string", "minLength": 1, "maxLength": CODE_MAX}
    ),
    "LedgerEntry": object_of(
        "object id created_at type amount balance_after reserved_after pending_after generation "
        "lot reference actor reason",
        object={"const": "ledger_entry"},
        id=TEXT,
        created_at=MOMENT,
        type=TEXT,
        amount={"type": "integer", "description": "Signed change of `available`."},
        balance_after=WHOLE,
        reserved_after=WHOLE,
        pending_after=WHOLE,
        generation=maybe(TEXT),
        lot=maybe(TEXT),
        reference=TEXT,
        actor={"type": "string", "description": "Who did it: a member, a key, or we."},
        reason=TEXT,
    ),
    "LedgerPage": page_of("LedgerEntry"),
    "Usage": object_of(
        "object period group_by data total",
        object={"const": "usage"},
        period={"type": "string", "description": "A month, UTC."},
        group_by={"enum": list(GROUPS)},
        data=list_of("Used"),
        total=ref("Credits"),
    ),
    "Used": object_of(
        "name captured reserved films",
        day=TEXT,
        model=TEXT,
        key=maybe(TEXT),
        member=maybe(TEXT),
        end_user=maybe(TEXT),
        name={**TEXT, "description": "The day, model, key, member or end user in words."},
        **_SPENT,
    ),
    "Credits": object_of("captured reserved films", **_SPENT),
}
