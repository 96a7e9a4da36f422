"""Kling's account page, `GET /account/costs`, both ways: the resource packs and what is left.

The quantities are up to 12 hours old, the question is free and may be asked once per second
(Kling's account page).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from generations.wire import loose
from generations.wire.kling import codes
from generations.wire.meter import Pack, Shown
from generations.wire.task import Rejected, WireReply, WireRequest

LAG_HOURS = 12
_BOUGHT_MS, _ENDS_MS = 1735689600000, 4102444800000  # what the sandbox says of its packs


def encode_costs(start_ms: int, end_ms: int) -> WireRequest:
    """GET the packs of a period, in Unix milliseconds."""
    path = f"/account/costs?start_time={start_ms}&end_time={end_ms}"
    return WireRequest(method="GET", path=path)


def decode_costs(status: int, headers: Mapping[str, str], body: bytes) -> Shown | Rejected:
    """The answer to `encode_costs`; packs that make no sense are left out."""
    answer = loose.json_object(body)
    data = loose.mapping((answer or {}).get("data"))
    listed = data.get("resource_pack_subscribe_infos")
    if not codes.success(status, answer) or not codes.is_ok(data.get("code", codes.OK)):
        return codes.query_refusal(status, headers, answer)
    return Shown(packs=tuple(filter(None, map(_pack, loose.sequence(listed)))))


def _pack(told: object) -> Pack | None:
    fields = loose.mapping(told)
    name = loose.text(fields.get("resource_pack_name"))
    total = loose.number(fields.get("total_quantity"))
    remaining = loose.number(fields.get("remaining_quantity"))
    if total is None or remaining is None:
        return None
    pack_id = loose.text(fields.get("resource_pack_id")) or name
    return Pack(id=pack_id, name=name, total=total, remaining=remaining)


def encode_packs(packs: Iterable[Pack], request_id: str) -> WireReply:
    """The answer to `encode_costs`."""
    data = {
        "code": codes.OK,
        "msg": "success",
        "resource_pack_subscribe_infos": [_written(pack) for pack in packs],
    }
    return codes.envelope(data, request_id)


def _written(pack: Pack) -> dict[str, Any]:
    return {
        "resource_pack_name": pack.name,
        "resource_pack_id": pack.id,
        "resource_pack_type": "decreasing_total",
        "total_quantity": float(pack.total),
        "remaining_quantity": float(pack.remaining),
        "purchase_time": _BOUGHT_MS,
        "effective_time": _BOUGHT_MS,
        "invalid_time": _ENDS_MS,
        "status": "online" if pack.remaining > 0 else "runOut",
    }
