"""What upstreams tell of an account's use, in the documented shape, whole and broken."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from generations.wire.kling import account
from generations.wire.meter import Pack, Shown
from generations.wire.segmind import client as segmind
from generations.wire.task import Reason, Rejected

# The shape that Kling's account page documents, with a pack that makes no sense.
DOCUMENTED = {
    "code": 0,
    "message": "SUCCEED",
    "request_id": "r-1",
    "data": {
        "code": 0,
        "msg": "success",
        "resource_pack_subscribe_infos": [
            {
                "resource_pack_name": "Video pack",
                "resource_pack_id": "pack-1",
                "resource_pack_type": "decreasing_total",
                "total_quantity": 200.0,
                "remaining_quantity": 118.5,
                "purchase_time": 1726124664368,
                "effective_time": 1726124664368,
                "invalid_time": 1727366400000,
                "status": "expired",
            },
            {"resource_pack_name": "nonsense", "total_quantity": "?"},
        ],
    },
}


def test_a_pack_is_read_as_kling_writes_it_and_nonsense_is_left_out() -> None:
    shown = account.decode_costs(200, {}, json.dumps(DOCUMENTED).encode())
    assert isinstance(shown, Shown)
    (pack,) = shown.packs
    assert (pack.id, pack.used) == ("pack-1", Decimal("81.5"))
    asked = account.encode_costs(1, 2)
    assert (asked.method, asked.path) == ("GET", "/account/costs?start_time=1&end_time=2")


def test_packs_come_through_our_own_server() -> None:
    pack = Pack(id="p", name="Sandbox pack", total=Decimal(1000), remaining=Decimal("997.5"))
    body = json.dumps(account.encode_packs([pack], "r-1").json).encode()
    assert account.decode_costs(200, {}, body) == Shown(packs=(pack,))


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, {"code": 1000, "message": "no"}, Reason.AUTH),
        (429, {"code": 1302, "message": "slow"}, Reason.RATE),
        (503, {}, Reason.UNAVAILABLE),
        (200, {"code": 0, "data": {"code": 5000}}, Reason.BROKEN),
    ],
)
def test_a_refused_question_is_no_reading(status: int, body: object, reason: Reason) -> None:
    told = account.decode_costs(status, {}, json.dumps(body).encode())
    assert isinstance(told, Rejected)
    assert told.reason == reason


def test_segminds_balance_is_dollars() -> None:
    assert segmind.decode_credits(200, {}, b'{"credits": 9.72, "free-credits": 0}') == Shown(
        balance_usd=Decimal("9.72")
    )
    for status, body, reason in (
        (401, b'{"error": "no"}', Reason.AUTH),
        (200, b"[]", Reason.UNAVAILABLE),
        (500, b"", Reason.UNAVAILABLE),
    ):
        told = segmind.decode_credits(status, {}, body)
        assert isinstance(told, Rejected)
        assert told.reason == reason
