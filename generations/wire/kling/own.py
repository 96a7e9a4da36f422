"""Kling's addresses for voices and elements besides making them: its own ones, and deletion.

A deletion that was done answers code 0, by Kling's pages with a task and in truth without any
`data`; a second one is refused with 1201, "Element already be deleted for id: …" (seen live by
the authors of a client, September 2026).

An element's id is a long there. Those of our own elements are numbers of fifteen digits that begin
with 9, exact in a double as well; such a number is never taken for one of Kling's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from generations.catalogue.products.presets import Preset, Sort
from generations.wire import loose
from generations.wire.kling import codes
from generations.wire.task import Reason, Rejected, WireReply, WireRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One of Kling's addresses: what it is about."""

    path: str
    sort: Sort


PRESETS = (
    Address(path="/v1/general/presets-voices", sort="voice"),
    Address(path="/v1/general/presets-elements", sort="element"),
    Address(path="/v1/general/advanced-presets-elements", sort="element"),
)
DELETIONS = (
    Address(path="/v1/general/delete-voices", sort="voice"),
    Address(path="/v1/general/delete-elements", sort="element"),
    Address(path="/v1/general/delete-advanced-elements", sort="element"),
)
_DELETED_AT: Mapping[str, str] = {
    "custom-voice": "/v1/general/delete-voices",
    "custom-element": "/v1/general/delete-elements",
    "advanced-custom-element": "/v1/general/delete-advanced-elements",
}

_OURS = 9 * 10**14
_ROOM = 10**14 - 27  # a prime: neighbours lie far apart, and every factor has its inverse
_FACTOR = 61_803_398_874_989  # some number near the golden section of the room
_BACK = pow(_FACTOR, -1, _ROOM)
_NUMBER = re.compile("9[0-9]{14}", re.ASCII)


def number_of(row: int) -> int:
    """The long that names an element of ours, by the key of the row that made it; no secret."""
    return _OURS + row * _FACTOR % _ROOM


def row_of(name: str) -> int | None:
    """The key behind such a number; None for any other id."""
    if not _NUMBER.fullmatch(name):
        return None
    return (int(name) - _OURS) * _BACK % _ROOM


def encode_deletion(product: str, thing: str) -> WireRequest:
    """POST that deletes what a product made, by Kling's own id of it. Raises KeyError."""
    path = _DELETED_AT[product]
    name = "voice_id" if product == "custom-voice" else "element_id"
    return WireRequest(method="POST", path=path, json={name: thing})


def decode_deletion(status: int, headers: Mapping[str, str], body: bytes) -> Rejected | None:
    """The answer to `encode_deletion`; None when the thing is gone, now or since long."""
    answer = loose.json_object(body)
    if codes.success(status, answer):
        return None
    found = codes.query_refusal(status, headers, answer)
    gone = found.reason is Reason.NOT_FOUND or _is_gone(found.message)
    return None if gone and found.reason is not Reason.AUTH else found


def _is_gone(message: str) -> bool:
    words = message.lower()
    return "deleted" in words and "already" in words


def encode_presets(presets: Iterable[Preset], request_id: str) -> WireReply:
    """A page of presets: finished tasks of nobody's, a bare list."""
    return codes.envelope([_as_task(preset) for preset in presets], request_id)


def _as_task(preset: Preset) -> dict[str, Any]:
    sort = preset.sort
    thing = {
        f"{sort}_id": int(preset.id) if sort == "element" else preset.id,
        f"{sort}_name": preset.name,
        "owned_by": "kling",
    }
    return {
        "task_id": preset.id,
        "task_status": "succeed",
        "task_status_msg": "",
        "task_result": {f"{sort}s": [thing]},
        "created_at": preset.since_ms,
        "updated_at": preset.since_ms,
    }


def encode_deleted(thing: str, request_id: str) -> WireReply:
    """The answer to a deletion that was done."""
    return codes.envelope({"task_id": thing, "task_status": "succeed"}, request_id)
